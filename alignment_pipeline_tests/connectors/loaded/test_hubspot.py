"""HubSpot's tables as Fivetran, Airbyte and dlt load them, with the columns of their public schemas: what the raw rows say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from alignment_pipeline.connectors.loaded.mapping import load
from alignment_pipeline_tests.connectors.loaded.test_extraction import extraction, read

AT, MILLISECONDS = datetime(2026, 11, 20, 10, 0, tzinfo=UTC), 1795168800000
_STAGE = {"stageId": "s", "label": "Won", "displayOrder": 3, "metadata": {"probability": "1.0", "isClosed": "true"}}
# columns: fivetran/dbt_hubspot_source (macros), airbyte source-hubspot (schemas), dlt verified-sources (hubspot), read in November 2026
TABLES: Mapping[str, Mapping[str, list[dict[str, object]]]] = {
    "fivetran": {
        "contact": [
            {"id": 101, "property_email": "ann@example.com", "property_createdate": AT, "property_lastmodifieddate": AT}
            | {"property_hs_merged_object_ids": "99;98", "is_deleted": False, "_fivetran_synced": AT}
        ],
        "contact_form_submission": [
            {"contact_id": 101, "form_id": "f1", "conversion_id": "c1", "timestamp": AT, "page_url": "https://x.example", "title": "Demo"}
        ],
        "email_event": [
            {"id": "e1", "created": AT, "type": "CLICK", "recipient": "ann@example.com", "filtered_event": False, "email_campaign_id": 7}
        ],
        "email_event_click": [{"id": "e1", "url": "https://x.example/a"}],
        "email_campaign": [{"id": 7, "subject": "Autumn"}],
        "deal_pipeline": [{"pipeline_id": "p", "label": "Sales"}],
        "deal_pipeline_stage": [{"stage_id": "s", "label": "Won", "pipeline_id": "p", "probability": 1.0, "display_order": 3}],
        "engagement_call": [{"engagement_id": 5, "property_hs_lastmodifieddate": AT, "property_hs_call_title": "Call"}],
        "engagement_contact": [{"engagement_id": 5, "contact_id": 102}, {"engagement_id": 5, "contact_id": 101}],
    },
    "airbyte": {
        "contacts": [
            {"id": "101", "properties_email": "ann@example.com", "createdAt": AT, "updatedAt": AT, "archived": False}
            | {"properties_hs_merged_object_ids": "99;98", "_airbyte_extracted_at": AT}
        ],
        "contacts_form_submissions": [
            {"canonical-vid": 101, "form-id": "f1", "conversion-id": "c1", "timestamp": MILLISECONDS, "page-url": "https://x.example"}
            | {"title": "Demo"}
        ],
        "email_events": [
            {"id": "e1", "created": MILLISECONDS, "type": "CLICK", "recipient": "ann@example.com", "filteredEvent": False}
            | {"emailCampaignId": 7, "url": "https://x.example/a", "subject": "Autumn"}
        ],
        "deal_pipelines": [{"pipelineId": "p", "label": "Sales", "stages": json.dumps([_STAGE])}],
        "engagements_calls": [{"id": "5", "updatedAt": AT, "properties_hs_call_title": "Call", "contacts": ["102", "101"]}],
    },
    "dlt": {
        "contacts": [
            {"id": "101", "email": "ann@example.com", "createdate": AT, "lastmodifieddate": AT, "hs_merged_object_ids": "99;98"}
            | {"is_deleted": False, "_dlt_id": "a"}
        ],
        "pipelines_deals": [{"id": "p", "label": "Sales", "_dlt_id": "row"}],
        "pipelines_deals__stages": [
            {"id": "s", "label": "Won", "metadata__probability": "1.0", "metadata__is_closed": "true", "display_order": 3}
            | {"_dlt_parent_id": "row", "_dlt_id": "b"}
        ],
        "deals_property_history": [
            {"object_id": "201", "property_name": "dealstage", "timestamp": AT, "value": "s", "source_type": "CRM_UI"}
        ],
    },
}


@pytest.fixture(params=TABLES)
def found(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, list[dict[str, object]]]]:
    path = tmp_path / "portal.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, given in TABLES[request.param].items():
            connection.register("given", pa.Table.from_pylist(given))
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM given')
    rows = read(extraction(str(path), load(request.param, "hubspot"), {}))
    return request.param, {name.removeprefix("raw_hubspot_"): table.to_pylist() for name, (table, _) in rows.items()}


def some(rows: list[dict[str, object]], *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_people_are_read_with_their_merges(found: tuple[str, dict[str, list[dict[str, object]]]]) -> None:
    _, rows = found
    people = some(rows["contacts"], "record_id", "email", "lastmodifieddate", "is_deleted", "mergedInto")
    assert [
        ("101", "ann@example.com", "2026-11-20T10:00:00.000Z", False, None),
        ("99", None, None, True, "101"),
        ("98", None, None, True, "101"),
    ] == people


def test_stages_belong_to_their_pipeline(found: tuple[str, dict[str, list[dict[str, object]]]]) -> None:
    _, rows = found
    (stage,) = rows["deal_stages"]
    assert ("p:s", "Won", "Sales", "3") == tuple(stage[name] for name in ("record_id", "label", "pipelineLabel", "displayOrder"))
    assert 1.0 == float(str(stage["probability"]))


def test_what_people_did_is_read_where_the_tool_loads_it(found: tuple[str, dict[str, list[dict[str, object]]]]) -> None:
    tool, rows = found
    if tool == "dlt":
        assert [] == rows["form_submissions"] == rows["email_events"] == rows["calls"]
        assert [("201:dealstage:2026-11-20T10:00:00.000Z", "s", "CRM_UI")] == some(
            rows["deals_changes"], "record_id", "value", "sourceType"
        )
        return
    moment = "2026-11-20T10:00:00.000Z"
    assert [("c1", "Demo", "ann@example.com", moment)] == some(rows["form_submissions"], "conversionId", "formName", "email", "submittedAt")
    events = some(rows["email_events"], "type", "recipient", "url", "subject", "created", "filteredEvent")
    assert [("CLICK", "ann@example.com", "https://x.example/a", "Autumn", moment, "false")] == events
    assert [("5", "101;102")] == some(rows["calls"], "record_id", "contactIds")
    assert datetime(2026, 11, 20, 10, tzinfo=UTC) == rows["calls"][0]["modified_at"]
