"""Escalations of the SLA rules under fire: hands go up, replies arrive (some late), tasks are made, the write-back is killed.

Belongs here: the office's day and what must hold at its end. The arena and the killing: `kill.py`. Used by `test_escalations.py`.
"""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline.sla.escalation import tasks
from alignment_pipeline_tests.faults import kill
from alignment_pipeline_tests.sla import factories
from alignment_pipeline_tests.sla.factories import rows_of
from alignment_pipeline_tests.write_back.office import PERSON

LEADS, TARGET = 16, timedelta(minutes=30)
ENDED = ("met", "met_late", "cancelled")
_RUNGS = [
    {
        "name": f"rung{share}",
        "at_share": share,
        "notify": ["rep"],
        "task_to": "rep",
        "subject": "Call {person}",
        "body": "{policy}: due {due_at}.",
    }
    for share in (0, 1, 2, 4)
]
SLA = Sla.model_validate(
    {
        "policies": [
            {
                "name": "first_touch", "title": "First touch", "trigger": {"event": "activity"}, "stops": [{"event": "touch"}],
                "target": {"minutes": TARGET.total_seconds() / 60}, "time": "calendar", "again": "after_due", "ladder": "sales",
            }
        ],
        "escalation": {"max_age_hours": 8_760, "ladders": [{"name": "sales", "rungs": _RUNGS}]},
    }
)  # fmt: skip


class Day:
    """The office's day: what happened, and which tasks were ever due."""

    def __init__(self, arena: kill.Arena) -> None:
        self.arena, self.dice = arena, arena.random
        self.world = factories.World()
        self.world.user(PERSON)
        self.ever_due: set[str] = set()
        self.states: dict[str, object] = {}
        self.raised: dict[str, datetime] = {}
        self.late_replies = 0
        for number in range(LEADS):
            self.world.lead(kill.lead(number), owner=PERSON)

    @property
    def now(self) -> datetime:
        return self.arena.office.clock.now()

    def goes_on(self) -> None:
        """Hands go up; some of the earlier ones are answered, a part of these answers some time ago and only told now."""
        for number in self.dice.sample(range(LEADS), 3):
            lead = kill.lead(number)
            if lead not in self.raised:
                self.world.hand_raise(self.now, source=f"lead:{lead}")
                self.raised[lead] = self.now
        for lead, since in sorted(self.raised.items()):
            if self.dice.random() < 0.25:
                late = self.dice.random() < 0.5
                moment = since + (self.now - since) * self.dice.random() if late else self.now
                self.late_replies += late
                self.world.touch(moment, source=f"lead:{lead}", known_at=self.now)
                del self.raised[lead]

    def decide(self) -> None:
        """Fold the clocks, ask for the tasks that are due, and take back those of clocks that ended."""
        acme, now = self.arena.office, self.now
        crm = acme.agreement.crm
        ledger = self.world.ledger(SLA, crm, now)
        stamp = {"as_of": now, "agreement_version": acme.agreement.version}
        due = rows_of(tasks.escalation_tasks(ledger.escalations, self.world.sources().people, ledger.clocks, crm=crm, **stamp))
        acme.creates = {
            str(row["external_key"]): {
                "parent": row["parent_id"],
                "values": json.loads(str(row["values"])),
                "people": json.loads(str(row["people"] or "[]")),
            }
            for row in due
        }
        self.ever_due |= set(acme.creates)
        self.states = {str(row["clock_id"]): row["state"] for row in rows_of(ledger.clocks)}
        made = [{"external_key": task["Key__c"], "record_id": task["Id"]} for task in self.tasks() if task["Status"] != "Completed"]
        there = ibis.memtable(pa.Table.from_pylist(made, schema=pa.schema([("external_key", pa.string()), ("record_id", pa.string())])))
        acme.wanted = {
            (str(row["object"]), str(row["record_id"]), str(row["field"])): json.loads(str(row["value"]))
            for row in rows_of(tasks.retracted_tasks(ledger.clocks, there, crm=crm, **stamp))
        }

    def tasks(self) -> list[dict[str, str]]:
        """The tasks of ours that the CRM holds."""
        store = self.arena.office.world.salesforce
        store.settle()
        return [task for task in store.tables["Task"].values() if task.get("Key__c") and not task.get("IsDeleted")]

    def broken(self) -> list[str]:
        """What does not hold: tasks made twice, missing, unasked for, left open though the clock ended, closed though it runs."""
        found = self.arena.broken()
        there = Counter(task["Key__c"] for task in self.tasks())
        inserted = Counter(
            str(write.changes["Key__c"][1])
            for write in self.arena.office.world.audit.writes(system="salesforce")
            if write.object == "Task" and write.action == "insert"
        )
        found += [f"made {number} times: {key}" for key, number in (inserted | there).items() if number > 1]
        found += [f"nobody asked for {key}" for key in there if key not in self.ever_due]
        for task in self.tasks():
            state = self.states.get(task["Key__c"].rpartition(":")[0])
            if (task["Status"] == "Completed") != (state in ENDED or state is None):
                found.append(f"{task['Key__c']} is {task['Status']} and its clock {state}")
        return found


def run(tmp_path: Path, seed: int, kills: int, *, is_keyed: bool = True, limit_seconds: float = 3_600) -> Day:
    """Kill `alignment apply` at random moments and crash points until `kills` were reached, then calm down."""
    with kill.arena(tmp_path, seed, leads=LEADS, accounts=1, faults=0.0, is_keyed=is_keyed) as arena:
        day = Day(arena)
        writes = {"method": "PATCH|POST", "path": "/composite/sobjects(/Task/Key__c)?$", "count": None, "probability": 0.08}
        for fault in (Fault("cut_before", **writes), Fault("cut_after", **writes), Fault("zombie", options={"seconds": 240}, **writes)):
            arena.office.world.faults.add(fault)
        begun = time.monotonic()
        while arena.kills < kills and time.monotonic() - begun < limit_seconds:
            day.goes_on()
            day.decide()
            plan_hash = arena.plan()
            for _ in range(6):
                if plan_hash is None or arena.kills >= kills:
                    break
                if day.dice.random() < 0.5:
                    code = arena.apply(plan_hash, "--resume", kill_after=day.dice.uniform(0.05, 1.2))
                else:
                    code = arena.apply(plan_hash, "--resume", crash_at=f"{day.dice.choice(kill.POINTS)}:{day.dice.randint(1, 3)}")
                if code != -signal.SIGKILL:
                    break
        day.goes_on()
        # what was told last is decided and written, and then what came of that
        for _ in range(2):
            day.decide()
            arena.calm()
        day.arena.problems = day.broken()
        return day
