"""What one run of the write-back carries along: journal, CRM, rules, numbers, counters.

Belongs here: the bundle. Each step of the run is a module of its own: `batches.py`, `recheck.py`, `send.py`, `settle.py`, `bulk.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from alignment_pipeline.agreement.write_back import WriteBack
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.crm import Crm
from alignment_pipeline.errors import AnotherWriter
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import Lease
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.holds import FieldKey, Hold
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.sending.breaker import Breaker

MODSTAMP = "SystemModstamp"
OWNER = "OwnerId"


@dataclass
class Run:
    """One run over one organisation. `skew` is the server's clock minus ours; `lease` is the batch's, `lane` the whole run's;
    `signed` has each operation of the plan as it was approved."""

    journal: Journal
    crm: Crm
    rules: FieldRules
    run_id: str
    breaker: Breaker
    holds: Mapping[FieldKey, Hold] = field(default_factory=dict)
    accepted: Mapping[FieldKey, Scalar] = field(default_factory=dict)
    drift: Mapping[FieldKey, Mapping[str, int]] = field(default_factory=dict)
    skew: timedelta = timedelta()
    counts: Counter[str] = field(default_factory=Counter)
    progress: Callable[[int, int], None] | None = None
    waiting: Callable[[str], None] | None = None
    lease: Lease | None = None
    lane: Lease | None = None
    signed: Mapping[int, str] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """The run's clock."""
        return self.journal.clock

    @property
    def numbers(self) -> WriteBack:
        """The agreement's write-back section."""
        return self.rules.agreement.write_back

    @property
    def config_hash(self) -> str:
        """The agreement's version."""
        return self.rules.agreement.version

    def check_lease(self, connection: Connection) -> int:
        """The fence of the lease this batch holds; raises FenceLost when a later holder of it, or of the run's lane, came meanwhile."""
        if self.lease is None:
            raise AnotherWriter("this step needs the CRM lease and does not hold it")
        self.lease.check(connection)
        if self.lane is not None:
            self.lane.check(connection)
        return self.lease.fence

    def server_now(self) -> datetime:
        """The CRM's present moment, as far as we know."""
        return self.clock.now() + self.skew

    def has_owner(self, object_: str) -> bool:
        """Whether the object has an owner that must not change by our writing."""
        return OWNER.lower() in self.rules.shapes.get(object_, {})
