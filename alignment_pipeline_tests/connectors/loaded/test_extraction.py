"""Tables that Fivetran, Airbyte and dlt have loaded become the raw tables that our own connectors would have stored."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.loaded.extraction import LoadedExtraction
from alignment_pipeline.connectors.loaded.mapping import LoadedSystem, load, shipped
from alignment_pipeline.connectors.loaded.tables import open_tables
from alignment_pipeline.connectors.streams import StreamReport, StreamState
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import System
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.line import run
from alignment_pipeline.sandbox.organisation.organisation import Organisation, generate
from alignment_pipeline_tests.connectors.loaded import shapes
from alignment_pipeline_tests.line.raw_tables import raw_tables

WANTED = ("lead_account_matches", "person_scores", "account_scores", "account_mqa_changes", "person_stages")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
CLOCK = replace(Clock(moment=NOW), unix_time=lambda: 0.0)
SHAPES: Mapping[str, Callable[[shapes.Raw, Path], str]] = {"fivetran": shapes.fivetran, "airbyte": shapes.airbyte, "dlt": shapes.dlt}
IN_SHORT = set(SHAPES) if os.environ.get("ALIGNMENT_EXTRACTORS") == "all" else {"fivetran"}


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return generate(seed=7, accounts=100, people=500, activities=2500)


@pytest.fixture(scope="module")
def raw(organisation: Organisation) -> dict[str, pa.Table]:
    return raw_tables(organisation)


@pytest.fixture(scope="module", params=SHAPES)
def loaded(request: pytest.FixtureRequest, raw: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The tool, and the place of its tables."""
    return request.param, SHAPES[request.param](raw, tmp_path_factory.mktemp("loaded") / request.param)


def custom(system: System, raw: Mapping[str, pa.Table]) -> dict[str, list[str]]:
    """Custom fields of each object, as the agreement would name them."""
    found = {}
    for stream in system.streams:
        rows = raw[stream.table].slice(0, 1).to_pylist()
        found[stream.object] = list(json.loads(rows[0]["custom_fields"] or "{}")) if rows else []
    return found


def extraction(place: str, mapping: LoadedSystem, fields: Mapping[str, list[str]], **options: Any) -> LoadedExtraction:
    states: Mapping[str, StreamState] = options.get("states", {})
    return LoadedExtraction(open_tables(place), mapping, states, options.get("clock", CLOCK), options.get("is_first", True), fields)


def read(source: LoadedExtraction) -> dict[str, tuple[pa.Table, StreamReport]]:
    """Every stream's rows and report by raw table."""
    found = {}
    for reading in source.readings(source.system.system.streams):
        rows = pa.Table.from_batches(list(reading), schema=CONTRACTS[reading.stream.table].schema)
        found[reading.stream.table] = (rows, reading.report)
    return found


def plain(table: pa.Table, without: frozenset[str] = frozenset()) -> list[str]:
    """Rows as sorted text: all that decides, so not the hash, which each way of reading makes in its own way."""
    rows = []
    for row in table.to_pylist():
        kept = {name: value for name, value in row.items() if name not in {"row_hash", "custom_fields", *without}}
        kept["custom"] = {name: value for name, value in json.loads(row["custom_fields"] or "{}").items() if value is not None}
        if kept.get("attributes"):
            kept["attributes"] = {name: str(value).lower() for name, value in sorted(json.loads(kept["attributes"]).items())}
        # the generator's stamps have no milliseconds; the connectors store them with
        rows.append(re.sub(r"(T\d\d:\d\d:\d\d)Z", r"\1.000Z", json.dumps(kept, default=str, sort_keys=True)))
    return sorted(rows)


def mapping_of(tool: str, system: str) -> LoadedSystem:
    found = load(tool, system)
    if (tool, system) == ("fivetran", "marketo"):
        # both systems' people are in a table named lead; here they lie in one folder
        return replace(found, streams={**found.streams, "leads": replace(found.streams["leads"], table="marketo_lead")})
    return found


def test_salesforce_is_read_as_its_own_connector_would(loaded: tuple[str, str], raw: dict[str, pa.Table]) -> None:
    tool, place = loaded
    mapping = mapping_of(tool, "salesforce")
    for name, (rows, report) in read(extraction(place, mapping, custom(SALESFORCE, raw))).items():
        if report.stream.object in mapping.missing:
            assert ("absent", 0) == (report.method, rows.num_rows) and report.note, name
            continue
        assert not report.quarantined, name
        assert plain(raw[name]) == plain(rows), name


def test_marketo_is_read_as_its_own_connector_would(loaded: tuple[str, str], raw: dict[str, pa.Table]) -> None:
    tool, place = loaded
    found = read(extraction(place, mapping_of(tool, "marketo"), {}))
    leads, activities, types = MARKETO.streams
    for stream in (leads, activities):
        rows, report = found[stream.table]
        assert not report.quarantined, stream
        assert plain(raw[stream.table]) == plain(rows), stream
    # Fivetran has no list of types: they are named after their tables, those that have happened
    happened = set(raw[activities.table]["activityTypeId"].to_pylist())
    names = {row["id"]: row["name"] for row in raw[types.table].to_pylist() if row["id"] in happened}
    assert names.items() <= {row["id"]: row["name"] for row in found[types.table][0].to_pylist()}.items()


