"""The bridge between two days: why open pipeline of a period is what it is, each deal on exactly one path.

Belongs here: the paths and their sums. Start + parts = end holds to the hundredth, since every amount is an integer of hundredths and
each deal's parts add up to the difference of its own two amounts. States on a day: `deals.py`.
"""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _

from alignment_pipeline.agreement.fiscal import Fiscal, FiscalPeriod
from alignment_pipeline.agreement.pipeline import Dimension
from alignment_pipeline.contracts.moments import moment
from alignment_pipeline.pipeline_metrics import deals

START, END = "start", "end"
PARTS = (
    "new", "pulled_in", "reopened", "transferred_in", "increased", "decreased", "won", "lost", "pushed_out", "transferred_out", "deleted",
)  # fmt: skip
_SIDE = ("scope", "opportunity_id", "is_closed", "is_won", "is_in", "cents", "has_amount", "created_at")


def movements(
    before: ibis.Table,
    after: ibis.Table,
    *,
    since: date,
    period: FiscalPeriod,
    dimensions: tuple[Dimension, ...],
    fiscal: Fiscal,
    booking_date: str,
) -> ibis.Table:
    """One row per scope, deal and part of the bridge: scope, opportunity_id, part, amount_cents (signed), has_amount.

    `before` and `after` are deals with their parts on the two days; `since` is the first of them. A deal whose states are the same on
    both days has no row; `start` and `end` have one row for each open deal.
    """
    concerned = _concerned(before, after, period, fiscal, booking_date)
    both = (table.semi_join(concerned, "opportunity_id") for table in (before, after))
    sides = [_side(deals.by_scope(table, dimensions), period, fiscal, booking_date) for table in both]
    then = sides[0].rename({f"{name}_0": name for name in _SIDE if name not in ("scope", "opportunity_id")})
    now = sides[1].rename({f"{name}_1": name for name in _SIDE if name not in ("scope", "opportunity_id")})
    pairs = then.outer_join(now, ["scope", "opportunity_id"])
    paired = pairs.mutate(
        scope=ibis.coalesce(pairs.scope, pairs.scope_right), opportunity_id=ibis.coalesce(pairs.opportunity_id, pairs.opportunity_id_right)
    ).drop("scope_right", "opportunity_id_right")
    # what the deal was as a whole tells a transfer from a deletion, and from one that was not there
    whole = {name: paired.filter(_.scope == "all").select("opportunity_id", **_whole(paired, name)) for name in ("0", "1")}
    joined = paired.left_join(whole["0"], "opportunity_id", rname="{name}_w0").left_join(whole["1"], "opportunity_id", rname="{name}_w1")
    # kept for the six parts that are read from it
    # held by the expression itself: what Ibis caches on a connection is dropped by the garbage collector before the parts are read
    return _parts(ibis.memtable(_pathed(joined.drop("opportunity_id_w0", "opportunity_id_w1"), since, fiscal).to_pyarrow()))


def _concerned(before: ibis.Table, after: ibis.Table, period: FiscalPeriod, fiscal: Fiscal, booking_date: str) -> ibis.Table:
    """Deals that can have a part: open in the period on the first day, or in it on the last. Of many deals these are few."""
    then = before.filter(~before.is_closed, deals.in_period(before, period, fiscal=fiscal, booking_date=booking_date))
    now = after.filter(deals.in_period(after, period, fiscal=fiscal, booking_date=booking_date))
    return ibis.union(then.select("opportunity_id"), now.select("opportunity_id"), distinct=True)


def _whole(paired: ibis.Table, place: str) -> dict[str, ibis.Value]:
    return {f"whole_{name}_{place}": paired[f"{name}_{place}"] for name in ("is_closed", "is_won", "is_in")}


def _side(scoped: ibis.Table, period: FiscalPeriod, fiscal: Fiscal, booking_date: str) -> ibis.Table:
    return scoped.mutate(
        is_in=deals.in_period(scoped, period, fiscal=fiscal, booking_date=booking_date).fill_null(False),
        cents=scoped.amount_cents.fill_null(0),
        has_amount=scoped.amount_cents.notnull(),
    ).select(*_SIDE)


