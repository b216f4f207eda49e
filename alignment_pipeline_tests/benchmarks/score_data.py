"""Made-up activity at scale for `bench_score.py`: people, accounts and activities as Parquet in the shape of their contracts.

Belongs here: generation in DuckDB, the same for the same sizes. Nothing in it is about real people.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from alignment_pipeline.contracts import CONTRACTS

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
_NOW = "TIMESTAMPTZ '2026-11-21 08:00:00+00'"
_TITLES = "['CEO','CFO','VP Marketing','VP Sales','Director of IT','Marketing Manager','Sales Manager','Engineer','Analyst',NULL]"
_SQL_TYPES = {"string": "VARCHAR", "json": "VARCHAR", "int64": "BIGINT", "float64": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
_FILL = {"string": "''", "json": "''", "int64": "0", "float64": "0.0", "boolean": "false", "date": "DATE '2025-01-01'"}
# heavy-tailed: a few people do most; hash() spreads ids the same way on every run
_PERSON = "(pow(hash(i * 7 + 1) / 18446744073709551615.0, 2.5) * {people})::BIGINT"


def generate(folder: Path, *, people: int, accounts: int, activities: int) -> None:
    """Write the input tables below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET TimeZone='UTC'; SET threads=2; SET preserve_insertion_order=false")
    account = "printf('001%015d', {})"
    person = "printf('contact:003%015d', {})"
    made: dict[str, tuple[str, dict[str, str]]] = {
        "accounts": (
            f"range({accounts})",
            {
                "account_id": account.format("i"),
                "ultimate_account_id": account.format("i - i % 5"),
                "employees": "(hash(i) % 20000)::BIGINT",
                "annual_revenue_usd": "(hash(i * 3) % 2000000000)::DOUBLE",
                "industry": "['Software','Banking','Fishing','Education'][(1 + hash(i * 5) % 4)::BIGINT]",
                "country": "['Germany','United States','Peru'][(1 + hash(i * 11) % 3)::BIGINT]",
            },
        ),
        "people": (
            f"range({people})",
            {
                "person_id": person.format("i"),
                "title": f"{_TITLES}[(1 + hash(i * 13) % 10)::BIGINT]",
                "employees": "(hash(i) % 20000)::BIGINT",
                "is_internal": "hash(i * 17) % 200 = 0",
            },
        ),
        "person_records": (
            f"range({people})",
            {"source_key": "printf('marketo:%d', i)", "person_id": person.format("i"), "is_alive": "true"},
        ),
        "person_accounts": (
            f"range({people * 8 // 10})",
            {
                "person_id": person.format("i"),
                "account_id": account.format(f"(hash(i * 19) % {accounts})::BIGINT"),
                "confidence": "1.0::DOUBLE",
            },
        ),
        "activities": (
            f"(SELECT i, hash(i * 23) % 1000 AS k, {_PERSON.format(people=people)} AS p, hash(i * 29) AS h, "
            f"{_NOW} - to_microseconds((hash(i * 31) % 15811200000000)::BIGINT) AS moment FROM range({activities}) r(i))",
            {
                "activity_id": "printf('marketo:%d', i)",
                "source_key": "printf('marketo:%d', p)",
                "system": "'marketo'",
                "activity_type": "CASE WHEN k < 430 THEN 'web_visit' WHEN k < 750 THEN 'email_open' WHEN k < 870 THEN 'email_click' "
                "WHEN k < 920 THEN 'link_click' WHEN k < 960 THEN 'form_fill' WHEN k < 980 THEN 'webinar_attended' "
                "WHEN k < 995 THEN 'webinar_registered' ELSE 'email_unsubscribed' END",
                "category": "CASE WHEN k BETWEEN 920 AND 959 THEN CASE WHEN h % 8 = 0 THEN 'hand_raise' ELSE 'content' END END",
                "detail": "CASE WHEN k < 430 THEN ['/','/features/' || h % 50,'/pricing','/solutions/' || h % 9,'/blog/' || h % 400,"
                "'/about','/careers'][(1 + h % 7)::BIGINT] ELSE 'Mail ' || h % 300 END",
                "is_bot": "h % 33 = 0",
                "occurred_at": "moment",
                "known_at": "moment",
            },
        ),
    }
    for name, (source, given) in made.items():
        columns = []
        for column in CONTRACTS[name].columns:
            kind = "TIMESTAMPTZ" if column.type == "timestamp" else _SQL_TYPES[column.type]
            default = "NULL" if column.nullable else (f"{_NOW} - INTERVAL 400 DAY" if column.type == "timestamp" else _FILL[column.type])
            columns.append(f"({given.get(column.name, default)})::{kind} AS {column.name}")
        rows = source if source.startswith("(") else f"{source} r(i)"
        con.execute(f"COPY (SELECT {', '.join(columns)} FROM {rows}) TO '{folder / name}.parquet' (FORMAT parquet)")
    con.close()
