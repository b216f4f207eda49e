"""The journal's tables, as SQLAlchemy Core sees them.

Belongs here: the schema of today. How an older journal becomes this one: `migrations/`. Who reads and writes the tables:
`journal.py`, `outbox_and_streams.py`, and `write_back/plans/ops.py`, `write_back/fields/bases.py`, `write_back/fields/holds.py`.
Moments are text, UTC, microseconds, so they sort as they read.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, PrimaryKeyConstraint, String, Table, Text, text

metadata = MetaData()

#: An operation in one of these states is unfinished business of its record: there is at most one.
OPEN = ("PLANNED", "INFLIGHT", "UNKNOWN", "ACKED", "RETRY")
#: Not yet sent, or known not to have been applied: a newer plan may take the record over.
REPLACEABLE = ("PLANNED", "RETRY")
_OPEN_SQL = text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')")
_MODES = ("dry", "apply", "verify", "replay", "rollback", "adopt")
_PLAN_STATES = ("DRAFT", "NEEDS_APPROVAL", "APPROVED", "BLOCKED", "APPLYING", "DONE", "ABORTED", "EXPIRED")


def _in(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


LEASE = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("holder", Text),
    Column("since", String(32)),
)

RUN = Table(
    "run",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("fence", Integer),
    Column("mode", String(16), CheckConstraint(_in("mode", _MODES), name="run_mode"), nullable=False),
    Column("org_id", String(18), nullable=False),
    Column("user_id", Text),
    Column("config_hash", String(64)),
    Column("code_version", String(64)),
    Column("plan_hash", String(64)),
    Column("started", String(32), nullable=False),
    Column("ended", String(32)),
    Column("status", String(32), nullable=False),
    Column("api_calls", Integer, nullable=False, default=0),
)

PLAN = Table(
    "plan",
    metadata,
    Column("plan_hash", String(64), primary_key=True),
    Column("run_id", String(64), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("org_id", String(18), nullable=False),
    Column("config_hash", String(64), nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("as_of", String(32), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("state", String(16), CheckConstraint(_in("state", _PLAN_STATES), name="plan_state"), nullable=False),
    Column("stats", Text, nullable=False),
    Column("guard", Text, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", String(32)),
    Column("approval_signature", Text),
    Column("expires_at", String(32)),
    Column("rollback_of", String(64)),
)

OP = Table(
    "op",
    metadata,
    Column("op_id", Integer, primary_key=True, autoincrement=True),
    Column("op_key", String(64), unique=True, nullable=False),
    Column("plan_hash", String(64), nullable=False, index=True),
    Column("run_id", String(64), nullable=False, index=True),
    Column("object", String(80), nullable=False),
    Column("record_id", String(18)),
    Column("ext_field", String(80)),
    Column("ext_key", Text),
    Column("lock_parent", String(18)),
    Column("action", String(8), CheckConstraint(_in("action", ("set", "clear", "create")), name="op_action"), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("is_shared", Integer, nullable=False),
    Column("base", Text),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("carried", Text),
    Column("planned", Text),
    Column("continues", Integer),
    Column("before_modstamp", String(32)),
    Column("config_hash", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("mismatches", Integer, nullable=False, default=0),
    Column("not_before", String(32)),
    Column("sent_at", String(32)),
    Column("zombie_until", String(32)),
    Column("batch_id", String(64)),
    Column("err_class", String(2)),
    Column("err_code", String(80)),
    Column("err_fields", Text),
    Column("reason_code", String(40)),
    Column("reason", Text),
    Column("depends_on", String(18)),
    Column("rollback_of", Integer, index=True),
    Column("created_at", String(32), nullable=False),
    Column("verified_at", String(32)),
    Column("changed_at", String(32), nullable=False),
)
Index("one_open", OP.c.object, OP.c.record_id, unique=True, sqlite_where=_OPEN_SQL, postgresql_where=_OPEN_SQL)
Index("one_open_create", OP.c.object, OP.c.ext_key, unique=True, sqlite_where=_OPEN_SQL, postgresql_where=_OPEN_SQL)
Index("op_state", OP.c.state)
Index("op_record", OP.c.object, OP.c.record_id)
Index("op_changed", OP.c.changed_at)

CREATED_RECORD = Table(
    "created_record",
    metadata,
    Column("object", String(80), nullable=False),
    Column("ext_key", String(255), nullable=False),
    Column("record_id", String(18)),
    Column("at", String(32), nullable=False),
    PrimaryKeyConstraint("object", "ext_key"),
)

OP_MONTH = Table(
    "op_month",
    metadata,
    Column("month", String(7), nullable=False),
    Column("object", String(80), nullable=False),
    Column("action", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("operations", Integer, nullable=False),
    PrimaryKeyConstraint("month", "object", "action", "state"),
)

ATTEMPT = Table(
    "attempt",
    metadata,
    Column("op_id", Integer, nullable=False),
    Column("n", Integer, nullable=False),
    Column("batch_id", String(64), nullable=False),
    Column("req_hash", String(64), nullable=False),
    Column("sent_at", String(32), nullable=False),
    Column("done_at", String(32)),
    Column("outcome", String(40)),
    PrimaryKeyConstraint("op_id", "n"),
)
Index("attempt_batch", ATTEMPT.c.batch_id)

ATTEMPT_LOG = Table(
    "attempt_log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("event", String(16), nullable=False),
    Column("batch_id", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("link", String(64), nullable=False),
)
Index("attempt_log_batch", ATTEMPT_LOG.c.batch_id)

BATCH = Table(
    "batch",
    metadata,
    Column("batch_id", String(64), primary_key=True),
    Column("run_id", String(64), nullable=False),
    Column("object", String(80), nullable=False),
    Column("transport", String(16), nullable=False),
    Column("job_id", String(18)),
    Column("job_state", String(24)),
    Column("rows", Integer, nullable=False),
    Column("sent_at", String(32), nullable=False),
    Column("fence", Integer, nullable=False),
)

SYNCED = Table(
    "synced",
    metadata,
    Column("object", String(80), nullable=False),
    Column("record_id", String(18), nullable=False),
    Column("field", String(80), nullable=False),
    Column("value", Text),
    Column("op_id", Integer),
    Column("at", String(32), nullable=False),
    PrimaryKeyConstraint("object", "record_id", "field"),
)

HOLD = Table(
    "hold",
    metadata,
    Column("hold_id", Integer, primary_key=True, autoincrement=True),
    Column("object", String(80), nullable=False),
    Column("record_id", String(18), nullable=False),
    Column("field", String(80), nullable=False),
    Column("reason", String(24), nullable=False),
    Column("value_seen", Text),
    Column("config_hash", String(64)),
    Column("since", String(32), nullable=False),
    Column("until", String(32)),
    Column("released_by", Text),
    Column("released_at", String(32)),
)
Index("hold_record", HOLD.c.object, HOLD.c.record_id, HOLD.c.field)

DRIFT = Table(
    "drift",
    metadata,
    Column("drift_id", Integer, primary_key=True, autoincrement=True),
    Column("object", String(80), nullable=False),
    Column("record_id", String(18), nullable=False),
    Column("field", String(80), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value_seen", Text),
    Column("at", String(32), nullable=False, index=True),
)

QUARANTINE = Table(
    "quarantine",
    metadata,
    Column("source", String(120), nullable=False),
    Column("row_hash", String(64), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("record_id", String(80)),
    Column("n", Integer, nullable=False),
    Column("first", String(32), nullable=False),
    Column("last", String(32), nullable=False),
    PrimaryKeyConstraint("source", "row_hash", "reason"),
)

BUDGET = Table(
    "budget",
    metadata,
    Column("day", String(10), nullable=False),
    Column("api", String(24), nullable=False),
    Column("used", Integer, nullable=False),
    Column("cap", Integer),
    PrimaryKeyConstraint("day", "api"),
)

TOMBSTONE = Table(
    "tombstone",
    metadata,
    Column("subject_hmac", String(64), primary_key=True),
    Column("at", String(32), nullable=False),
)

DELETION = Table(
    "deletion",
    metadata,
    Column("system", String(40), nullable=False),
    Column("subject_hmac", String(64), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("gone_at", String(32)),
    PrimaryKeyConstraint("system", "subject_hmac"),
)

STANDING_APPROVAL = Table(
    "standing_approval",
    metadata,
    Column("approval_id", String(64), primary_key=True),
    Column("content", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("revoked_at", String(32)),
)

STREAM_STATE = Table(
    "stream_state",
    metadata,
    Column("system", String(40), nullable=False),
    Column("object", String(80), nullable=False),
    Column("state", Text, nullable=False),
    Column("at", String(32), nullable=False),
    PrimaryKeyConstraint("system", "object"),
)

OUTBOX = Table(
    "outbox",
    metadata,
    Column("message_id", String(64), primary_key=True),
    Column("topic", String(40), nullable=False),
    Column("content", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("not_before", String(32), nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("sent_at", String(32)),
    Column("last_error", String(200)),
)

SETTING = Table(
    "setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", String(32), nullable=False),
)