def _pathed(pair: ibis.Table, since: date, fiscal: Fiscal) -> ibis.Table:
    """`enters` and `leaves`, each null where the deal does not; and whether it is in the set on each day."""
    end = moment(fiscal.end_of(since))
    is_there_0, is_there_1 = pair.is_closed_0.notnull(), pair.is_closed_1.notnull()
    in_set_0 = (is_there_0 & ~pair.is_closed_0 & pair.is_in_0).fill_null(False)
    in_set_1 = (is_there_1 & ~pair.is_closed_1 & pair.is_in_1).fill_null(False)
    was_lost = (pair.whole_is_closed_0 & ~pair.whole_is_won_0).fill_null(False)
    was_closed = pair.whole_is_closed_0.fill_null(False)
    was_in_other = (~pair.whole_is_closed_0 & pair.whole_is_in_0).fill_null(False) & ~in_set_0
    is_won_1 = (is_there_1 & pair.is_closed_1 & pair.is_won_1 & pair.is_in_1).fill_null(False)
    is_lost_1 = (is_there_1 & pair.is_closed_1 & ~pair.is_won_1 & pair.is_in_1).fill_null(False)
    # closed between: it was open, or not there, or lost and is won now
    closed_between = (is_won_1 & (~was_closed | was_lost)) | (is_lost_1 & ~was_closed)
    enters = ~in_set_0 & (in_set_1 | closed_between)
    entry = ibis.cases(
        (~enters, ibis.null("string")),
        (pair.created_at_1 >= end, "new"),
        (was_closed, "reopened"),
        (was_in_other, "transferred_in"),
        else_="pulled_in",
    )
    leaves = (in_set_0 & ~in_set_1) | (enters & ~in_set_1)
    leaving = ibis.cases(
        (~leaves, ibis.null("string")),
        (is_won_1, "won"),
        (is_lost_1, "lost"),
        (is_there_1, "pushed_out"),
        (pair.whole_is_closed_1.notnull(), "transferred_out"),
        else_="deleted",
    )
    return pair.mutate(in_set_0=in_set_0, in_set_1=in_set_1, entry=entry, leaving=leaving).view()


def _parts(pair: ibis.Table) -> ibis.Table:
    """The signed parts of each path."""
    cents_0, cents_1 = pair.cents_0.fill_null(0), pair.cents_1.fill_null(0)
    at_last = pair.leaving.isin(["won", "lost"])
    stays = pair.in_set_0 & (pair.in_set_1 | at_last)
    difference = cents_1 - cents_0
    last = ibis.ifelse(at_last, cents_1, ibis.ifelse(pair.in_set_0, cents_0, cents_1))
    has_0, has_1 = pair.has_amount_0.fill_null(False), pair.has_amount_1.fill_null(False)
    has_last = ibis.ifelse(at_last, has_1, ibis.ifelse(pair.in_set_0, has_0, has_1))
    rows = [
        _part(pair, pair.in_set_0, ibis.literal(START), cents_0, has_0),
        _part(pair, pair.entry.notnull(), pair.entry, cents_1, has_1),
        _part(pair, stays & (difference > 0), ibis.literal("increased"), difference, has_1),
        _part(pair, stays & (difference < 0), ibis.literal("decreased"), difference, has_0),
        _part(pair, pair.leaving.notnull(), pair.leaving, -last, has_last),
        _part(pair, pair.in_set_1, ibis.literal(END), cents_1, has_1),
    ]
    return ibis.union(*rows)


def _part(pair: ibis.Table, when: ibis.Value, part: ibis.Value, cents: ibis.Value, has_amount: ibis.Value) -> ibis.Table:
    columns = {"part": part.cast("string"), "amount_cents": cents.cast("int64"), "has_amount": has_amount.cast("boolean")}
    return pair.filter(when).select("scope", "opportunity_id", **columns)
