"""Signatures of a private key; an operation keeps what was planned, and which earlier one it continues.

Approvals that were made with the old shared key end here: plans are approved again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("op", sa.Column("planned", sa.Text(), nullable=True))
    op.add_column("op", sa.Column("continues", sa.Integer(), nullable=True))
    op.add_column("plan", sa.Column("approval_signature", sa.Text(), nullable=True))
    op.drop_column("plan", "approval_mac")
    op.execute("UPDATE plan SET state = 'EXPIRED' WHERE state IN ('DRAFT', 'NEEDS_APPROVAL', 'APPROVED')")
    op.drop_table("standing_approval")
    op.create_table(
        "standing_approval",
        sa.Column("approval_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("approval_id"),
    )


def downgrade() -> None:
    op.drop_table("standing_approval")
    op.create_table(
        "standing_approval",
        sa.Column("approval_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("approval_id"),
    )
    op.add_column("plan", sa.Column("approval_mac", sa.String(length=64), nullable=True))
    op.drop_column("plan", "approval_signature")
    op.drop_column("op", "continues")
    op.drop_column("op", "planned")
