"""Whatever a client sends, the embedded Marketo answers in the vendor's form: never a crash, never half a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment_pipeline_tests.sandbox.marketo_world import MarketoClient, lead, serving, world

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("9" * 400) | st.just("\u00b2")
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6
)
FIELDS = st.sampled_from(
    ["id", "email", "leadScore", "unsubscribed", "emailSuspendedAt", "dateOfBirth", "urgency", "city", "shoeSize", "industry"]
)
RECORDS = st.dictionaries(FIELDS, JSON, max_size=4)
QUIET = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def marketo() -> Iterator[MarketoClient]:
    served = world(calls_per_window=1_000_000)
    served.marketo.load([lead(1), lead(2)])
    with serving(served) as client:
        yield client


def well_formed(answer: dict[str, Any]) -> bool:
    """Success, or a list of errors with text codes."""
    if answer["success"]:
        return True
    return all(isinstance(error["code"], str) and isinstance(error["message"], str) for error in answer["errors"]) and bool(
        answer["errors"]
    )


@QUIET
@given(records=st.lists(RECORDS, min_size=1, max_size=4), action=st.sampled_from(["createOrUpdate", "updateOnly"]), lookup=FIELDS)
def test_each_record_of_any_batch_gets_its_result_in_place(
    marketo: MarketoClient, records: list[dict[str, Any]], action: str, lookup: str
) -> None:
    answer = marketo.post("/rest/v1/leads.json", {"action": action, "lookupField": lookup, "input": records})

    assert well_formed(answer)
    if answer["success"]:
        assert len(answer["result"]) == len(records)
        assert {entry["status"] for entry in answer["result"]} <= {"created", "updated", "skipped"}


@QUIET
@given(body=JSON)
def test_any_body_is_answered(marketo: MarketoClient, body: Any) -> None:
    for path in (
        "/rest/v1/leads.json",
        "/rest/v1/leads/delete.json",
        "/rest/v1/leads/submitForm.json",
        "/bulk/v1/leads/export/create.json",
    ):
        assert well_formed(marketo.post(path, body))


@QUIET
@given(parts=st.fixed_dictionaries({}, optional={"fields": JSON, "format": JSON, "filter": JSON, "columnHeaderNames": JSON}), inner=JSON)
def test_any_export_request_is_answered(marketo: MarketoClient, parts: dict[str, Any], inner: Any) -> None:
    named = {"createdAt": inner, "activityTypeIds": inner, "primaryAttributeValues": inner, "primaryAttributeValueIds": inner}

    assert well_formed(marketo.post("/bulk/v1/activities/export/create.json", parts))
    assert well_formed(marketo.post("/bulk/v1/activities/export/create.json", {"filter": named}))
    assert well_formed(marketo.post("/bulk/v1/leads/export/create.json", {"fields": ["id"], "filter": {"createdAt": inner}}))


@QUIET
@given(value=st.text(max_size=30) | st.just("9" * 400) | st.just("0001-01-01T00:00:00+23:59"))
def test_any_parameter_is_answered(marketo: MarketoClient, value: str) -> None:
    token = marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="2026-01-01T00:00:00Z")["nextPageToken"]

    assert well_formed(marketo.get("/rest/v1/leads.json", filterType="id", filterValues=value, batchSize=value))
    assert well_formed(marketo.get("/rest/v1/leads.json", filterType=value, filterValues=value, fields=value))
    assert well_formed(marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime=value))
    assert well_formed(marketo.get("/rest/v1/activities.json", nextPageToken=value, activityTypeIds="1"))
    assert well_formed(marketo.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds=value, leadIds=value, listId=value))
    assert well_formed(marketo.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="1", leadIds=value))
    assert well_formed(marketo.post("/rest/v1/leads/1/merge.json", leadIds=value))
