"""Why a person or an account is where it is: all rows of the published tables about one of them.

Belongs here: finding who is meant, and collecting rows. Nothing is decided here; every number and reason comes from a table. What
happened to them in order of time: `timeline.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import explain_moves
from alignment_pipeline.warehouse import views
from alignment_pipeline.warehouse.warehouse import Warehouse

_JSON = ("evidence", "top_factors", "fit_factors", "fit_gaps", "bant_gaps", "missing", "missing_roles", "paths")
MOST = 50
MOST_NAMED = 10
TABLES = (
    "accounts",
    "people",
    "person_records",
    "record_periods",
    "contacts",
    "leads",
    "marketing_persons",
    "users",
    "person_accounts",
    "person_account_periods",
    "person_account_factors",
    "lead_account_matches",
    "person_scores",
    "person_engagement_factors",
    "person_fits",
    "person_stages",
    "person_stage_changes",
    "account_tiers",
    "account_fits",
    "account_scores",
    "account_engagement_factors",
    "account_mqa_statuses",
    "account_mqa_changes",
    "account_stages",
    "account_stage_changes",
    "sla_clocks",
)


@dataclass(frozen=True)
class Source:
    """Published tables on a DuckDB connection, by their names. `copies` names, per table and column, a copy ordered by that column."""

    connection: duckdb.DuckDBPyConnection
    copies: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def query(self, text: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a SELECT."""
        rows: list[dict[str, Any]] = self.connection.execute(text, list(values)).to_arrow_table().to_pylist()
        return [_read(row) for row in rows]

    def named(self, table: str, column: str = "") -> str:
        """The table, or its copy that is ordered by the column, as SQL names it."""
        return f'"{self.copies.get((table, column), table)}"'

    def one(self, table: str, **wanted: str) -> dict[str, Any] | None:
        """The row that has these values, or None."""
        rows = self.query(f"SELECT * FROM {self.named(table, next(iter(wanted)))} WHERE {_where(wanted)} LIMIT 1", *wanted.values())
        return rows[0] if rows else None

    def rows(self, table: str, order: str, *, limit: int = MOST, **wanted: str) -> list[dict[str, Any]]:
        """The first rows that have these values."""
        return self._ordered(self.named(table, next(iter(wanted))), "*", _where(wanted), order, limit, wanted.values())

    def among(
        self, table: str, column: str, values: Sequence[str], order: str, *, limit: int = MOST, columns: str = "*"
    ) -> list[dict[str, Any]]:
        """The first rows whose column is one of the values. Written as a list: an index is used for it, and not for a subquery."""
        if not values:
            return []
        where = f'"{column}" IN ({", ".join("?" * len(values))})'
        return self._ordered(self.named(table, column), columns, where, order, limit, values)

    def _ordered(self, table: str, columns: str, where: str, order: str, limit: int, values: Iterable[str]) -> list[dict[str, Any]]:
        # found first and ordered then: DuckDB 1.5.6 uses no index for a WHERE with ORDER BY and LIMIT (50 ms instead of 2 with a million)
        query = f"WITH chosen AS MATERIALIZED (SELECT {columns} FROM {table} WHERE {where})"
        return self.query(f"{query} SELECT * FROM chosen ORDER BY {order} LIMIT {int(limit)}", *values)


def _where(wanted: Mapping[str, str]) -> str:
    return " AND ".join(f'"{column}" = ?' for column in wanted)


def source_of(warehouse: Warehouse, *names: str) -> Source:
    """The published tables that an explanation reads."""
    return Source(views.read_only({name: warehouse.files(name) for name in (*TABLES, *names)}, is_described=False))


