"""Rows 37, 38, 40, 45, 46, 56: values of any kind, people and other integrations who change them, and a sink that is down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs import alerts
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import outbox_and_streams
from alignment_pipeline.write_back.fields import holds
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline_tests.end_to_end.company import alignment
from alignment_pipeline_tests.faults.selection import chosen
from alignment_pipeline_tests.faults.test_config import LEADS, filled
from alignment_pipeline_tests.journal.outbox import unsent
from alignment_pipeline_tests.write_back.office import NOW, PERSON, Office, lead_id, office

# importing the orchestrator (and Apprise) warns of its own and of old names
pytestmark = pytest.mark.filterwarnings("ignore")
_REP: dict[str, Any] = {"user_id": PERSON, "name": "Ann Rep", "email": "rep@acme.example", "is_active": True}
_DUE: dict[str, Any] = {
    **dict.fromkeys(("clock_id", "policy", "ladder", "rung", "reason", "agreement_version"), "x"),
    **{"escalation_id": "sla:1", "position": 1, "state": "due", "object": "Lead", "record_id": lead_id(0), "is_urgent": True},
    **{"title": "First touch: rep", "task_subject": "Call Ada", "task_body": "Due now.", "notify_user_ids": f'["{PERSON}"]'},
    **{"due_at": NOW, "as_of": NOW},
}


def _absent_is_not_empty(acme: Office) -> None:
    """A value that is not desired any more is left alone; null clears; zero and false are values."""
    acme.wanted = {key: value for key, value in acme.wanted.items() if key[2] != "Score__c"}
    acme.want(lead_id(0), Stage__c=None)
    acme.want(lead_id(1), Score__c=0)
    done = acme.run()
    assert done.states == {"VERIFIED": 2}
    found = [(acme.value(lead_id(number), "Score__c"), acme.value(lead_id(number), "Stage__c")) for number in range(3)]
    assert found == [(10, None), (0, "MQL"), (12, "New Name")]


def _shuffled(acme: Office) -> None:
    for number in range(9):
        acme.want(lead_id(number), Score__c=10.5 + number)
    acme.extract()
    hashes = {acme.plan(shuffle=seed, extract=False).plan_hash for seed in range(5)}
    assert len(hashes) == 1


def _sink_down(acme: Office) -> None:
    """A channel that nobody listens on: the run goes on, what is to be told waits, the exit code says so, and later it is told once."""
    up = Home(acme.home, {"ALIGNMENT_HOME": str(acme.home)}, acme.clock)
    down = Home(acme.home, {**up.environ, "ALIGNMENT_NOTIFY_URLS": "json://127.0.0.1:9/"}, acme.clock)
    warehouse = up.warehouse()
    warehouse.replace("sla_escalations", pa.Table.from_pylist([_DUE], schema=CONTRACTS["sla_escalations"].schema))
    warehouse.replace("users", pa.Table.from_pylist([_REP], schema=CONTRACTS["users"].schema))
    assert alerts.tell(down, acme.journal, run_id="r1", job="daily", steps=[("crm_writes", "refused")]) == 0
    told = alignment(down.environ, "notify", "--json")

    acme.want(lead_id(0), Score__c=10.2)
    assert acme.run().states == {"VERIFIED": 1}

    assert told.code == 1 and (told.json["delayed"], told.json["sent"]) == (1, 0)
    assert outbox_and_streams.due_messages(acme.journal) == [] and unsent(acme.journal) == 1
    acme.advance(minutes=2)
    assert [alerts.deliver(up, acme.journal) for _ in range(2)] == [1, 0] and unsent(acme.journal) == 0
    # its own channel is in its memory by name: another way is another message
    again = alignment(up.environ, "notify", "--json")
    assert again.code == 0 and again.json["sent"] == 1
    assert len(list((acme.home / "notifications").glob("*.txt"))) == 2


def _two_ids(acme: Office) -> None:
    """Ids that differ in case only are two records, and the 15-character form is the same record."""
    keys = {row["record_id"] for row in acme.field_updates().to_pylist()}
    assert len(keys) == LEADS and all(len(key) == 18 for key in keys)
    record = acme.crm.reader.read_by_ids("Lead", [lead_id(0)[:15]], ["Score__c"])
    assert list(record) == [lead_id(0)]


def _human_edit_is_listed_and_released(acme: Office) -> None:
    acme.want(lead_id(0), Note__c="ours")
    acme.run()
    acme.edit(lead_id(0), Note__c="typed")
    acme.want(lead_id(0), Note__c="ours again")
    assert acme.plan().plan.ops == []
    found = holds.listing(acme.journal)
    assert [(hold.reason, hold.value_seen) for hold in found] == [(HoldReason.HUMAN_EDIT, "typed")]
    holds.release(acme.journal, [found[0].hold_id], by="tester")
    assert acme.run().states["VERIFIED"] >= 1 and acme.value(lead_id(0), "Note__c") == "ours again"


def _flapping(acme: Office) -> None:
    """Another integration changes our value back: three repairs in seven days, then we stop and say so."""
    for round_ in range(5):
        acme.edit(lead_id(0), Score__c=900 + round_)
        acme.advance(hours=1)
        planned = acme.plan()
        if planned.plan.ops:
            planned.approve().apply()
    assert acme.value(lead_id(0), "Score__c") == 904
    assert [hold.reason for hold in holds.listing(acme.journal)] == [HoldReason.FLAPPING]
    repaired = [write for write in acme.writes() if write.record_id == lead_id(0)]
    assert len(repaired) == 1 + 3


ROWS: dict[str, Callable[[Office], None]] = {
    "37": _two_ids,
    "38": _absent_is_not_empty,
    "40": _shuffled,
    "45": _human_edit_is_listed_and_released,
    "46": _flapping,
    "56": _sink_down,
}


@pytest.mark.parametrize("name", chosen(ROWS, short=("46", "56")))
def test_row(name: str, tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS) as acme:
        filled(acme)
        ROWS[name](acme)
