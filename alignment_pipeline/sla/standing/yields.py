"""Yields: what one more known contact at an account is worth, measured from what came of accounts by how many we knew.

Belongs here: `contact_yields`, from which new-contact targets are set. Contacts count as of the window's begin and opportunities
inside it, so that contacts which an opportunity brought along prove nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import datetime, timedelta

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.sla import CONTACT_YIELDS
from alignment_pipeline.sla.arrays import fetch


def contact_yields(
    accounts: ibis.Table, contacts: ibis.Table, opportunities: ibis.Table, *, sla: Sla, as_of: datetime, agreement_version: str
) -> ibis.Table:
    """`contact_yields` over accounts that existed when the window began and had no open opportunity then."""
    terms = sla.contact_yield
    begin = as_of - timedelta(days=terms.window_days)
    known = Counter(
        row["account_id"]
        for row in fetch(contacts, "account_id", "created_at").to_pylist()
        if row["account_id"] and row["created_at"] <= begin
    )
    busy, won_over = set(), set()
    for row in fetch(opportunities, "account_id", "created_at", "closed_at").to_pylist():
        if row["created_at"] <= begin and (row["closed_at"] is None or row["closed_at"] > begin):
            busy.add(row["account_id"])
        elif begin < row["created_at"] <= as_of:
            won_over.add(row["account_id"])
    sizes: list[list[int]] = [[] for _ in terms.classes]
    hits = [0] * len(terms.classes)
    for row in fetch(accounts, "account_id", "created_at").to_pylist():
        account, count = row["account_id"], known[row["account_id"]]
        place = bisect_right(terms.classes, count) - 1
        if row["created_at"] <= begin and account not in busy and place >= 0:
            sizes[place].append(count)
            hits[place] += account in won_over
    rates = [100.0 * hit / len(mine) if len(mine) >= terms.min_accounts else None for hit, mine in zip(hits, sizes, strict=True)]
    out = []
    for place, smallest in enumerate(terms.classes):
        following = terms.classes[place + 1] if place + 1 < len(terms.classes) else None
        gain = _gain(sizes, rates, place + 1) if following is not None else None
        is_worth_it = following is not None and gain is not None and gain >= terms.min_marginal_pct
        out.append(
            {
                "contacts_from": smallest,
                "contacts_to": None if following is None else following - 1,
                "accounts": len(sizes[place]),
                "with_opportunity": hits[place],
                "opportunity_rate_pct": rates[place],
                "marginal_rate_pct": _gain(sizes, rates, place),
                "contacts_to_add": sum(following - count for count in sizes[place]) if is_worth_it and following is not None else 0,
                "as_of": as_of,
                "agreement_version": agreement_version,
            }
        )
    return ibis.memtable(pa.Table.from_pylist(out, schema=CONTACT_YIELDS.schema))


def _gain(sizes: list[list[int]], rates: list[float | None], place: int) -> float | None:
    """Points of rate per further contact, from the class before to this one."""
    if not place or rates[place] is None or rates[place - 1] is None:
        return None
    more = sum(sizes[place]) / len(sizes[place]) - sum(sizes[place - 1]) / len(sizes[place - 1])
    return (float(rates[place] or 0.0) - float(rates[place - 1] or 0.0)) / more
