"""The published numbers: what each means and how it is counted.

Belongs here: one list over all parts that define numbers. The definitions themselves lie where the numbers are made; the rows behind one:
`number.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.meeting import numbers as page_numbers
from alignment_pipeline.meeting.catalogue import NUMBERS
from alignment_pipeline.pipeline_metrics import bridge, pipeline_metrics


class Kind(StrEnum):
    """Where a number stands."""

    METRIC = "metric"
    FIELD = "field"
    PAGE = "page"


@dataclass(frozen=True)
class Definition:
    """A number: its name, what it means, the table it comes from, which rows count, how they are counted, and one number per what."""

    name: str
    definition: str
    table: str
    filter: str
    formula: str
    grain: str
    dimensions: tuple[str, ...]
    unit: str = ""
    kind: Kind = Kind.METRIC
    #: file of a pack that the formula counts over, and the field of the CRM that holds the same
    rows: str = ""
    crm_field: str = ""


#: A value of the field map -> the table whose rows make it, and how.
BEHIND = {
    "engagement_score": ("{}_engagement_factors", "sum(contribution_micro) / 1000000 as points, scaled to 0-100 by the agreement"),
    "engagement_points": ("{}_engagement_factors", "sum(contribution_micro) / 1000000 without the decay since the last activity"),
    "engagement_points_at": ("{}_engagement_factors", "day of the last activity that counts"),
    "engagement_half_life_days": ("{}_engagement_factors", "half-life of the agreement"),
    "engagement_minutes": ("{}_engagement_factors", "sum(contribution_micro) / 1000000"),
    "score_reason": ("{}_engagement_factors", "the largest factors in words"),
    "people_engaged": ("account_scores", "people_engaged"),
    "committee_coverage_pct": ("account_scores", "committee_coverage_pct"),
    "engagement_trend_pct": ("account_scores", "engagement_trend_pct"),
    "fit_score": ("{}_fits", "fit_score"),
    "persona": ("person_fits", "persona"),
    "tier": ("account_tiers", "tier"),
    "tier_reason": ("account_tiers", "tier_reason"),
    "stage": ("{}_stages", "stage"),
    "stage_reason": ("{}_stage_changes", "reason of the last change"),
    "stage_entered_at": ("{}_stages", "entered_at"),
    "matched_account_id": ("lead_account_matches", "account_id of a match"),
    "match_confidence_pct": ("lead_account_matches", "100 * confidence"),
    "match_reason": ("lead_account_matches", "reason"),
    "mqa_status": ("account_mqa_statuses", "mqa_status"),
    "mqa_reason": ("account_mqa_statuses", "mqa_reason"),
    "mqa_first_at": ("account_mqa_changes", "min(entered_at)"),
    "mqa_latest_at": ("account_mqa_changes", "max(entered_at)"),
    "mqa_count": ("account_mqa_changes", "count(*)"),
    "sla_status": ("sla_clocks", "state of the most urgent clock"),
    "sla_policy": ("sla_clocks", "policy of the most urgent clock"),
    "sla_due_at": ("sla_clocks", "due_at of the most urgent clock"),
    "sla_reason": ("sla_clocks", "reason of the most urgent clock"),
    "nurture": ("person_stages", "segment for the marketing system"),
    "synced_at": ("field_updates", "moment of the write"),
}


def catalogue(agreement: Agreement) -> list[Definition]:
    """Every published number, by name."""
    return sorted([*_metrics(), *_page(), *_fields(agreement)], key=lambda one: one.name)


def readers(agreement: Agreement) -> dict[str, tuple[str, set[str]]]:
    """Who reads which tables: the weekly page, and each object of the CRM whose fields are written. Name -> (what it is, tables)."""
    tables: dict[str, tuple[str, set[str]]] = {}
    for one in catalogue(agreement):
        if one.kind is Kind.FIELD:
            name, text = f"crm_{one.name.partition('.')[0].lower()}", f"Fields of {one.name.partition('.')[0]} records in the CRM"
        else:
            name, text = "weekly_page", "The page of the weekly meeting of sales and marketing"
        tables.setdefault(name, (text, set()))[1].add(one.table)
    return tables


def _metrics() -> list[Definition]:
    parts = {f"bridge_{part}": f"Bridge of the period: {part.replace('_', ' ')}" for part in (bridge.START, *bridge.PARTS, bridge.END)}
    return [
        Definition(
            name=name,
            definition=text,
            table="pipeline_metrics",
            filter=f"metric = '{name}'",
            formula="value",
            grain="one per day, fiscal period and scope",
            dimensions=("day_on", "period", "scope"),
        )
        for name, text in (pipeline_metrics.DEFINITIONS | parts).items()
    ]


def _page() -> list[Definition]:
    """The numbers of the weekly page that are no metric of the pipeline."""
    return [
        Definition(
            name=one.name,
            definition=one.definition,
            table=one.table,
            filter=one.filter,
            formula=page_numbers.sql(one),
            grain="one per week or quarter and scope",
            dimensions=("period", "scope"),
            unit=one.unit,
            kind=Kind.PAGE,
            rows=f"rows/{one.file}.csv",
            crm_field=one.field or "",
        )
        for one in NUMBERS.values()
        if one.name not in pipeline_metrics.DEFINITIONS
    ]


def _fields(agreement: Agreement) -> list[Definition]:
    listed = []
    for mapping in agreement.crm.fields:
        subject, _, value = mapping.value.partition(".")
        table, formula = BEHIND[value]
        key = "account_id" if subject == "account" else "person_id"
        listed.append(
            Definition(
                name=f"{mapping.object}.{mapping.field}",
                definition=mapping.help or f"{mapping.label} ({mapping.value})",
                table=table.format(subject),
                filter=f"the rows of the record's {key}",
                formula=formula,
                grain=f"one per {mapping.object} record",
                dimensions=("record_id",),
                kind=Kind.FIELD,
            )
        )
    return listed
