"""One small organisation for write-back tests: the sandbox over HTTP, a journal, desired values, and people who edit meanwhile.

Belongs here: factories and the invariants that every write-back test may ask. The clock is the only double: it stands, and waiting
moves it (and the sandbox's) on at once.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.marketo.credentials import Credentials as MarketoCredentials
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.connectors.salesforce import crm
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.transport import Timeouts
from alignment_pipeline.contracts import field_updates
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.sandbox.faults import Fault, Faults
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline.sandbox.salesforce.settings import OrgSettings
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import described_shapes
from alignment_pipeline.write_back.plans import approval, guard, judgement, ops, plan
from alignment_pipeline.write_back.plans.planned import Plan
from alignment_pipeline.write_back.plans.source_health import SourceHealth
from alignment_pipeline.write_back.sending.apply import Applied, apply, open_run
from alignment_pipeline.write_back.sending.marketo import with_marketo
from alignment_pipeline.write_back.sending.recover import recover
from alignment_pipeline_tests.write_back.organisation import (
    NOW,
    PERSON,
    account_id,
    agreement,
    data,
    lead_id,
    marketo,
    tables_of_crm,
    write_package,
)

__all__ = [
    "CHECKING_KEY",
    "KEY",
    "NOW",
    "PERSON",
    "SIGNING_KEY",
    "Office",
    "Planned",
    "account_id",
    "agreement",
    "connect",
    "data",
    "lead_id",
    "marketo",
    "office",
    "reached",
    "write_package",
]

SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
CHECKING_KEY = SIGNING_KEY.public_key()
#: Of erasures.
KEY = b"k" * 64
_OBJECTS = {"00Q": "Lead", "001": "Account", "003": "Contact", "00T": "Task"}


@dataclass
class Office:
    """The organisation, its desired values, and the ways to plan and apply."""

    world: World
    sandbox: Sandbox
    home: Path
    journal: Journal
    agreement: Agreement
    crm: crm.Crm
    session: SalesforceSession
    wanted: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    creates: dict[str, dict[str, Any]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, int] = field(default_factory=dict)
    snapshot: tuple[pa.Table, pa.Table] | None = None

    @property
    def clock(self) -> Clock:
        """The one clock."""
        return self.journal.clock

    def want(self, record_id: str, **values: Any) -> None:
        """Desire values of a record."""
        object_ = MARKETO_LEAD if record_id.isdigit() else _OBJECTS[record_id[:3]]
        for name, value in values.items():
            self.wanted[(object_, record_id, name)] = value

    def want_task(self, key: str, parent: str | None = None, people: Sequence[tuple[str, str, str]] = (), **values: Any) -> None:
        """Desire a task; `people` are object, id and name of those whom its texts name."""
        common = {"Subject": "Call", "Status": "Not Started", "OwnerId": PERSON, "Priority": "Normal"}
        self.creates[key] = {"parent": parent, "people": people, "values": common | ({"WhoId": parent} if parent else {}) | values}

    def edit(self, record_id: str, **values: Any) -> None:
        """A person edits a record."""
        self.people.edit(record_id, values)

    @property
    def people(self) -> People:
        """Acts of a person."""
        return People(self.world.salesforce, "rep@acme.example")

    def value(self, record_id: str, name: str) -> Any:
        """What the CRM has now."""
        if record_id.isdigit():
            return self.world.marketo.leads[int(record_id)].values.get(name)
        self.world.salesforce.settle()
        found = self.world.salesforce.find(record_id)
        return None if found is None else found.get(name)

    def fault(self, kind: str, **rule: Any) -> int:
        """Switch a fault on."""
        return self.world.faults.add(Fault.from_json({"kind": kind, **rule}))

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.world.advance(timedelta(**span).total_seconds())

    def writes(self, after: int = 0) -> list[Any]:
        """What was written through the API, in order."""
        return [write for write in self.world.audit.writes(after=after, system="salesforce") if write.source in ("api", "bulk")]

    def told(self, after: int = 0) -> list[Any]:
        """What was written to Marketo, in order."""
        return self.world.audit.writes(after=after, system="marketo")

    def extract(self) -> None:
        """Read the CRM as an extraction would; later plans use what was read."""
        self.snapshot = tables_of_crm(self.world, self.agreement, self.clock.now())

    def plan(self, *, kind: str = "full", sources: Sequence[SourceHealth] = (), shuffle: int | None = None, **more: Any) -> Planned:
        """Extract, build a plan, judge and keep it."""
        made, judgement, rules = self.judged(kind=kind, sources=sources, shuffle=shuffle, **more)
        return Planned(self, made, judgement, ops.save_plan(self.journal, made, judgement, rules))

    def judged(
        self,
        *,
        kind: str = "full",
        sources: Sequence[SourceHealth] = (),
        shuffle: int | None = None,
        extract: bool = True,
        as_of: datetime | None = None,
        match_rates: Sequence[float] = (),
    ) -> tuple[Plan, judgement.Judgement, FieldRules]:
        """Extract, build a plan and judge it; nothing is kept."""
        if extract:
            self.extract()
        assert self.snapshot is not None
        shapes = described_shapes(self.crm.describe_all([*_OBJECTS.values(), *([MARKETO_LEAD] if self.crm.has_marketo else [])]))
        made = plan.build(
            self.journal,
            field_updates=self.field_updates(shuffle),
            record_creates=self.record_creates(),
            crm_field_values=self.snapshot[0],
            crm_record_states=self.snapshot[1],
            agreement=self.agreement,
            shapes=shapes,
            org_id=self.crm.organization_id,
            as_of=as_of or self.clock.now(),
            run_id=f"run-{self.clock.now().isoformat()}-{random.getrandbits(40):x}",
            kind=kind,
        )
        rules = FieldRules(agreement=self.agreement, shapes=shapes)
        return made, guard.judge(self.journal, made, rules=rules, sources=sources, match_rates=match_rates), rules

    def apply(self, plan_hash: str, **more: Any) -> Applied:
        """Apply without signing."""
        return apply(self.journal, self.crm, plan_hash, agreement=self.agreement, key=CHECKING_KEY, **more)

    def run(self, **more: Any) -> Applied:
        """Plan, sign, apply."""
        return self.plan().approve().apply(**more)

    def run_recovery(self) -> int:
        """Decide what earlier runs left undecided."""
        return recover(open_run(self.journal, self.crm, self.agreement, "recovery"))

    def with_agreement(self, chosen: Agreement) -> None:
        """Change the agreement."""
        self.agreement = chosen

    def states(self) -> dict[str, int]:
        """Operations by state."""
        from collections import Counter

        return dict(Counter(row.state for row in ops.changed_since(self.journal)))

    def field_updates(self, shuffle: int | None = None) -> pa.Table:
        """The desired values as the contract's table."""
        rows = [
            {
                "object": object_,
                "record_id": record_id,
                "field": name,
                "value": json.dumps(value),
                "reason": f"because of {name}",
                "priority": self.priorities.get(record_id, 5),
                "parent_id": self.parents.get(record_id),
                "as_of": self.clock.now(),
                "agreement_version": self.agreement.version,
            }
            for (object_, record_id, name), value in self.wanted.items()
        ]
        if shuffle is not None:
            random.Random(shuffle).shuffle(rows)
        return pa.Table.from_pylist(rows, schema=field_updates.FIELD_UPDATES.schema)

    def record_creates(self) -> pa.Table:
        """The desired creates as the contract's table."""
        rows = [
            {
                "object": "Task",
                "external_key": key,
                "values": json.dumps(one["values"]),
                "people": json.dumps(one.get("people") or []),
                "reason": "escalation",
                "priority": 0,
                "parent_id": one["parent"],
                "owner_id": one["values"]["OwnerId"],
                "as_of": self.clock.now(),
                "agreement_version": self.agreement.version,
            }
            for key, one in self.creates.items()
        ]
        return pa.Table.from_pylist(rows, schema=field_updates.RECORD_CREATES.schema)


