"""What each activity of a person or an account is worth, or why it does not count, worked out when somebody asks.

Belongs here: the rule of `scored_activities` over the few rows concerned. No run stores a row for every activity (docs/adr/0062).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import Read
from alignment_pipeline.operations import explain_moves
from alignment_pipeline.warehouse.warehouse import Warehouse

_OF_RECORDS = ("person_records", "record_periods", "activities")
_OF_PEOPLE = ("people", "person_accounts", "person_account_periods", "person_fits")


def of(warehouse: Warehouse, explained: Mapping[str, Any], *, agreement: Agreement) -> list[dict[str, Any]]:
    """`scored_activities` of whom `alignment explain` has found, newest first, as of the last run.

    Raises ConfigurationError when the last run decided under another agreement: its points would not be these.
    """
    about = explained["score"] or explained["fit"]
    if about is None:
        return []
    if about["agreement_version"] != agreement.version:
        raise ConfigurationError(
            "the agreement has changed since the last run, so its points cannot be shown activity by activity; run `alignment run` first"
        )
    if explained["kind"] == "person":
        rows = scored(warehouse, [str(explained["person"]["person_id"])], agreement=agreement, as_of=about["as_of"])
    else:
        account_id = explained["account"]["account_id"]
        people = explain_moves.people_of(warehouse, account_id)
        rows = explain_moves.while_on(warehouse, scored(warehouse, people, agreement=agreement, as_of=about["as_of"]), account_id)
    return rows.order_by(ibis.desc("occurred_at"), "activity_id").to_pyarrow().to_pylist()


def scored(warehouse: Warehouse, people: list[str], *, agreement: Agreement, as_of: datetime) -> ibis.Table:
    """`scored_activities` of some people. Bursts, repeats and caps are of one person each, so nobody else's activities are needed. An
    activity counts for the person of its moment, so everybody who has or had one of their records is read as well."""
    tables = {name: warehouse.read(name) for name in (*_OF_RECORDS, *_OF_PEOPLE)}
    of_records = [tables[name].select("source_key", "person_id") for name in ("person_records", "record_periods")]
    held = ibis.union(*of_records)
    keys = held.filter(held.person_id.isin(people)).select("source_key").distinct()
    everybody = held.semi_join(keys, "source_key").select("person_id").distinct()
    tables |= {name: tables[name].semi_join(keys, "source_key") for name in _OF_RECORDS}
    tables |= {name: tables[name].semi_join(everybody, "person_id") for name in _OF_PEOPLE}
    rows = _by_the_rule(warehouse, tables, agreement=agreement, as_of=as_of)
    return rows.filter(rows.person_id.isin(people))


def everybodys(warehouse: Warehouse, *, agreement: Agreement, as_of: datetime) -> ibis.Table:
    """`scored_activities` of all people, for those who look at many of them."""
    return _by_the_rule(warehouse, {}, agreement=agreement, as_of=as_of)


def of_the_last_run(warehouse: Warehouse, *, agreement: Agreement) -> ibis.Table | None:
    """`scored_activities` of all people as the last run counted them; None when it counted none, or under another agreement."""
    factors = warehouse.read("person_engagement_factors")
    last = factors.aggregate(as_of=factors.as_of.max(), version=factors.agreement_version.max()).to_pyarrow().to_pylist()[0]
    if last["version"] != agreement.version:
        return None
    return everybodys(warehouse, agreement=agreement, as_of=last["as_of"])


def _by_the_rule(warehouse: Warehouse, tables: Mapping[str, ibis.Table], *, agreement: Agreement, as_of: datetime) -> ibis.Table:
    def read(one: Read) -> ibis.Table:
        return tables[one.table] if one.table in tables else warehouse.read(one.table)

    rows: ibis.Table = line.maker("scored_activities").call(read, agreement=agreement, as_of=as_of)["scored_activities"]
    return rows
