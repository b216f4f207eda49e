"""A chain of hashes over the attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt_log",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("batch_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("attempt_log_batch", "attempt_log", ["batch_id"])
    op.create_index("attempt_batch", "attempt", ["batch_id"])


def downgrade() -> None:
    op.drop_index("attempt_batch", table_name="attempt")
    op.drop_index("attempt_log_batch", table_name="attempt_log")
    op.drop_table("attempt_log")
