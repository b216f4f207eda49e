"""Spans of deals for tests: a test names only what matters to it; amounts in thousands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.contracts.pipeline import OPPORTUNITY_STATES
from alignment_pipeline.pipeline_metrics import deals

FISCAL = Fiscal()
Q4 = FISCAL.period_of(date(2026, 11, 1))


def at(month: int, day: int, hour: int = 8, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def span(
    deal: str, begin: datetime, end: datetime | None = None, amount: float | None = 100, close: date = Q4.last, **more: Any
) -> dict[str, Any]:
    """One span; `stage` is `open`, `won` or `lost` unless named."""
    stage = more.get("stage", "open")
    usual = {
        "opportunity_id": deal,
        "valid_from_at": begin,
        "valid_to_at": end,
        "stage": stage,
        "stage_order": None,
        "stage_entered_at": begin,
        "is_closed": stage in ("won", "lost"),
        "is_won": stage == "won",
        "is_deleted": False,
        "is_reconstructed": False,
        "amount": amount,
        "currency": "USD",
        "amount_cents": None if amount is None else round(amount * 100_000),
        "probability_pct": 50.0,
        "close_on": close,
        "closed_at": begin if stage in ("won", "lost") else None,
        "forecast_category": "Pipeline",
        "owner_id": "ann",
        "account_id": "acme",
        "opportunity_type": "New",
        "lead_source": "Web",
        "campaign_id": None,
        "created_at": begin,
    }
    return usual | more


def life(deal: str, *spans: dict[str, Any]) -> list[dict[str, Any]]:
    """Spans of one deal in their order: each ends where the next begins; created with the first."""
    ends = [*[one["valid_from_at"] for one in spans[1:]], None]
    return [
        one | {"opportunity_id": deal, "valid_to_at": end, "created_at": spans[0]["valid_from_at"]}
        for one, end in zip(spans, ends, strict=True)
    ]


def states(*rows: dict[str, Any] | Iterable[dict[str, Any]]) -> ibis.Table:
    flat = [one for row in rows for one in ([row] if isinstance(row, dict) else row)]
    return ibis.memtable(pa.Table.from_pylist(flat, schema=pa.schema([field.with_nullable(True) for field in OPPORTUNITY_STATES.schema])))


def parted(table: ibis.Table) -> ibis.Table:
    """Deals with dimensions: the owner is the team too, tier 1."""
    return table.mutate(
        team=table.owner_id, owner=table.owner_id, segment=ibis.literal("(none)"), tier=ibis.literal("1"), source=table.lead_source,
        program=ibis.literal("(none)"),
    )  # fmt: skip


def deals_at(table: ibis.Table, day: date) -> ibis.Table:
    return parted(deals.deals_on(table, day, fiscal=FISCAL))
