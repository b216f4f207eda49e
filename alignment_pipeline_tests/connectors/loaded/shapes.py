"""An organisation's raw tables in the shapes in which Fivetran, Airbyte and dlt would have loaded them.

Belongs here: names, types and places as these tools' public schemas have them. Written without the mappings that read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE

SYNCED = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
Raw = Mapping[str, pa.Table]
Loaded = dict[str, list[dict[str, Any]]]

_DATES = {"CloseDate", "ActivityDate", "LastActivityDate", "ConvertedDate", "StartDate", "EndDate", "FirstRespondedDate"}
_DATES |= {"RecurrenceStartDate", "RecurrenceEndDateOnly"}
_NUMBERS = {"Amount", "Probability", "AnnualRevenue", "NumberOfEmployees", "CallDurationInSeconds", "DurationInMinutes", "SortOrder"}
_NUMBERS |= {"DefaultProbability", "StartTimeInMinutes", "EndTimeInMinutes", "RecurrenceDayOfMonth", "leadScore", "numberOfEmployees"}
_NUMBERS |= {"annualRevenue", "activityTypeId", "leadId", "primaryAttributeValueId", "campaignId"}
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$")
_TIME = re.compile(r"^\d\d:\d\d:\d\d\.000Z$")
# dlt's verified source has no more
DLT_OBJECTS = set("Account Contact Lead Opportunity OpportunityContactRole Task Event Campaign CampaignMember User".split())
_TEXT = {"OldValue", "NewValue", "Subject", "Name", "Title", "attributes", "primaryAttribute"}


def snake(name: str) -> str:
    """`LastModifiedDate` as Fivetran and dlt write it; `Alignment_Stage__c` too."""
    return re.sub(r"_+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace(" ", "_"))).lower()


def typed(name: str, text: str | None) -> Any:
    """A vendor's text as a warehouse has it."""
    if text is None or name in _TEXT:
        return text
    if name in _DATES:
        return date.fromisoformat(text)
    if name in _NUMBERS:
        return float(text) if "." in text else int(text)
    if text in ("true", "false"):
        return text == "true"
    if _MOMENT.match(text):
        return datetime.fromisoformat(text)
    return time.fromisoformat(text[:8]) if _TIME.match(text) else text


def salesforce(raw: Raw, rename: Callable[[str], str], table: Callable[[str], str], beside: Mapping[str, Any]) -> Loaded:
    """One table for each object."""
    found: Loaded = {}
    for stream in SALESFORCE.streams:
        rows = []
        for row in raw[stream.table].to_pylist():
            custom = json.loads(row["custom_fields"] or "{}")
            values = {name: row[name] for name in stream.fields} | custom
            rows.append({rename(name): typed(name, value) for name, value in values.items()} | beside)
        if rows:
            found[table(stream.object)] = rows
    return found


def marketo(raw: Raw, rename: Callable[[str], str], start: str, guid: str, lead: str, beside: Mapping[str, Any]) -> Loaded:
    """People, and one table for each type of activity with its attributes as columns."""
    leads, activities, types = MARKETO.streams
    names = {row["id"]: row["name"] for row in raw[types.table].to_pylist()}
    found: Loaded = {lead: [_lead(row, rename, beside) for row in raw[leads.table].to_pylist()]}
    for row in raw[activities.table].to_pylist():
        values = {name: typed(name, row[name]) for name in activities.fields if name not in ("marketoGUID", "attributes")}
        attributes = json.loads(row["attributes"] or "{}")
        made = {guid: row["marketoGUID"]} | {rename(name): value for name, value in values.items()}
        made |= {snake(name): _attribute(value) for name, value in attributes.items()} | beside
        found.setdefault(start + snake(names[row["activityTypeId"]]), []).append(made)
    return found


def _attribute(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _lead(row: Mapping[str, Any], rename: Callable[[str], str], beside: Mapping[str, Any]) -> dict[str, Any]:
    fields = MARKETO.streams[0].fields
    return {rename(name): int(row[name]) if name == "id" else typed(name, row[name]) for name in fields} | beside


def fivetran(raw: Raw, folder: Path) -> str:
    """Parquet files, as Fivetran's lake destination leaves them."""
    beside = {"_fivetran_synced": SYNCED, "_fivetran_deleted": False}
    tables = salesforce(raw, snake, snake, beside) | marketo(raw, snake, "activity_", "id", "lead_of_marketo", beside)
    folder.mkdir()
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(_even(rows)), folder / f"{name}.parquet")
    (folder / "lead_of_marketo.parquet").rename(folder / "marketo_lead.parquet")
    return str(folder)


def airbyte(raw: Raw, path: Path) -> str:
    """A DuckDB file with the streams' own names."""
    beside = {"_airbyte_extracted_at": SYNCED, "_airbyte_raw_id": "x"}
    tables = salesforce(raw, str, str, beside) | marketo(raw, str, "activities_", "marketoGUID", "leads", beside)
    types = raw[MARKETO.streams[2].table].to_pylist()
    tables["activity_types"] = [{name: typed(name, row[name]) for name in MARKETO.streams[2].fields} | beside for row in types]
    with duckdb.connect(str(path)) as connection:
        for name, rows in tables.items():
            made = pa.Table.from_pylist(_even(rows))
            connection.register("made", made)
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM made')
    return str(path)


def dlt(raw: Raw, path: Path) -> str:
    """A database with the resources of dlt's verified source, and Marketo by its REST source with attributes as JSON."""
    beside = {"_dlt_load_id": "1763708400.1", "_dlt_id": "x"}
    tables = salesforce(raw, snake, lambda name: "sf_user" if name == "User" else snake(name), beside)
    held = {"sf_user" if name == "User" else snake(name) for name in DLT_OBJECTS}
    tables = {name: rows for name, rows in tables.items() if name in held}
    for stream in MARKETO.streams:
        named = {"leads": "leads", "activities": "activities", "activity_types": "activity_types"}[stream.object]
        rows = raw[stream.table].to_pylist()
        tables[named] = [{snake(name): typed(name, row[name]) for name in stream.fields} | beside for row in rows]
    engine = sa.create_engine(f"sqlite:///{path}")
    for name, rows in tables.items():
        frame = pa.Table.from_pylist(_even(rows)).to_pandas()
        frame.to_sql(name, engine, index=False, chunksize=5000)
    engine.dispose()
    return f"sqlite:///{path}"


def _even(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [dict.fromkeys(names) | row for row in rows]
