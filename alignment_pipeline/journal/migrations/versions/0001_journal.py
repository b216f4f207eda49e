"""The journal as it began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("op_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.String(length=64), nullable=False),
        sa.Column("req_hash", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.String(length=32), nullable=False),
        sa.Column("done_at", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("op_id", "n"),
    )
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("transport", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.String(length=18), nullable=True),
        sa.Column("job_state", sa.String(length=24), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.String(length=32), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_table(
        "budget",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("api", sa.String(length=24), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("day", "api"),
    )
    op.create_table(
        "drift",
        sa.Column("drift_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("record_id", sa.String(length=18), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value_seen", sa.Text(), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("drift_id"),
    )
    op.create_index(op.f("ix_drift_at"), "drift", ["at"], unique=False)
    op.create_table(
        "hold",
        sa.Column("hold_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("record_id", sa.String(length=18), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("value_seen", sa.Text(), nullable=True),
        sa.Column("config_hash", sa.String(length=64), nullable=True),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("hold_id"),
    )
    op.create_index("hold_record", "hold", ["object", "record_id", "field"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("since", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "op",
        sa.Column("op_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("op_key", sa.String(length=64), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("record_id", sa.String(length=18), nullable=True),
        sa.Column("ext_field", sa.String(length=80), nullable=True),
        sa.Column("ext_key", sa.Text(), nullable=True),
        sa.Column("lock_parent", sa.String(length=18), nullable=True),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("is_shared", sa.Integer(), nullable=False),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("carried", sa.Text(), nullable=True),
        sa.Column("before_modstamp", sa.String(length=32), nullable=True),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("mismatches", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.String(length=32), nullable=True),
        sa.Column("sent_at", sa.String(length=32), nullable=True),
        sa.Column("zombie_until", sa.String(length=32), nullable=True),
        sa.Column("batch_id", sa.String(length=64), nullable=True),
        sa.Column("err_class", sa.String(length=2), nullable=True),
        sa.Column("err_code", sa.String(length=80), nullable=True),
        sa.Column("err_fields", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("depends_on", sa.String(length=18), nullable=True),
        sa.Column("rollback_of", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("verified_at", sa.String(length=32), nullable=True),
        sa.Column("changed_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("op_id"),
        sa.UniqueConstraint("op_key"),
    )
    op.create_index(op.f("ix_op_plan_hash"), "op", ["plan_hash"], unique=False)
    op.create_index(op.f("ix_op_rollback_of"), "op", ["rollback_of"], unique=False)
    op.create_index(op.f("ix_op_run_id"), "op", ["run_id"], unique=False)
    op.create_index(
        "one_open",
        "op",
        ["object", "record_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
        postgresql_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
    )
    op.create_index(
        "one_open_create",
        "op",
        ["object", "ext_key"],
        unique=True,
        sqlite_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
        postgresql_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
    )
    op.create_index("op_record", "op", ["object", "record_id"], unique=False)
    op.create_index("op_state", "op", ["state"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("not_before", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.String(length=32), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_table(
        "plan",
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("org_id", sa.String(length=18), nullable=False),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("code_version", sa.String(length=64), nullable=False),
        sa.Column("as_of", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stats", sa.Text(), nullable=False),
        sa.Column("guard", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.String(length=32), nullable=True),
        sa.Column("approval_mac", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.String(length=32), nullable=True),
        sa.Column("rollback_of", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("plan_hash"),
    )
    op.create_index(op.f("ix_plan_run_id"), "plan", ["run_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("record_id", sa.String(length=80), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(length=32), nullable=False),
        sa.Column("last", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("source", "row_hash", "reason"),
    )
    op.create_table(
        "run",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("org_id", sa.String(length=18), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("config_hash", sa.String(length=64), nullable=True),
        sa.Column("code_version", sa.String(length=64), nullable=True),
        sa.Column("plan_hash", sa.String(length=64), nullable=True),
        sa.Column("started", sa.String(length=32), nullable=False),
        sa.Column("ended", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("api_calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "standing_approval",
        sa.Column("approval_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("approval_id"),
    )
    op.create_table(
        "stream_state",
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("system", "object"),
    )
    op.create_table(
        "synced",
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("record_id", sa.String(length=18), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("op_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("object", "record_id", "field"),
    )
    op.create_table(
        "tombstone",
        sa.Column("subject_hmac", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("subject_hmac"),
    )


def downgrade() -> None:
    op.drop_table("tombstone")
    op.drop_table("synced")
    op.drop_table("stream_state")
    op.drop_table("standing_approval")
    op.drop_table("setting")
    op.drop_table("run")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_plan_run_id"), table_name="plan")
    op.drop_table("plan")
    op.drop_table("outbox")
    op.drop_index("op_state", table_name="op")
    op.drop_index("op_record", table_name="op")
    op.drop_index(
        "one_open_create",
        table_name="op",
        sqlite_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
        postgresql_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
    )
    op.drop_index(
        "one_open",
        table_name="op",
        sqlite_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
        postgresql_where=sa.text("state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY')"),
    )
    op.drop_index(op.f("ix_op_run_id"), table_name="op")
    op.drop_index(op.f("ix_op_rollback_of"), table_name="op")
    op.drop_index(op.f("ix_op_plan_hash"), table_name="op")
    op.drop_table("op")
    op.drop_table("lease")
    op.drop_index("hold_record", table_name="hold")
    op.drop_table("hold")
    op.drop_index(op.f("ix_drift_at"), table_name="drift")
    op.drop_table("drift")
    op.drop_table("budget")
    op.drop_table("batch")
    op.drop_table("attempt")
