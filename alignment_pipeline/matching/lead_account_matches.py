"""The matcher on people: everyone without a contact on an account is a lead to be matched."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from alignment_pipeline.agreement.matching import Matching
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.match import match_leads
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.settings import MatchingSettings

_CONTRACT = CONTRACTS["lead_account_matches"]
_DEFAULTS = MatchingSettings()


def settings_of(matching: Matching, *, agreement_version: str, demoted: Collection[str] = ()) -> MatchingSettings:
    """The agreement's `matching` section as the matcher takes it; `demoted` are rules whose labels speak against them."""
    section = {name: _like(getattr(_DEFAULTS, name), getattr(matching, name)) for name in Matching.model_fields}
    section["demoted_rules"] |= frozenset(demoted)
    return MatchingSettings(**section, agreement_version=agreement_version)


def _like(default: Any, value: Any) -> Any:
    """The agreement's list as the settings keep it: a set where the order means nothing, otherwise a tuple."""
    if isinstance(default, frozenset):
        return frozenset(value)
    return tuple(tuple(one) if isinstance(one, list) else one for one in value) if isinstance(default, tuple) else value


def account_index(
    accounts: ibis.Table, contacts: ibis.Table, *, settings: MatchingSettings, rarity: RarityTable | None = None
) -> AccountIndex:
    """The index of living accounts, with alternate domains learned from their contacts' addresses."""
    rows = accounts.order_by("account_id").to_pyarrow()
    known = contacts.filter(_.account_id.notnull(), _.email.notnull()).select("account_id", "email").order_by("account_id", "email")
    return AccountIndex.build(rows, settings=settings, rarity=rarity, contacts=known.to_pyarrow())


def people_to_match(people: ibis.Table) -> ibis.Table:
    """One row per person whom no contact and no conversion ties to an account, in the matcher's columns; our own people are left out."""
    return people.filter(_.contact_account_id.isnull(), _.converted_account_id.isnull(), ~_.is_internal).select(
        "person_id", "company", "email", "website", "country", "state", "city", "phone", lead_id=_.person_id, crm_lead_id=_.lead_id
    )


def lead_account_matches(
    people: ibis.Table,
    index: AccountIndex,
    *,
    settings: MatchingSettings,
    as_of: datetime,
    agreement_version: str,
    always: pa.Table | None = None,
    never: pa.Table | None = None,
) -> ibis.Table:
    """One row per person to match. `always` and `never` hold person_id, account_id: what people said."""
    wanted = people_to_match(people).order_by("lead_id").to_pyarrow()
    corrections = {
        name: table.rename_columns(["lead_id", "account_id"]) if table is not None else None
        for name, table in (("always", always), ("never", never))
    }
    matches = match_leads(wanted, index, settings=settings, **corrections)
    rows = matches.num_rows
    columns = {
        "person_id": matches["lead_id"],
        "lead_id": wanted["crm_lead_id"],
        "account_id": matches["account_id"],
        "decision": matches["decision"],
        "confidence": matches["confidence"],
        "method": matches["method"],
        "reason": matches["reason"],
        "runner_up_id": matches["runner_up_id"],
        "margin": matches["margin"],
        "tie_breaker": matches["tie_breaker"],
        "evidence": pc.coalesce(matches["evidence"], pa.scalar("[]")),
        "as_of": pa.array([as_of] * rows, pa.timestamp("us", tz="UTC")),
        "agreement_version": pa.array([agreement_version] * rows, pa.string()),
    }
    nullable = pa.schema([field.with_nullable(True) for field in _CONTRACT.schema])
    table = pa.table({field.name: columns[field.name].cast(field.type) for field in nullable}, schema=nullable)
    return ibis.memtable(table)
