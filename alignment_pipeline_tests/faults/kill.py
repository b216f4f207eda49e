"""Kills the write-back at random moments and at every crash point, under wire faults and people's edits, until it must have failed.

Belongs here: one organisation, a child process that runs `alignment apply` and is killed, and the invariants that must hold at the
end. The children are forked from a warm server, so a kill costs a tenth of a second. Whole series of kills: `campaigns.py`.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import ENVIRONMENT_VARIABLE
from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.sandbox.faults import Fault, Faults
from alignment_pipeline.sandbox.salesforce.failures import RowError
from alignment_pipeline.sandbox.salesforce.settings import OrgSettings
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline.write_back.plans import ops
from alignment_pipeline_tests.faults import invariants, journals, shortages, variants
from alignment_pipeline_tests.write_back.office import (
    CHECKING_KEY,
    NOW,
    PERSON,
    SIGNING_KEY,
    Office,
    agreement,
    connect,
    data,
    marketo,
    reached,
    write_package,
)

FACTOR = 900.0
#: The moments of one batch; `crash.point` is called with these names.
POINTS = ("lease taken", "before commit", "intent durable", "sent", "answers taken", "verified", "batch done")
_USER = {"Id": PERSON, "Username": "rep@acme.example", "LastName": "Rep", "FirstName": "Ann", "Email": "rep@acme.example", "IsActive": True}
CONTEXT = multiprocessing.get_context("forkserver")
_PRELOADED = ["alignment_pipeline.cli.apply", "alignment_pipeline.cli.main", "alignment_pipeline_tests.faults.kill"]
CONTEXT.set_forkserver_preload(_PRELOADED)


def preload(module: str) -> None:
    """Have the warm server load this module too; to be called at import, before the first child."""
    if module not in _PRELOADED:
        _PRELOADED.append(module)
        CONTEXT.set_forkserver_preload(_PRELOADED)


def child(environ: Mapping[str, str], arguments: list[str], variant: str | None) -> None:
    """The killed process: `alignment ...` in an environment of its own, with a broken variant of the protocol when one is named."""
    os.environ.update(environ)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    if not environ.get("KILL_LOUD"):
        os.dup2(quiet, 2)
    shortages.take_away(environ)
    if variant:
        variants.break_protocol(variant)
    from alignment_pipeline.cli.main import main

    main(arguments)


class Restless(AssertionError):
    """Plans never end: something is written again and again."""


@dataclass
class Arena:
    """One organisation under fire."""

    office: Office
    environ: dict[str, str]
    random: random.Random
    variant: str | None = None
    kills: int = 0
    rounds: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    typed: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def apply(
        self,
        *arguments: str,
        crash_at: int | str | None = None,
        kill_after: float | None = None,
        loud: bool = False,
        by: int = signal.SIGKILL,
    ) -> int:
        """Run `alignment apply` in a child; returns its exit code (-9 when it was killed)."""
        environ = ({"CRASH_AT": str(crash_at)} if crash_at else {}) | ({"KILL_LOUD": "1"} if loud else {})
        process = self.start(*arguments, **environ)
        process.join(kill_after if kill_after is not None else 300)
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, by)
            process.join()
        code = process.exitcode if process.exitcode is not None else -9
        self.kills += code == -signal.SIGKILL
        self.codes[code] += 1
        assert code != 2, "the child found a wrong configuration"
        return code

    def start(self, *arguments: str, **environ: str) -> Any:
        """Start `alignment apply` in a child and return it."""
        now = {ENVIRONMENT_VARIABLE: self.office.world.clock_environment()}
        process = CONTEXT.Process(target=child, args=({**self.environ, **now, **environ}, ["apply", *arguments], self.variant))
        process.start()
        return process

    def desire(self, share: float = 0.6) -> None:
        """Change what the records should say, and ask for some tasks."""
        self.rounds += 1
        leads = sorted(self.office.world.salesforce.tables["Lead"])
        for lead in leads:
            if self.random.random() < share:
                self.office.want(
                    lead, Score__c=round(self.random.uniform(1, 999), 2), Stage__c=self.random.choice(["New Name", "MQL", "Customer"])
                )
            if self.random.random() < share / 2:
                self.office.want(lead, Note__c=f"ours {self.rounds}.{lead[10:15]}")
        for account in sorted(self.office.world.salesforce.tables["Account"]):
            self.office.want(account, Score__c=self.random.randint(1, 10_000))
        for lead in self.random.sample(leads, min(3, len(leads))):
            self.office.want_task(f"sla:{lead}:{self.rounds}", lead)

    def humans(self, number: int) -> None:
        """People type into shared fields and elsewhere."""
        for _ in range(number):
            lead = self.random.choice(sorted(self.office.world.salesforce.tables["Lead"]))
            self.typed["all"] += 1
            name = "Note__c" if self.random.random() < 0.5 else "Company"
            with contextlib.suppress(RowError):
                self.office.edit(lead, **{name: f"typed {self.typed['all']}"})

    def plan(self) -> str | None:
        """Plan what is desired and sign it; None when there is nothing to do."""
        self.office.journal.clock.sleep(1)
        planned = self.office.plan()
        if planned.state in ("DONE", "BLOCKED"):
            assert planned.state != "BLOCKED", planned.judgement.reasons()
            return None
        planned.approve()
        return planned.plan_hash

    def calm(self, runs: int = 12) -> None:
        """Switch faults off and go on until a plan has nothing left to do."""
        self.office.world.faults.clear()
        for _ in range(runs):
            plan_hash = self.plan()
            if plan_hash is None:
                if not ops.undecided(self.office.journal):
                    return
                self.office.journal.clock.sleep(700)
                self.office.run_recovery()
                continue
            self.apply(plan_hash, "--resume")
        raise Restless(f"it does not come to rest: {self.office.states()}")

    def broken(self) -> list[str]:
        """Every invariant that does not hold, in words."""
        return invariants.broken(self.office)

    def shown(self) -> dict[str, dict[str, Any]]:
        """What people see in the CRM. Left out is what two equal histories may differ in: moments of writing, and ids of tasks."""
        stamps = {"SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate", "Synced__c", "LastActivityDate", "Id"}
        tables = self.office.world.salesforce.tables
        return {
            str(record.get("Key__c") or identifier): {name: value for name, value in record.items() if name not in stamps}
            for table in ("Lead", "Contact", "Account", "Task")
            for identifier, record in tables[table].items()
        }


def settings(folder: Path, chosen: Agreement) -> dict[str, str]:
    """The environment of a command in an installation below a folder: its agreement and its keys are written there."""
    files = {"agreement.yaml": json.dumps(chosen.model_dump(mode="json", exclude={"version"}, by_alias=True))}
    files |= {"approval.key": SIGNING_KEY.private_bytes_raw().hex(), "approval.pub": CHECKING_KEY.public_bytes_raw().hex()}
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    return {
        "ALIGNMENT_HOME": str(folder / "home"),
        "ALIGNMENT_AGREEMENT": str(folder / "agreement.yaml"),
        "ALIGNMENT_APPROVAL_KEY_FILE": str(folder / "approval.key"),
        "ALIGNMENT_APPROVAL_PUBLIC_KEY_FILE": str(folder / "approval.pub"),
    }


@contextmanager
def arena(
    tmp_path: Path,
    seed: int,
    *,
    leads: int = 60,
    accounts: int = 8,
    people: int = 0,
    faults: float = 0.12,
    variant: str | None = None,
    bulk: bool = False,
    is_keyed: bool = True,
    is_local: bool = False,
) -> Iterator[Arena]:
    """Open an organisation under fire: `faults` is the share of writes that go wrong on the wire. With `people`, Marketo beside it.

    Without `is_keyed` the organisation allows no unique external key on Task; with `is_local` its journal is a file even where others
    are on a server.
    """
    store = SalesforceStore(
        package=write_package(tmp_path / "package", is_keyed=is_keyed),
        settings=OrgSettings(bulk_wait_seconds=5.0, bulk_rows_per_second=5000, daily_api_requests=10**7),
    )
    world = World(sandbox_clock(NOW, factor=FACTOR), Faults(seed), store, marketo(people) if people else None)
    store.load({"User": [_USER]})
    store.load(data(leads, accounts))
    chosen = wide_agreement(bulk=bulk, has_marketo=bool(people))
    home = tmp_path / "home"
    with Sandbox(world) as sandbox:
        environ = sandbox.environment() | settings(tmp_path, chosen) | ({} if is_local else dict(journals.settings(home)))
        clock = replace(world.clock)
        session = connect(sandbox, clock)
        journal = Journal.open(str(home / "journal.sqlite") if is_local else journals.address(home), home=home, clock=clock)
        acme = Office(world, sandbox, home, journal, chosen, reached(sandbox, session, clock), session)
        found = Arena(acme, environ, random.Random(seed), variant)
        for fault in wire_faults(faults):
            world.faults.add(fault)
        yield found
        journal.close()


def wire_faults(share: float) -> list[Fault]:
    """What goes wrong on the wire: lost requests, lost answers, late arrivals, refusals, locked rows."""
    if not share:
        return []
    writes: dict[str, Any] = {"method": "PATCH", "path": "/(composite|sobjects|jobs)", "count": None}
    each = share / 4
    return [
        Fault("cut_before", probability=each, **writes),
        Fault("cut_after", probability=each, **writes),
        Fault("zombie", probability=each, options={"seconds": 240}, **writes),
        Fault(
            "answer", probability=each, options={"status": 503, "body": [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}]}, **writes
        ),
        Fault("row_error", path="Lead/", count=None, options={"code": "UNABLE_TO_LOCK_ROW", "message": "locked", "share": 0.03}),
    ]


def wide_agreement(*, bulk: bool = False, has_marketo: bool = False) -> Any:
    """The test organisation's agreement, with limits that leave the run itself to be tested and not the guard."""
    shipped = agreement()
    numbers = shipped.write_back
    wide = {"approve_count": None, "approve_pct": None, "block_count": None, "block_pct": None}
    guard = numbers.guard.model_copy(
        update={
            "changed": numbers.guard.changed.model_copy(update=wide),
            "cleared": numbers.guard.cleared.model_copy(update=wide),
            "shift": numbers.guard.shift.model_copy(update={"smallest_population": 10**6}),
        }
    )
    breaker = numbers.breaker.model_copy(update={"window": 10_000, "consecutive": 10_000, "owner_changes": 10_000})
    sending = numbers.sending.model_copy(
        update={"batch": 20, "lock_tries": 20, "transient_tries": 20} | ({"bulk_above": 20} if bulk else {})
    )
    canary = numbers.canary.model_copy(update={"first": 5, "second": 20})
    budget = numbers.budget.model_copy(update={"least_calls": 1_000_000})
    approvals = numbers.approvals.model_copy(update={"plan_hours": 168})
    return agreement(
        has_marketo=has_marketo, guard=guard, breaker=breaker, sending=sending, canary=canary, budget=budget, approvals=approvals
    )


def lead(number: int) -> str:
    """Id of a lead."""
    return id18(f"00Q{number:012d}")
