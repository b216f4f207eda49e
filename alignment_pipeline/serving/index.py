"""The tables as the pages read them: a DuckDB file with each table in the order in which it is looked up, and the names to search.

Belongs here: making that file from the published versions. It can be deleted at any time; which one is in use: `current.py`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.line import run as line
from alignment_pipeline.operations import explain, explain_activities, timeline
from alignment_pipeline.operations.explain import Source
from alignment_pipeline.warehouse import views
from alignment_pipeline.warehouse.warehouse import Warehouse

FOLDER = "served"
#: Changed when the file is made in another way.
_FORMAT = "8"
#: Rows of a group, the least that is read: DuckDB's own 122,880 are for scans, not for single rows.
_GROUP = 8_192


@dataclass(frozen=True)
class Kept:
    """What the file has of a table: the columns that pages show, and those it is looked up by (the first orders it, others a copy)."""

    keys: tuple[str, ...]
    columns: tuple[str, ...]


def _kept(keys: str, columns: str) -> Kept:
    return Kept(tuple(keys.split()), tuple(dict.fromkeys((*keys.split(), *columns.split()))))


_STAGE = "stage sub_stage entered_at owner_id owner_team owner_reason missing as_of"
_CHANGE = "sequence stage sub_stage previous_stage entered_at reason"
_FACTOR = "factor contribution_micro activities last_at"
_CLOCK = "clock_id policy state started_at due_at stopped_at stop_event reason breach_reason"
#: Every column less makes a look-up and the file smaller.
_KEPT: dict[str, Kept] = {
    "accounts": _kept("account_id", "name website city state country industry employees"),
    "people": _kept("person_id", "first_name last_name title company email email_domain website city state country industry employees"),
    "person_records": _kept("person_id record_id", "source_key object"),
    "record_periods": _kept("person_id", "source_key from_at until_at decided_by"),
    "users": _kept("user_id", "name"),
    "person_accounts": _kept("person_id account_id", "basis"),
    "person_account_periods": _kept("person_id account_id", "from_at until_at earliest_at decided_by"),
    "person_account_factors": _kept("account_id", "person_id factor contribution_micro"),
    "lead_account_matches": _kept("person_id", "account_id runner_up_id decision confidence reason margin evidence"),
    "person_scores": _kept("person_id", "account_id engagement_points score_reason last_activity_at persona committee_role is_engaged"),
    "person_engagement_factors": _kept("person_id", _FACTOR),
    "person_fits": _kept("person_id", "fit_score fit_reason"),
    "person_stages": _kept("person_id", _STAGE),
    "person_stage_changes": _kept("person_id", _CHANGE),
    "account_tiers": _kept("account_id", "tier tier_reason"),
    "account_fits": _kept("account_id", "fit_score fit_reason"),
    "account_scores": _kept("account_id", "engagement_points score_reason last_activity_at"),
    "account_engagement_factors": _kept("account_id", _FACTOR),
    "account_mqa_statuses": _kept("account_id", "is_mqa mqa_status mqa_reason"),
    "account_mqa_changes": _kept("account_id", "sequence entered_at left_at reason left_reason"),
    "account_stages": _kept("account_id", _STAGE),
    "account_stage_changes": _kept("account_id", _CHANGE),
    "sla_clocks": _kept("person_id subject_id", _CLOCK),
    "scored_activities": _kept("person_id account_id", "activity_id activity_type detail factor exclusion contribution_micro occurred_at"),
    "touches": _kept("source_key", "touch_id touch_type direction subject occurred_at"),
    "sla_escalations": _kept("record_id", "escalation_id policy rung state due_at title"),
    "write_results": _kept("record_id", "op_key object state reason changed_at"),
    "opportunities": _kept("account_id", "opportunity_id stage created_at"),
    "match_labels": _kept("person_id", "account_id verdict source said_at"),
}
#: Read for the addresses that people are searched by, and by nothing else.
_ONLY_NAMES = ("contacts", "leads", "marketing_persons")
_READ = (*explain.TABLES, *timeline.TABLES, "match_labels")
#: No run publishes it: worked out for the file, by the rule over what it reads.
_SCORED = "scored_activities"
_SCORED_FROM = tuple(one.table for one in line.maker(_SCORED).inputs)
#: People and accounts by everything they are called, in lower case: what a search reads.
_NAMES = """
CREATE TABLE made.search_names AS
SELECT 'account' AS kind, account_id AS id, name AS title, coalesce(country, '') AS more,
       lower(concat_ws(' ', name, website, account_id)) AS words
FROM read_accounts
UNION ALL
SELECT 'person', p.person_id, coalesce(nullif(trim(concat_ws(' ', p.first_name, p.last_name)), ''), p.email, p.person_id),
       concat_ws(', ', p.title, p.company), lower(concat_ws(' ', p.first_name, p.last_name, p.company, e.emails, r.ids))
