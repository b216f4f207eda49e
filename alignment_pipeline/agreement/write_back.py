"""How far the write-back may go on its own: the guard's limits, the canary, the budget, holds, the breaker, approvals.

Belongs here: the numbers. The protocol that keeps to them is `write_back/`; which fields are written at all is `field_map.py`.
Every percentage is a share in percent (25 means 25 %).
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement.section import Section

Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]


class Limit(Section):
    """Above `approve_pct` and above `approve_count` a person must approve; above `block_pct` or `block_count` nothing is written.

    A limit left out does not apply. `approve` needs both exceeded when both are given (`max(200, 5 %)`), `block` likewise.
    """

    approve_count: Count | None = Field(default=None, description="Records above which a person must approve")
    approve_pct: Percent | None = Field(default=None, description="Share of the managed records above which a person must approve")
    block_count: Count | None = Field(default=None, description="Records above which the plan is blocked")
    block_pct: Percent | None = Field(default=None, description="Share of the managed records above which the plan is blocked")


class Shift(Section):
    """How far the mix of a field's values may move in one plan (share of Tier 1, of stage MQL, ...)."""

    approve_points: Percent = Field(default=10, description="Percentage points of one value above which a person must approve")
    block_points: Percent = Field(default=20, description="Percentage points of one value above which the plan is blocked")
    approve_psi: float = Field(default=0.1, ge=0, le=10, description="Population stability index above which a person must approve")
    block_psi: float = Field(default=0.25, ge=0, le=10, description="Population stability index above which the plan is blocked")
    smallest_change: Count = Field(
        default=20, description="Fewer records than this that change a field's value are not judged by their mix"
    )
    smallest_population: Count = Field(default=50, description="Fields with fewer filled records are not judged by their mix")
    most_values: int = Field(
        default=20, ge=2, le=1000, description="Fields with more different values than this are not judged by their mix"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.approve_points > self.block_points or self.approve_psi > self.block_psi:
            raise ValueError("the limit to approve must not lie above the limit to block")
        return self


class Creates(Section):
    """New records (tasks) per run, and per owner and day."""

    approve_per_run: Count = Field(default=100, description="Creates per run above which a person must approve")
    approve_per_owner: Count = Field(default=20, description="Creates per owner and day above which a person must approve")
    block_per_run: Count = Field(default=500, description="Creates per run above which the plan is blocked")


class Sources(Section):
    """What the sources must look like before anything is written from them."""

    smallest_drop: Count = Field(default=20, description="A source that lost fewer rows than this is not judged, unless it is empty")
    smallest_leads: Count = Field(default=50, description="With fewer leads than this the match rate is not judged")
    rows_approve_drop_pct: Percent = Field(
        default=10, description="Rows below the median of the last seven runs by this much: a person must approve"
    )
    rows_block_drop_pct: Percent = Field(default=30, description="Rows below that median by this much, or no rows: blocked")
    age_approve_factor: float = Field(
        default=2, ge=1, le=1000, description="Source older than this many of its cadences: a person must approve"
    )
    age_block_factor: float = Field(default=5, ge=1, le=1000, description="Source older than this many of its cadences: blocked")
    match_rate_approve_points: Percent = Field(default=5, description="Match rate down by this many points: a person must approve")
    match_rate_block_points: Percent = Field(default=10, description="Match rate down by this many points: blocked")


class Guard(Section):
    """What a plan may change without a person, and what it may never change."""

    routine_change_pct: Percent = Field(
        default=10,
        description="A record whose numbers moved by less than this share (ageing scores, and the reasons beside them) does not count as changed",
    )
    changed: Limit = Field(
        default=Limit(approve_count=200, approve_pct=5, block_count=25, block_pct=25),
        description="Records changed of those we manage, per object",
    )
    shift: Shift = Field(default=Shift(), description="Move of a field's mix of values")
    cleared: Limit = Field(default=Limit(approve_count=20, block_count=50, block_pct=1), description="Values replaced by nothing")
    owners: Limit = Field(default=Limit(approve_count=10, block_count=50, block_pct=2), description="Changes of owner")
    creates: Creates = Field(default=Creates(), description="Records created")
    desired_drop_pct: Percent = Field(
        default=50,
        description="Records with desired values, per object, below those of the last applied plans by this much: a person must approve",
    )
    sources: Sources = Field(default=Sources(), description="Health of the sources")


class Canary(Section):
    """Write a few, look at them, write more: each batch is read back before the next is sent."""

    first: int = Field(default=25, ge=1, le=200, description="Records in the first batch")
    second: int = Field(default=200, ge=1, le=200, description="Records in the second batch")


class Sending(Section):
    """Sizes, patience and retries."""

    batch: int = Field(default=200, ge=1, le=200, description="Records per call (Salesforce takes at most 200)")
    bulk_above: int = Field(default=2000, ge=1, le=10_000_000, description="More records of one object than this go through the Bulk API")
    bulk_job_rows: int = Field(default=10_000, ge=200, le=100_000, description="Records per Bulk job")
    unknown_minutes: float = Field(
        default=11, ge=1, le=120, description="A write whose answer was lost may still arrive this much later (Salesforce: 10 minutes)"
    )
    lock_tries: int = Field(default=5, ge=1, le=20, description="Tries of a record that was locked")
    transient_tries: int = Field(default=8, ge=1, le=20, description="Tries after outages that pass")
    clock_skew_minutes: float = Field(
        default=5, ge=0.5, le=60, description="Our clock and the CRM's may differ by this much; beyond it nothing is written"
    )


class Budget(Section):
    """API calls left to everyone else. The most valuable writes go first; the rest waits for the next run."""

    org_used_pct: Percent = Field(default=80, description="Stop when the whole organisation has used this share of its day's calls")
    run_pct: Percent = Field(default=25, description="Calls of one run, as a share of the day's")
    day_pct: Percent = Field(default=10, description="Calls of all our runs of a day, as a share of the day's")
    least_calls: Count = Field(default=500, description="Calls a run may make in any case, small organisations included")


class Holds(Section):
    """When a value is not written."""

    human_edit_days: int | None = Field(
        default=None, ge=1, le=3650, description="Days after which a person's edit may be written over; left out: never"
    )
    flapping_days: int = Field(default=7, ge=1, le=365, description="Length of the window that counts alternations, and of the hold")
    drift_limit: int = Field(default=3, ge=1, le=100, description="Times in the window that we repair a value someone else changed back")
    rewrite_limit: int = Field(
        default=2, ge=1, le=100, description="Times in the window that the CRM may store something else than we wrote"
    )


class Breaker(Section):
    """When a run stops sending on its own. Only `alignment apply --resume` closes it again, with a canary."""

    window: int = Field(default=200, ge=20, le=10_000, description="Last operations that are judged")
    error_pct: Percent = Field(default=5, description="Share of them refused for good")
    consecutive: int = Field(default=20, ge=2, le=10_000, description="Refusals in a row")
    mismatch_pct: Percent = Field(default=0.5, description="Share of them that read back differently")
    conflict_pct: Percent = Field(default=5, description="Share of them that people changed meanwhile")
    owner_changes: int = Field(
        default=1, ge=1, le=10_000, description="Records whose owner changed between our reading and our verification"
    )
    unknown_codes: int = Field(default=20, ge=1, le=10_000, description="Rejections with an unknown code")


class Steps(Section):
    """When a number that ages is written: not for every night's decay, and never for the sentence that goes with it."""

    points: float = Field(default=1, ge=0, le=100, description="A number is written when it moves by this much,")
    pct: Percent = Field(default=10, description="or by this share of itself, whichever is larger")
    trend_points: float = Field(
        default=25, ge=0, le=1000, description="The engagement trend is written when it moves by so many percentage points,"
    )
    trend_pct: Percent = Field(default=50, description="or by this share of itself, whichever is larger: its two periods slide every day")
    refresh_days: int = Field(
        default=14,
        ge=0,
        le=365,
        description="At the latest after so many days, spread over the second half of them; 0 writes every change at once",
    )


class Approvals(Section):
    """How long a signature holds."""

    plan_hours: float = Field(default=4, gt=0, le=168, description="Hours for which the approval of a plan holds")
    standing_days: int = Field(default=30, ge=1, le=366, description="Days for which a standing approval holds at most")


class WriteBack(Section):
    """How far the write-back may go on its own."""

    guard: Guard = Guard()
    canary: Canary = Canary()
    sending: Sending = Sending()
    budget: Budget = Budget()
    holds: Holds = Holds()
    breaker: Breaker = Breaker()
    steps: Steps = Steps()
    approvals: Approvals = Approvals()