@dataclass
class Planned:
    """A plan that was kept."""

    office: Office
    plan: Any
    judgement: judgement.Judgement
    state: str

    @property
    def plan_hash(self) -> str:
        """Its hash."""
        found: str = self.plan.plan_hash
        return found

    def approve(self, by: str = "tester", *, lift: bool = False) -> Planned:
        """A person signs it (nothing to sign in an empty plan)."""
        row = ops.load_plan(self.office.journal, self.plan_hash)
        if row is not None and row.state != "DONE":
            approval.approve(
                self.office.journal, row, by=by, key=SIGNING_KEY, numbers=self.office.agreement.write_back.approvals, lift=lift
            )
        return self

    def apply(self, **more: Any) -> Applied:
        """Apply it."""
        return self.office.apply(self.plan_hash, **more)


@contextmanager
def office(
    tmp_path: Path,
    *,
    leads: int = 3,
    accounts: int = 2,
    factor: float = 1.0,
    journal_url: str | None = None,
    settings: Mapping[str, Any] | None = None,
    read_seconds: float = 30.0,
    people: int = 0,
    base: Callable[[], float] = lambda: 1_000_000.0,
    **write_back: Any,
) -> Iterator[Office]:
    """Open the organisation; everything is closed at the end. With `people`, Marketo stands beside it."""
    user = {
        "Id": PERSON,
        "Username": "rep@acme.example",
        "LastName": "Rep",
        "FirstName": "Ann",
        "Email": "rep@acme.example",
        "IsActive": True,
    }
    chosen = OrgSettings(**({"bulk_wait_seconds": 0.0, "bulk_rows_per_second": 1e9} | dict(settings or {})))
    store = SalesforceStore(package=write_package(tmp_path / "package"), settings=chosen)
    world = World(sandbox_clock(NOW, factor=factor, base=base), Faults(7), store, marketo(people) if people else None)
    store.load({"User": [user]})
    store.load(data(leads, accounts))
    clock = replace(world.clock, wait=lambda seconds: world.advance(seconds * world.clock.factor))
    with Sandbox(world) as sandbox:
        session = connect(sandbox, clock, read_seconds=read_seconds)
        home = tmp_path / "home"
        journal = Journal.open(journal_url or str(home / "journal.db"), home=home, clock=clock)
        found = reached(sandbox, session, clock)
        yield Office(world, sandbox, home, journal, agreement(has_marketo=bool(people), **write_back), found, session)
        journal.close()


def reached(sandbox: Sandbox, session: SalesforceSession, clock: Clock) -> crm.Crm:
    """The CRM of the session, and Marketo where one is served."""
    found = crm.crm(session)
    if sandbox.world.marketo is None:
        return found
    retry = RetryPolicy(randomness=random.Random(5))
    return with_marketo(found, MarketoSession(MarketoCredentials.from_env(sandbox.environment()), clock, retry=retry))


def connect(sandbox: Sandbox, clock: Clock, role: Any = "writer", *, read_seconds: float = 30.0) -> SalesforceSession:
    """A session of the writer (or reader) over HTTP, with short timeouts and seeded jitter."""
    credentials = Credentials.from_env(sandbox.environment(), role)
    retry = RetryPolicy(randomness=random.Random(3))
    return SalesforceSession(credentials, clock, retry=retry, timeouts=Timeouts(connect=5.0, read=read_seconds))
