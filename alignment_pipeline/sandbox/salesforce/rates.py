"""Rates of exchange of an organisation with several currencies.

Belongs here: which rate holds for an amount, as Salesforce converts it: by close date where advanced currency management dates the
record, otherwise by the currency's one rate. Aggregates and `convertCurrency()` ask for it; a plain field is never converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.sandbox.salesforce.store import SalesforceStore

_TYPES, _DATED = "CurrencyType", "DatedConversionRate"
# the date field by which an object's amounts are dated
_DATED_BY = {"Opportunity": "CloseDate", "OpportunityHistory": "CloseDate"}


def are_kept(store: SalesforceStore) -> bool:
    """Whether the organisation has several currencies."""
    return _TYPES in store.tables


def converted(store: SalesforceStore, record: Mapping[str, Any], amount: float | None) -> float | None:
    """An amount of a record in the company's currency; one whose record has no currency is in it already."""
    code = record.get("CurrencyIsoCode")
    if amount is None or code is None:
        return amount
    schema = store.schema.of_id(str(record["Id"]))
    day = record.get(_DATED_BY.get(schema.name, "")) if schema else None
    dated = [row for row in store.tables[_DATED].values() if row["IsoCode"] == code and day and row["StartDate"] <= day]
    if dated:
        return float(amount) / max(dated, key=lambda row: row["StartDate"])["ConversionRate"]
    own = next((row for row in store.tables[_TYPES].values() if row["IsoCode"] == code), None)
    return float(amount) / own["ConversionRate"] if own else amount
