"""The tables as the pages read them: a DuckDB file with each table in the order in which it is looked up, and the names to search.

Belongs here: making that file from the published versions. It can be deleted at any time; which one is in use: `current.py`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import duckdb

from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import explain, timeline
from alignment_pipeline.operations.explain import Source
from alignment_pipeline.warehouse import views
from alignment_pipeline.warehouse.warehouse import Warehouse

FOLDER = "served"
#: Changed when the file is made in another way.
_FORMAT = "1"
#: Table -> the columns it is looked up by; the first one orders the table itself, each further one a copy.
_KEYS: dict[str, tuple[str, ...]] = {
    "accounts": ("account_id",),
    "people": ("person_id",),
    "person_records": ("person_id", "record_id"),
    "users": ("user_id",),
    "person_accounts": ("person_id", "account_id"),
    "lead_account_matches": ("person_id",),
    "person_scores": ("person_id",),
    "person_engagement_factors": ("person_id",),
    "person_fits": ("person_id",),
    "person_stages": ("person_id",),
    "person_stage_changes": ("person_id",),
    "account_tiers": ("account_id",),
    "account_fits": ("account_id",),
    "account_scores": ("account_id",),
    "account_engagement_factors": ("account_id",),
    "account_mqa_statuses": ("account_id",),
    "account_mqa_changes": ("account_id",),
    "account_stages": ("account_id",),
    "account_stage_changes": ("account_id",),
    "sla_clocks": ("person_id", "subject_id"),
    "scored_activities": ("person_id", "account_id"),
    "touches": ("source_key",),
    "sla_escalations": ("record_id",),
    "write_results": ("record_id",),
    "opportunities": ("account_id",),
    "match_labels": ("person_id",),
}
_READ = (*explain.TABLES, *timeline.TABLES, "match_labels")
#: People and accounts by everything they are called, in lower case: what a search reads.
_NAMES = """
CREATE TABLE search_names AS
SELECT 'account' AS kind, account_id AS id, name AS title, coalesce(country, '') AS more,
       lower(concat_ws(' ', name, website, account_id)) AS words
FROM accounts
UNION ALL
SELECT 'person', p.person_id, coalesce(nullif(trim(concat_ws(' ', p.first_name, p.last_name)), ''), p.email, p.person_id),
       concat_ws(', ', p.title, p.company), lower(concat_ws(' ', p.first_name, p.last_name, p.company, e.emails, p.person_id, r.ids))
FROM people p
LEFT JOIN (SELECT person_id, string_agg(DISTINCT record_id, ' ') AS ids FROM person_records GROUP BY 1) r USING (person_id)
LEFT JOIN (
    SELECT person_id, string_agg(DISTINCT email, ' ') AS emails FROM (
        SELECT person_id, email FROM people
        UNION ALL
        SELECT r.person_id, m.email FROM (
            SELECT 'contact:' || contact_id AS source_key, email FROM contacts
            UNION ALL SELECT 'lead:' || lead_id, email FROM leads
            UNION ALL SELECT source_key, email FROM marketing_persons
        ) m JOIN person_records r USING (source_key)
    ) GROUP BY 1
) e USING (person_id)
"""


def fingerprint(warehouse: Warehouse) -> str:
    """A name for the published versions that the pages read: another one means that something was published."""
    files = [str(path) for name in _READ for path in warehouse.files(name)]
    return hashlib.sha256("\n".join([_FORMAT, *files]).encode()).hexdigest()[:16]


def build(home: Home, warehouse: Warehouse, *, threads: int = 1) -> Path:
    """The file for the versions that are published now; made when it is not there. Older files are deleted."""
    folder = home.folder(FOLDER)
    path = folder / f"{fingerprint(warehouse)}.duckdb"
    if not path.exists():
        aside = folder / f".{secrets.token_hex(6)}.duckdb"
        try:
            _write(aside, warehouse, threads)
            aside.chmod(0o600)
            aside.replace(path)
        finally:
            for left in (aside, aside.with_name(f"{aside.name}.wal")):
                left.unlink(missing_ok=True)
    for other in sorted(folder.glob("*.duckdb"), key=lambda one: one.stat().st_mtime)[:-2]:
        if other != path:
            other.unlink(missing_ok=True)
    return path


def open_index(path: Path) -> Source:
    """The file, for reading alone: nothing else is read, and nothing is written."""
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET threads = 2")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    copies = {(table, column): f"{table}_by_{column}" for table, columns in _KEYS.items() for column in columns[1:]}
    return Source(connection, copies)


def _write(path: Path, warehouse: Warehouse, threads: int) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET threads = {min(threads, os.cpu_count() or 1)}")
        connection.execute("SET autoinstall_known_extensions = false")
        for name in _READ:
            view = views.view(views.CONTRACTS[name], _parquet(warehouse.files(name)))
            connection.execute(view.replace(f'VIEW "{name}"', f'TEMP VIEW "read_{name}"'))
        for name in _READ:
            keys = _KEYS.get(name, ("1",))
            for place, key in enumerate(keys):
                table = name if place == 0 else f"{name}_by_{key}"
                connection.execute(f'CREATE TABLE "{table}" AS SELECT * FROM "read_{name}" ORDER BY {key}')
        connection.execute(_NAMES)
        for name in ("contacts", "leads", "marketing_persons"):
            connection.execute(f'DROP TABLE "{name}"')
        connection.execute("CHECKPOINT")


def _parquet(files: list[Path]) -> str | None:
    return f"read_parquet([{', '.join(views.text(str(path)) for path in files)}])" if files else None
