"""Old operations are summarised: what was created stays known, the rest is counted by month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "created_record",
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("ext_key", sa.String(length=255), nullable=False),
        sa.Column("record_id", sa.String(length=18), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("object", "ext_key"),
    )
    op.create_table(
        "op_month",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("operations", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "object", "action", "state"),
    )
    op.create_index("op_changed", "op", ["changed_at"])


def downgrade() -> None:
    op.drop_index("op_changed", table_name="op")
    op.drop_table("op_month")
    op.drop_table("created_record")