FROM read_people p
LEFT JOIN (SELECT person_id, string_agg(DISTINCT record_id, ' ') AS ids FROM read_person_records GROUP BY 1) r USING (person_id)
LEFT JOIN (
    SELECT person_id, string_agg(DISTINCT email, ' ') AS emails FROM (
        SELECT person_id, email FROM read_people
        UNION ALL
        SELECT r.person_id, m.email FROM (
            SELECT 'contact:' || contact_id AS source_key, email FROM read_contacts
            UNION ALL SELECT 'lead:' || lead_id, email FROM read_leads
            UNION ALL SELECT source_key, email FROM read_marketing_persons
        ) m JOIN read_person_records r USING (source_key)
    ) GROUP BY 1
) e USING (person_id)
"""


def fingerprint(home: Home, warehouse: Warehouse) -> str:
    """A name for the published versions that the pages read: another one means that something was published."""
    files = [str(path) for name in dict.fromkeys((*_READ, *_SCORED_FROM)) for path in warehouse.files(name)]
    return hashlib.sha256("\n".join([_FORMAT, _version(home), *files]).encode()).hexdigest()[:16]


def build(home: Home, warehouse: Warehouse, *, threads: int = 1) -> Path:
    """The file for the versions that are published now; made when it is not there. Older files are deleted."""
    folder = home.folder(FOLDER)
    path = folder / f"{fingerprint(home, warehouse)}.duckdb"
    if not path.exists():
        aside = folder / f".{secrets.token_hex(6)}.duckdb"
        scored = aside.with_suffix(".parquet")
        try:
            warehouse.connection.to_parquet(_scored(home, warehouse), scored)
            _write(aside, warehouse, scored, threads)
            aside.chmod(0o600)
            aside.replace(path)
        finally:
            for left in (aside, aside.with_name(f"{aside.name}.wal"), scored):
                left.unlink(missing_ok=True)
    for other in sorted(folder.glob("*.duckdb"), key=lambda one: one.stat().st_mtime)[:-2]:
        if other != path:
            other.unlink(missing_ok=True)
    return path


def open_index(path: Path) -> Source:
    """The file, for reading alone: nothing else is read, and nothing is written."""
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    # most queries read one row; several readers are served side by side
    connection.execute("SET threads = 1")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    copies = {(table, column): f"{table}_by_{column}" for table, kept in _KEPT.items() for column in kept.keys[1:]}
    return Source(connection, copies)


def _version(home: Home) -> str:
    try:
        return home.agreement.version
    except ConfigurationError:
        return ""  # somebody is editing it: no points until it can be read


def _scored(home: Home, warehouse: Warehouse) -> ibis.Table:
    """Everybody's activities with their points; without, while the agreement is another one than the last run's."""
    names = _KEPT[_SCORED].columns
    rows = explain_activities.of_the_last_run(warehouse, agreement=home.agreement) if _version(home) else None
    if rows is not None:
        return rows.select(names)
    owners = warehouse.read("person_records").select("source_key", "person_id")
    accounts = warehouse.read("person_accounts").select("person_id", "account_id")
    activities = warehouse.read("activities").inner_join(owners, "source_key").left_join(accounts, "person_id")
    columns = {name: ibis.null(CONTRACTS[_SCORED].schema.field(name).type) for name in names if name not in activities.columns}
    return activities.mutate(**columns).select(names)


def _write(path: Path, warehouse: Warehouse, scored: Path, threads: int) -> None:
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET threads = {min(threads, os.cpu_count() or 1)}")
        for name in _READ:
            view = views.view(CONTRACTS[name], _parquet(warehouse.files(name)))
            connection.execute(view.replace(f'VIEW "{name}"', f'VIEW "read_{name}"'))
        connection.execute(f'CREATE VIEW "read_{_SCORED}" AS SELECT * FROM {_parquet([scored])}')
        connection.execute(f"ATTACH {views.text(str(path))} AS made (ROW_GROUP_SIZE {_GROUP})")
        for name, kept in _kept_tables().items():
            for place, key in enumerate(kept.keys):
                table = name if place == 0 else f"{name}_by_{key}"
                connection.execute(f'CREATE TABLE made."{table}" AS SELECT {", ".join(kept.columns)} FROM "read_{name}" ORDER BY {key}')
                connection.execute(f'CREATE INDEX "{table}_{key}" ON made."{table}"({key})')
        connection.execute("CHECKPOINT made")
        # a search reads all names: unpacking them took half of its time (bench_serve)
        connection.execute("PRAGMA force_compression = 'uncompressed'")
        connection.execute(_NAMES)
        connection.execute("CHECKPOINT made")
        connection.execute("DETACH made")


def _kept_tables() -> dict[str, Kept]:
    """What is kept of each table that an explanation reads; one that is not listed above is kept whole."""
    whole = {name: Kept((CONTRACTS[name].key[0],), CONTRACTS[name].names) for name in _READ if name not in _ONLY_NAMES}
    return whole | _KEPT


def _parquet(files: list[Path]) -> str | None:
    return f"read_parquet([{', '.join(views.text(str(path)) for path in files)}])" if files else None
