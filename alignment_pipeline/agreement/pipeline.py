"""How pipeline is measured: bookings, targets, scopes, steps, sources; and what the planner takes as given.

Belongs here: settings of `pipeline_metrics/`. The fiscal calendar: `fiscal.py`; rates of currencies: `currencies.py`; marketing's
promises, which the planner proposes and never sets: `commitments.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from alignment_pipeline.agreement.calendars import Slug
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section

Dimension = Literal["team", "owner", "segment", "tier", "source", "program"]
PeriodName = Annotated[str, StringConstraints(pattern=r"^\d{4}(Q[1-4]|M\d{2})?$")]
Scope = Annotated[str, StringConstraints(pattern=r"^(all|(team|owner|segment|tier|source|program):.+)$")]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Days = Annotated[int, Field(ge=1, le=1_095)]


class Target(Section):
    """Bookings wanted in one period."""

    period: PeriodName = Field(description="Fiscal period: 2026Q4, 2026M11 or 2026")
    scope: Scope = Field(default="all", description="all, or a part: team:West, tier:1, ...")
    amount: Annotated[float, Field(gt=0)] = Field(description="Bookings wanted, in the company's currency")


class SourceRule(Section):
    """Which team a deal is from, by a field as it was when the deal was created."""

    team: Literal["marketing", "sales", "partner"] = Field(description="The team that sourced it")
    field: Literal["lead_source", "opportunity_type", "campaign_id"] = Field(default="lead_source", description="Field looked at")
    values: list[str] = Field(default=[], description="Values that fit, any case; empty: any value")


class Sourcing(Section):
    """Who sourced a deal: the first rule that fits, then the first touch in the days before it was created."""

    rules: list[SourceRule] = Field(default=[], description="In order; the first that fits decides")
    touch_days: Days = Field(default=90, description="Days before the creation in which a touch counts")
    marketing_types: list[str] = Field(
        default=["form_fill", "webinar_attended", "webinar_registered", "campaign_response", "email_click"],
        description="Activity types that are marketing's touches",
    )
    sales_types: list[str] = Field(
        default=["meeting", "inbound_call", "inbound_email"], description="Activity types that are sales' touches"
    )


class ConversionStep(Section):
    """One step whose conversion is measured, and the days within which it counts."""

    name: Slug = Field(description="Name in tables")
    subject: Literal["opportunity", "person", "account"] = Field(default="opportunity", description="What moves")
    begins: str = Field(min_length=1, description="Stage that is entered; `created` for an opportunity's creation")
    reaches: list[str] = Field(min_length=1, description="Stages that count as converted; `won` for an opportunity that is won")
    leaves: list[str] = Field(default=[], description="Stages that end the wait otherwise: recycled, disqualified; lost always does")
    within_days: Days = Field(default=90, description="Days T within which the step counts")


class Spend(Section):
    """What a program cost in one period."""

    period: PeriodName = Field(description="Fiscal period of the agreement's kind: 2026Q4, 2026M11 or 2026")
    amount: Annotated[float, Field(gt=0)] = Field(description="Money spent, in the company's currency")


class Program(Section):
    """Marketing programs that are looked at together, and what they cost."""

    name: str = Field(min_length=1, max_length=80, description="Name in tables")
    includes: list[Pattern] = Field(
        default=[], description="Programs and campaigns that belong to it, `*` for any text; empty: the one of this name"
    )
    spend: list[Spend] = Field(default=[], description="What it cost; a period that is not listed has no cost per opportunity")

    @property
    def patterns(self) -> list[str]:
        """What its programs and campaigns are called."""
        return self.includes or [self.name]

    @model_validator(mode="after")
    def _one_spend_each(self) -> Self:
        periods = [one.period for one in self.spend]
        if len(set(periods)) != len(periods):
            raise ValueError("one spend for each period of a program")
        return self


class Planner(Section):
    """What the planner takes as given, and how it judges small numbers."""

    marketing_share_pct: Annotated[float, Field(gt=0, le=100)] = Field(
        default=40, description="Share of the deals to create that marketing must bring"
    )
    reps: Annotated[int, Field(ge=0, le=100_000)] = Field(default=0, description="Reps who work MQAs; 0: capacity is not checked")
    mqas_per_rep_and_week: Annotated[float, Field(gt=0)] = Field(default=5, description="MQAs that one rep can work in a week")
    engaged_per_mqa: Annotated[float, Field(gt=0)] = Field(default=3, description="Engaged people that an MQA takes")
    mqa_days: Days = Field(default=90, description="Days within which an MQA becomes a deal, to count as the MQA's")
    program_days: Days = Field(
        default=90, description="Days after a program first touches an account, within which an opportunity counts; also the quiet before"
    )
    sqa_stage: str = Field(default="SQA", min_length=1, description="Stage of an account that sales has accepted")
    shrink_n: Annotated[float, Field(ge=0)] = Field(default=20, description="Weight of the parent scope's rate, in cases")
    draws: Annotated[int, Field(ge=100, le=1_000_000)] = Field(default=40_000, description="Draws for intervals")
    seed: int = Field(default=20_260_101, description="Seed of the draws: the same seed gives the same plan")


class Pipeline(Section):
    """Everything that pipeline metrics and the planner need beside the tables."""

    booking_date: Literal["close_date", "closed_at"] = Field(
        default="close_date", description="What puts a won deal into a period: its close date, or the moment its stage was set"
    )
    targets: list[Target] = Field(default=[], description="Bookings wanted per period and scope")
    scopes: list[Dimension] = Field(default=["team", "tier", "source"], description="Parts for which metrics are given beside the whole")
    eligible_stages: list[str] = Field(default=[], description="Open stages that count for coverage; empty: all")
    min_n: Count = Field(default=20, description="Fewer cases are shown as '7 of 9', not as a percentage")
    min_periods: Annotated[int, Field(ge=2, le=8)] = Field(default=4, description="Complete periods that coverage needed is measured from")
    max_periods: Annotated[int, Field(ge=4, le=16)] = Field(default=8, description="Most complete periods looked at")
    cycle_days: Days = Field(default=180, description="Days T within which a created deal is won, for win rate and velocity")
    landmark_days: list[Days] = Field(default=[30, 60, 90], description="Ages of a deal at which touched and untouched ones are compared")
    sourcing: Sourcing = Sourcing()
    steps: list[ConversionStep] = Field(
        default=[ConversionStep(name="created_to_won", begins="created", reaches=["won"], within_days=180)], description="Steps measured"
    )
    programs: list[Program] = Field(
        default=[], description="Programs looked at together, the first that fits; a program that none includes stands for itself"
    )
    planner: Planner = Planner()

    @model_validator(mode="after")
    def _one_target_each(self) -> Self:
        keys = [(target.period, target.scope) for target in self.targets]
        twice = sorted({f"{period} {scope}" for period, scope in keys if keys.count((period, scope)) > 1})
        if twice:
            raise ValueError(f"one target for each period and scope; given twice: {', '.join(twice)}")
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("steps bear different names")
        programs = [program.name.lower() for program in self.programs]
        if len(set(programs)) != len(programs):
            raise ValueError("programs bear different names")
        return self

    def target(self, period: str, scope: str = "all") -> float | None:
        """The bookings wanted; None when nobody set them."""
        return next((one.amount for one in self.targets if (one.period, one.scope) == (period, scope)), None)