def explain(warehouse: Warehouse, wanted: str) -> dict[str, Any]:
    """The explanation of an account or person.

    `wanted` is a Salesforce id (15 or 18 characters), a Marketo id, a person id, an e-mail address or a name. Raises ConfigurationError
    when nothing published has it, or when several people or accounts have that name or that address.
    """
    name = wanted.strip()
    source = source_of(warehouse)
    account = _account_id(source, name)
    if account is not None:
        return of_account(source, account)
    named = _people_with(source, name) or _named(source, name)
    if len(named) == 1:
        return of_account(source, named[0].id) if named[0].is_account else of_person(source, named[0].id)
    if named:
        listed = "".join(f"\n  {one.id}  {one.description}" for one in named[:MOST_NAMED])
        rest = f"\n  and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        said = "people have the address" if "@" in name else "people or accounts are called"
        raise ConfigurationError(f"{len(named)} {said} {wanted!r}; give one of these ids:{listed}{rest}")
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


def _named(source: Source, name: str) -> list[Named]:
    """Accounts and people of exactly that name, or else those whose name contains it; case does not count."""
    if not name:
        return []
    for fits in ("lower({}) = lower(?)", "contains(lower({}), lower(?))"):
        accounts = source.query(
            f"SELECT account_id AS id, name, country AS more FROM accounts WHERE {fits.format('name')} ORDER BY name, id", name
        )
        people = source.query(
            f"SELECT person_id AS id, {_FULL_NAME} AS name, company AS more FROM people WHERE {fits.format(_FULL_NAME)} ORDER BY name, id",
            name,
        )
        listed = [(row, True) for row in accounts] + [(row, False) for row in people]
        if listed:
            return [Named(row["id"], _joined(row["name"], row["more"]), is_it) for row, is_it in listed]
    return []


def of_person(source: Source, person_id: str) -> dict[str, Any]:
    """Who they are, which account and why, what their score is made of, where they stand and since when, and their clocks."""
    person = source.one("people", person_id=person_id)
    assert person is not None
    stage = source.one("person_stages", person_id=person_id)
    match = source.one("lead_account_matches", person_id=person_id)
    account = source.one("person_accounts", person_id=person_id)
    periods = source.rows("person_account_periods", "from_at", person_id=person_id)
    ids = [row[key] for row in (match, account, *periods) if row for key in ("account_id", "runner_up_id") if row.get(key)]
    names = _account_names(source, ids)
    return {
        "kind": "person",
        "person": person,
        "records": source.rows("person_records", "source_key", person_id=person_id),
        "periods": source.rows("record_periods", "from_at, source_key", person_id=person_id),
        "account": account,
        "account_names": names,
        "account_periods": periods,
        "moves": explain_moves.sentences(periods, account, names),
        "match": match,
        "score": source.one("person_scores", person_id=person_id),
        "factors": source.rows("person_engagement_factors", "contribution_micro DESC, factor", person_id=person_id),
        "fit": source.one("person_fits", person_id=person_id),
        "stage": stage,
        "owner_name": _owner_name(source, stage),
        "stage_history": source.rows("person_stage_changes", "sequence", person_id=person_id),
        "clocks": source.rows("sla_clocks", "started_at DESC, clock_id", person_id=person_id),
    }


def of_account(source: Source, account_id: str) -> dict[str, Any]:
    """Its tier, what its score is made of and who is behind it, whether it is an MQA or what is missing, and its stage."""
    stage = source.one("account_stages", account_id=account_id)
    return {
        "kind": "account",
        "account": source.one("accounts", account_id=account_id),
        "tier": source.one("account_tiers", account_id=account_id),
        "fit": source.one("account_fits", account_id=account_id),
        "score": source.one("account_scores", account_id=account_id),
        "factors": source.rows("account_engagement_factors", "contribution_micro DESC, factor", account_id=account_id),
        "people": _people_of(source, account_id),
        "mqa": source.one("account_mqa_statuses", account_id=account_id),
        "mqa_history": source.rows("account_mqa_changes", "sequence", account_id=account_id),
        "stage": stage,
        "owner_name": _owner_name(source, stage),
        "stage_history": source.rows("account_stage_changes", "sequence", account_id=account_id),
        "clocks": source.rows("sla_clocks", "started_at DESC, clock_id", subject_id=account_id),
    }


