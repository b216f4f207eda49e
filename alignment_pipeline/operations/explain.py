"""Why a person or an account is where it is: all rows of the published tables about one of them.

Belongs here: finding who is meant, and collecting rows. Nothing is decided here; every number and reason comes from a table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import ibis
from ibis import _

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.warehouse.warehouse import Warehouse

_JSON = ("evidence", "top_factors", "fit_factors", "fit_gaps", "bant_gaps", "missing", "missing_roles", "paths")
MOST = 50
MOST_NAMED = 10


def explain(warehouse: Warehouse, wanted: str) -> dict[str, Any]:
    """The explanation of an account or person.

    `wanted` is a Salesforce id (15 or 18 characters), a Marketo id, a person id, an e-mail address or a name. Raises ConfigurationError
    when nothing published has it, or when several people or accounts have that name.
    """
    name = wanted.strip()
    account = _account_id(warehouse, name)
    if account is not None:
        return of_account(warehouse, account)
    person = _person_id(warehouse, name)
    if person is not None:
        return of_person(warehouse, person)
    named = _named(warehouse, name)
    if len(named) == 1:
        return of_account(warehouse, named[0].id) if named[0].is_account else of_person(warehouse, named[0].id)
    if named:
        listed = "".join(f"\n  {one.id}  {one.description}" for one in named[:MOST_NAMED])
        rest = f"\n  and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        raise ConfigurationError(f"{len(named)} people or accounts are called {wanted!r}; give one of these ids:{listed}{rest}")
    raise ConfigurationError(
        f"no person or account is called {wanted!r}. Give a lead, contact or account id (15 or 18 characters), a Marketo id, an e-mail "
        "or a name. Records that arrived after the last `alignment run` are not known yet"
    )


@dataclass(frozen=True)
class Named:
    """A person or an account that has the name somebody asked for."""

    id: str
    description: str
    is_account: bool


def _named(warehouse: Warehouse, name: str) -> list[Named]:
    """Accounts and people of exactly that name, or else those whose name contains it; case does not count."""
    if not name:
        return []
    accounts = warehouse.read("accounts").select("account_id", "name", "country")
    people = warehouse.read("people").select("person_id", "first_name", "last_name", "company")
    full = (people.first_name.fill_null("") + " " + people.last_name.fill_null("")).strip()
    people = people.mutate(name=full)
    for fits in (lambda column: column.lower() == name.lower(), lambda column: column.lower().contains(name.lower())):
        found = [
            Named(row["account_id"], ", ".join(part for part in (row["name"], row["country"]) if part), True)
            for row in accounts.filter(fits(accounts.name)).order_by("name", "account_id").to_pyarrow().to_pylist()
        ] + [
            Named(row["person_id"], ", ".join(part for part in (row["name"], row["company"]) if part), False)
            for row in people.filter(fits(people.name)).order_by("name", "person_id").to_pyarrow().to_pylist()
        ]
        if found:
            return found
    return []


def of_person(warehouse: Warehouse, person_id: str) -> dict[str, Any]:
    """Who they are, which account and why, what their score is made of, where they stand and since when, and their clocks."""
    person = _one(warehouse, "people", person_id=person_id)
    assert person is not None
    stage = _one(warehouse, "person_stages", person_id=person_id)
    match = _one(warehouse, "lead_account_matches", person_id=person_id)
    account = _one(warehouse, "person_accounts", person_id=person_id)
    names = _account_names(
        warehouse, [row[key] for row in (match, account) if row for key in ("account_id", "runner_up_id") if row.get(key)]
    )
    return {
        "kind": "person",
        "person": person,
        "records": _rows(warehouse, "person_records", "source_key", person_id=person_id),
        "account": account,
        "account_names": names,
        "match": match,
        "score": _one(warehouse, "person_scores", person_id=person_id),
        "factors": _rows(warehouse, "person_engagement_factors", ibis.desc("contribution_micro"), person_id=person_id),
        "fit": _one(warehouse, "person_fits", person_id=person_id),
        "stage": stage,
        "owner_name": _owner_name(warehouse, stage),
        "stage_history": _rows(warehouse, "person_stage_changes", "sequence", person_id=person_id),
        "clocks": _rows(warehouse, "sla_clocks", ibis.desc("started_at"), person_id=person_id),
    }


def of_account(warehouse: Warehouse, account_id: str) -> dict[str, Any]:
    """Its tier, what its score is made of and who is behind it, whether it is an MQA or what is missing, and its stage."""
    stage = _one(warehouse, "account_stages", account_id=account_id)
    people = warehouse.read("person_accounts").filter(_.account_id == account_id).select("person_id")
    scores = warehouse.read("person_scores").select(
        "person_id", "engagement_points", "persona", "committee_role", "score_reason", "is_engaged"
    )
    named = warehouse.read("people").select("person_id", "email", "first_name", "last_name", "title")
    behind = people.inner_join(scores, "person_id").inner_join(named, "person_id").order_by(ibis.desc("engagement_points"), "person_id")
    return {
        "kind": "account",
        "account": _one(warehouse, "accounts", account_id=account_id),
        "tier": _one(warehouse, "account_tiers", account_id=account_id),
        "fit": _one(warehouse, "account_fits", account_id=account_id),
        "score": _one(warehouse, "account_scores", account_id=account_id),
        "factors": _rows(warehouse, "account_engagement_factors", ibis.desc("contribution_micro"), account_id=account_id),
        "people": [_read(row) for row in behind.limit(MOST).to_pyarrow().to_pylist()],
        "mqa": _one(warehouse, "account_mqa_statuses", account_id=account_id),
        "mqa_history": _rows(warehouse, "account_mqa_changes", "sequence", account_id=account_id),
        "stage": stage,
        "owner_name": _owner_name(warehouse, stage),
        "stage_history": _rows(warehouse, "account_stage_changes", "sequence", account_id=account_id),
        "clocks": _rows(warehouse, "sla_clocks", ibis.desc("started_at"), subject_id=account_id),
    }


def _account_id(warehouse: Warehouse, name: str) -> str | None:
    accounts = warehouse.read("accounts")
    return _first(accounts.filter(accounts.account_id.startswith(name) if len(name) == 15 else accounts.account_id == name), "account_id")


def _person_id(warehouse: Warehouse, name: str) -> str | None:
    records = warehouse.read("person_records")
    if "@" in name:
        return _person_by_email(warehouse, name.lower())
    by_id = records.record_id.startswith(name) if len(name) == 15 else records.record_id == name
    by_key = (records.source_key == name) | (records.person_id == name)
    return _first(records.filter(by_id | by_key).order_by("person_id"), "person_id")


def _person_by_email(warehouse: Warehouse, email: str) -> str | None:
    """The person whose best e-mail it is, or who has a record with it: contacts first, then leads, then marketing."""
    people = warehouse.read("people")
    found = _first(people.filter(people.email == email).order_by("person_id"), "person_id")
    for table, key in (("contacts", "contact"), ("leads", "lead"), ("marketing_persons", None)):
        if found is not None:
            return found
        rows = warehouse.read(table)
        mine = rows.filter(rows.email == email)
        keys = mine.select(source_key=mine.source_key if key is None else ibis.literal(f"{key}:") + mine[f"{key}_id"])
        found = _first(warehouse.read("person_records").semi_join(keys, "source_key").order_by("person_id"), "person_id")
    return found


def _first(rows: ibis.Table, column: str) -> str | None:
    found = rows.select(column).limit(1).to_pyarrow().column(column).to_pylist()
    return found[0] if found else None


def _account_names(warehouse: Warehouse, ids: list[str]) -> dict[str, str]:
    if not ids:
        return {}
    rows = warehouse.read("accounts").filter(_.account_id.isin(ids)).select("account_id", "name").to_pyarrow().to_pylist()
    return {row["account_id"]: row["name"] for row in rows}


def _owner_name(warehouse: Warehouse, stage: dict[str, Any] | None) -> str | None:
    """The name of the user who is responsible in a stage."""
    if stage is None or not stage["owner_id"]:
        return None
    user = _one(warehouse, "users", user_id=stage["owner_id"])
    return user["name"] if user else None


def _one(warehouse: Warehouse, table: str, **wanted: str) -> dict[str, Any] | None:
    rows = _filtered(warehouse, table, wanted).limit(1).to_pyarrow().to_pylist()
    return _read(rows[0]) if rows else None


def _rows(warehouse: Warehouse, table: str, order: Any, **wanted: str) -> list[dict[str, Any]]:
    return [_read(row) for row in _filtered(warehouse, table, wanted).order_by(order).limit(MOST).to_pyarrow().to_pylist()]


def _filtered(warehouse: Warehouse, table: str, wanted: dict[str, str]) -> ibis.Table:
    rows = warehouse.read(table)
    return rows.filter(*[rows[column] == value for column, value in wanted.items()])


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) if name in _JSON and value else value for name, value in row.items()}