def test_a_later_load_is_known_since_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "later.duckdb"
    row = (
        "'0015g00000abcdeAAA' Id, 'Acme' AS \"Name\", '0055g00000abcdeAAA' OwnerId, now() CreatedDate, "
        "now() LastModifiedDate, false IsDeleted"
    )
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE account AS SELECT {row}, TIMESTAMPTZ '2026-11-20 10:00:00+00' SystemModstamp, "
                           "TIMESTAMPTZ '2026-11-20 11:00:00+00' _fivetran_synced")  # fmt: skip
    mapping = load("fivetran", "salesforce")
    first, report = read(extraction(str(path), mapping, {}))["raw_salesforce_accounts"]
    assert [(datetime(2026, 11, 20, 10, tzinfo=UTC), True)] == list(
        zip(first["known_at"].to_pylist(), first["is_reconstructed"].to_pylist(), strict=True)
    )
    assert datetime(2026, 11, 20, 11, tzinfo=UTC) == report.state.watermark

    later = replace(Clock(moment=NOW + timedelta(days=1)), unix_time=lambda: 0.0)
    states = {"Account": report.state}
    again, _ = read(extraction(str(path), mapping, {}, states=states, clock=later))["raw_salesforce_accounts"]
    assert [NOW + timedelta(days=1)] == again["known_at"].to_pylist()
    # what the tool wrote long before the last reading is not read again
    old = {"Account": replace(report.state, watermark=NOW)}
    assert 0 == read(extraction(str(path), mapping, {}, states=old))["raw_salesforce_accounts"][0].num_rows


def test_a_missing_column_is_named_with_its_table(tmp_path: Path) -> None:
    path = tmp_path / "broken.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE lead AS SELECT '00Q5g00000abcdeAAA' id, 'Smith' last_name")
    with pytest.raises(ConfigurationError, match=r"lead, which fivetran loads for Lead, has no column for Company \(as Company\), Status"):
        read(extraction(str(path), load("fivetran", "salesforce"), {}))


def test_every_system_has_a_mapping_for_each_tool_that_says_all_of_its_streams() -> None:
    assert {(tool, system) for tool in ("fivetran", "airbyte", "dlt") for system in ("salesforce", "marketo", "hubspot")} == set(shipped())
    for tool, system in shipped():
        found = load(tool, system)
        assert found.schema.startswith("https://")
        assert {stream.object for stream in found.system.streams} == set(found.streams) | set(found.missing)


def test_a_mapping_of_one_s_own_is_a_file(tmp_path: Path) -> None:
    own = tmp_path / "models.yaml"
    own.write_text(shipped()["dlt", "marketo"].read_text().replace("leads: leads", "leads: stg_people").replace("tool: dlt", "tool: dbt"))
    assert "stg_people" == load(str(own), "marketo").streams["leads"].table
    with pytest.raises(ConfigurationError, match="there is no mapping 'stitch' of marketo: use airbyte, dlt, fivetran"):
        load("stitch", "marketo")


# raw rows are compared above, whole, for all tools; the line over equal rows takes half a minute for each
@pytest.mark.slow
@pytest.mark.parametrize("loaded", sorted(IN_SHORT), indirect=True)
def test_the_line_decides_the_same(loaded: tuple[str, str], raw: dict[str, pa.Table], organisation: Organisation) -> None:
    """Sorted rows of every table on the way to scores, stages, MQAs and clocks; with what the tool does not load left out on both sides."""
    tool, place = loaded
    salesforce, marketo = mapping_of(tool, "salesforce"), mapping_of(tool, "marketo")
    both = read(extraction(place, salesforce, custom(SALESFORCE, raw))) | read(extraction(place, marketo, {}))
    read_tables = {name: rows for name, (rows, _) in both.items()}
    left_out = {stream.table for stream in SALESFORCE.streams if stream.object in salesforce.missing}
    given = {name: CONTRACTS[name].empty() if name in left_out else rows for name, rows in raw.items()}
    types = MARKETO.streams[2].table
    read_tables[types] = raw[types]

    assert decided(given, organisation.anchor) == decided(raw | read_tables, organisation.anchor)


def decided(tables: Mapping[str, pa.Table], as_of: datetime) -> dict[str, str]:
    """A hash of each decided table's sorted rows."""
    beside = {name: ibis.memtable(CONTRACTS[name].empty()) for name in ("match_labels", "refused_rows", "extractions")}
    held = beside | {name: ibis.memtable(one) for name, one in tables.items()}
    found = run.decide(WANTED, held, agreement=loader.load(loader.default_path()), as_of=as_of)
    made = {name: found[name].to_pyarrow() for name in WANTED}
    assert all(table.num_rows for table in made.values()), {name: table.num_rows for name, table in made.items()}
    return {
        name: hashlib.sha256("\n".join(sorted(str(row) for row in table.to_pylist())).encode()).hexdigest() for name, table in made.items()
    }