def _people_of(source: Source, account_id: str) -> list[dict[str, Any]]:
    """The people of an account with the most points, those who left it among them."""
    ids = [row["person_id"] for row in source.rows("person_accounts", "person_id", limit=_MOST_PEOPLE, account_id=account_id)]
    people = _scores(source, ids)
    moved = source.rows("person_account_periods", "person_id, from_at", limit=_MOST_PEOPLE, account_id=account_id)
    if not moved:
        return [row | {"until_at": None} for row in people]
    credited = sorted({row["account_id"] for row in people if row["account_id"]}) or [account_id]
    parts = source.among("person_account_factors", "account_id", credited, "person_id, factor", limit=_MOST_PEOPLE)
    left = _scores(source, sorted({row["person_id"] for row in moved} - set(ids)))
    return explain_moves.with_those_who_left(people, left, moved, parts)


def _scores(source: Source, ids: list[str]) -> list[dict[str, Any]]:
    scores = source.among("person_scores", "person_id", ids, "engagement_points DESC, person_id", columns=_SCORE)
    named = source.among("people", "person_id", [row["person_id"] for row in scores], "person_id", columns=_NAME)
    people = {row["person_id"]: row for row in named}
    return [row | people[row["person_id"]] for row in scores if row["person_id"] in people]


_MOST_PEOPLE = 2_000
_FULL_NAME = "trim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))"
_SCORE = "person_id, account_id, engagement_points, persona, committee_role, score_reason, is_engaged"
_NAME = "person_id, email, first_name, last_name, title"


def _account_id(source: Source, name: str) -> str | None:
    fits = "starts_with(account_id, ?)" if len(name) == 15 else "account_id = ?"
    return _first(source.query(f"SELECT account_id AS id FROM accounts WHERE {fits} ORDER BY 1 LIMIT 1", name))


def _people_with(source: Source, name: str) -> list[Named]:
    """Who has this id or this e-mail address; an address can be that of several people."""
    if "@" in name:
        return _people_with_email(source, name.lower())
    by_id = "starts_with(record_id, ?)" if len(name) == 15 else "record_id = ?"
    query = f"SELECT person_id AS id FROM person_records WHERE {by_id} OR source_key = ? OR person_id = ? ORDER BY 1 LIMIT 1"
    return _people(source, [row["id"] for row in source.query(query, name, name, name)])


def _people_with_email(source: Source, email: str) -> list[Named]:
    """The people whose best e-mail it is, or who have a record with it: contacts first, then leads, then marketing."""
    ids = [row["id"] for row in source.query("SELECT person_id AS id FROM people WHERE email = ?", email)]
    for table, key in (("contacts", "'contact:' || contact_id"), ("leads", "'lead:' || lead_id"), ("marketing_persons", "source_key")):
        if ids:
            break
        keys = f"SELECT {key} FROM {table} WHERE email = ?"
        query = f"SELECT DISTINCT person_id AS id FROM person_records WHERE source_key IN ({keys})"
        ids = [row["id"] for row in source.query(query, email)]
    return _people(source, ids)


def _people(source: Source, ids: list[str]) -> list[Named]:
    columns = f"person_id AS id, {_FULL_NAME} AS name, company"
    return [
        Named(row["id"], _joined(row["name"], row["company"]), is_account=False)
        for row in source.among("people", "person_id", ids, "id", columns=columns)
    ]


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _first(rows: list[dict[str, Any]]) -> str | None:
    return rows[0]["id"] if rows else None


def _account_names(source: Source, ids: list[str]) -> dict[str, str]:
    rows = source.among("accounts", "account_id", ids, "account_id", columns="account_id, name")
    return {row["account_id"]: row["name"] for row in rows}


def _owner_name(source: Source, stage: dict[str, Any] | None) -> str | None:
    """The name of the user who is responsible in a stage."""
    if stage is None or not stage["owner_id"]:
        return None
    user = source.one("users", user_id=stage["owner_id"])
    return user["name"] if user else None


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) if name in _JSON and value else value for name, value in row.items()}
