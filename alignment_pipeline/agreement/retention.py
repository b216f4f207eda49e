"""How long things are kept. `alignment tidy` and its schedule delete what is older.

Belongs here: the numbers. What each is about: `operations/tidy.py`. Copies of the journal have their own limit
(`journal/backup.py`), because an erasure must reach them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alignment_pipeline.agreement.section import Section

Days = Annotated[int, Field(ge=1, le=3650)]


class Retention(Section):
    """How long things are kept, in days."""

    undo_days: Days = Field(default=90, description="Operations of the journal: for so long a run can be rolled back")
    plan_days: Days = Field(default=90, description="Previews of plans in the folder plans")
    report_days: Days = Field(default=90, description="Rendered reports")
    notification_days: Days = Field(default=90, description="Notification files and delivered messages")
    run_days: Days = Field(
        default=30, description="Dagster's history of finished runs, the moments they decided as of, and what each of them read"
    )
    damaged_days: Days = Field(default=30, description="Tables that were moved aside as damaged")
    pack_days: Days | None = Field(default=None, description="Pages of the meeting with their rows, by when they were made; null: for ever")
    agreement_days: Days = Field(default=800, description="Agreements and target lists that are not in force any more")
