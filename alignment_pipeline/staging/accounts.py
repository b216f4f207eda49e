"""Accounts as the CRM knows them now, with what their contacts and opportunities say of them."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.parties import People
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging.inputs import add_inputs
from alignment_pipeline.staging.sources import typed


def accounts(current: ibis.Table, *, contacts: ibis.Table, opportunities: ibis.Table, definitions: People, crm: Crm) -> ibis.Table:
    """One row per living account.

    Takes the current versions of raw_salesforce_accounts (`versions.living`) and the staged contacts and opportunities.
    A customer is an account of a customer type, or with a won opportunity.
    """
    base = add_inputs(
        typed(current, "raw_salesforce_accounts"), object_="Account", meanings=("is_target_flagged", "is_do_not_sync"), crm=crm
    )
    won = (
        opportunities.filter(_.account_id.notnull())
        .group_by("account_id")
        .agg(
            has_won=_.is_won.any(),
            has_open=(~_.is_closed).any(),
            open_usd=_.amount_usd.sum(where=~_.is_closed),
        )
    )
    counts = contacts.filter(_.account_id.notnull()).group_by("account_id").agg(contact_count=_.count())
    joined = base.left_join(won, "account_id", rname="{name}_won").left_join(counts, "account_id", rname="{name}_counts")
    tops = ibis.memtable(_tops(base.select("account_id", "parent_account_id").to_pyarrow()))
    joined = joined.left_join(tops, "account_id", rname="{name}_tops")
    return joined.mutate(
        parent_account_id=_.living_parent_id,
        ultimate_account_id=_.ultimate_account_id.fill_null(_.account_id),
        is_customer=_is_type(joined, definitions.customer_account_types) | _.has_won.fill_null(False),
        has_open_opportunity=_.has_open.fill_null(False),
        open_pipeline_usd=_.open_usd.fill_null(0.0),
        contact_count=_.contact_count.fill_null(0),
    ).select(*CONTRACTS["accounts"].names)


def _is_type(table: ibis.Table, types: list[str]) -> ibis.Value:
    """The type is one of `types`, or begins with one and ' - ' (Salesforce's own 'Customer - Direct'); case does not matter."""
    given = table.account_type.lower()
    tests = [(given == name.lower()) | given.startswith(f"{name.lower()} - ") for name in types]
    return ibis.or_(*tests).fill_null(False) if tests else ibis.literal(False)


def _tops(rows: pa.Table) -> pa.Table:
    """Living parent and top of the hierarchy per account; a circle is cut at its smallest id, which becomes its top."""
    ids = rows.column("account_id").to_pylist()
    alive = set(ids)
    parents = {
        child: parent
        for child, parent in zip(ids, rows.column("parent_account_id").to_pylist(), strict=True)
        if parent in alive and parent != child
    }
    tops: dict[str, str] = {}
    cut: set[str] = set()
    for account in sorted(ids):
        top = _climb(account, parents, tops, cut)
        tops[account] = top
    return pa.table(
        {
            "account_id": pa.array(ids, pa.string()),
            "living_parent_id": pa.array([None if account in cut else parents.get(account) for account in ids], pa.string()),
            "ultimate_account_id": pa.array([tops[account] for account in ids], pa.string()),
        }
    )


def _climb(account: str, parents: Mapping[str, str], tops: Mapping[str, str], cut: set[str]) -> str:
    path = [account]
    while path[-1] in parents and path[-1] not in cut:
        parent = parents[path[-1]]
        if parent in tops:
            return tops[parent]
        if parent in path:
            top = min(path[path.index(parent) :])
            cut.add(top)
            return top
        path.append(parent)
    return path[-1]
