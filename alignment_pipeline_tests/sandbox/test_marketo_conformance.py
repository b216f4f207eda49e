"""Every answer of the embedded Marketo has the members and types that the vendor documents, and no others.

A shape is a dict of member -> type or shape; a name ending in `?` may be absent. Sources: the vendor's REST guide and
specification (error list, describe, leads, activities, changes, export jobs, usage).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from alignment_pipeline_tests.sandbox.marketo_world import MarketoClient, lead, serving, visit, world


class Moment:
    """Text that is a datetime with an offset."""


class Anything:
    """Any JSON value."""


ATTRIBUTE = {"name": str, "value": Anything}
ACTIVITY = {
    "id": int,
    "marketoGUID": str,
    "leadId": int,
    "activityDate": Moment,
    "activityTypeId": int,
    "campaignId?": int,
    "primaryAttributeValueId?": int,
    "primaryAttributeValue?": str,
    "attributes": [ATTRIBUTE],
}
CHANGE = {
    "id": int,
    "marketoGUID": str,
    "leadId": int,
    "activityDate": Moment,
    "activityTypeId": int,
    "campaignId?": int,
    "fields": [{"id": int, "name": str, "newValue": str, "oldValue?": Anything}],
    "attributes": [ATTRIBUTE],
}
FIELD = {"id": int, "displayName": str, "dataType": str, "length?": int, "rest": {"name": str, "readOnly": bool}}
FIELD2 = {"name": str, "displayName": str, "dataType": str, "length?": int, "updateable": bool, "crmManaged": bool}
DESCRIBE2 = {"name": str, "searchableFields": [[str]], "fields": [FIELD2]}
NAMED_TYPE = {"name": str, "dataType": str}
TYPE = {"id": int, "name": str, "description": str, "primaryAttribute?": NAMED_TYPE, "attributes": [NAMED_TYPE]}
JOB = {
    "exportId": str,
    "format": str,
    "status": str,
    "createdAt": Moment,
    "queuedAt?": Moment,
    "startedAt?": Moment,
    "finishedAt?": Moment,
    "numberOfRecords?": int,
    "fileSize?": int,
    "fileChecksum?": str,
    "errorMsg?": str,
}
PERSON = {"id": int, "email?": str, "updatedAt": Moment, "createdAt": Moment, "firstName?": str, "lastName?": str}
WRITTEN = {"id?": int, "status": str, "reasons?": [{"code": str, "message": str}]}
USAGE = {"date": str, "total": int, "users": [{"userId": str, "count": int}]}
ERRORS = {"date": str, "total": int, "errors": [{"errorCode": str, "count": int}]}


def check(value: Any, shape: Any, place: str = "answer") -> list[str]:
    """What does not fit, as `place: what`."""
    if shape is Anything:
        return []
    if shape is Moment:
        return [] if isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None else [f"{place}: no moment: {value!r}"]
    if isinstance(shape, type):
        fits = isinstance(value, shape) and not (shape is int and isinstance(value, bool))
        return [] if fits else [f"{place}: {value!r} is no {shape.__name__}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [problem for number, item in enumerate(value) for problem in check(item, shape[0], f"{place}[{number}]")]
    if not isinstance(value, dict):
        return [f"{place}: no object"]
    wanted = {name.rstrip("?"): inner for name, inner in shape.items()}
    problems = [f"{place}: {name} is missing" for name in shape if not name.endswith("?") and name not in value]
    problems += [f"{place}: {name} is not documented" for name in value if name not in wanted]
    return problems + [
        problem for name, inner in wanted.items() if name in value for problem in check(value[name], inner, f"{place}.{name}")
    ]


def answered(result: Any = None, **further: Any) -> dict[str, Any]:
    """The shape of a successful answer."""
    return {"requestId": str, "success": bool} | ({"result": [result]} if result is not None else {}) | further


@pytest.fixture(scope="module")
def marketo() -> Iterator[MarketoClient]:
    served = world()
    served.marketo.load(
        [lead(number, firstName="Ada", lastName="Moss") for number in range(1, 6)],
        [visit(1, "2026-11-05T00:00:00Z", campaignId=5, primaryAttributeValueId=7), visit(2, "2026-11-06T00:00:00Z", activityTypeId=2)],
        programs=[{"id": 1, "name": "Spring"}],
    )
    with serving(served) as client:
        client.post("/rest/v1/leads.json", {"input": [{"email": "p1@example.com", "leadScore": 3, "unsubscribed": True}]})
        client.post("/rest/v1/leads/delete.json", {"input": [{"id": 5}]})
        yield client


PAGED = {"nextPageToken": str, "moreResult": bool}
READS = [
    ("/rest/v1/leads.json?filterType=id&filterValues=1,2", answered(PERSON)),
    ("/rest/v1/leads.json?filterType=id&filterValues=1,2&batchSize=1", answered(PERSON, **PAGED)),
    ("/rest/v1/lead/1.json", answered(PERSON)),
    ("/rest/v1/leads/describe.json", answered(FIELD)),
    ("/rest/v1/leads/describe2.json", answered(DESCRIBE2)),
    ("/rest/v1/activities/types.json", answered(TYPE)),
    ("/rest/v1/activities/pagingtoken.json?sinceDatetime=2026-01-01T00:00:00Z", answered(nextPageToken=str)),
    ("/rest/v1/stats/usage.json", answered(USAGE)),
    ("/rest/v1/stats/usage/last7days.json", answered(USAGE)),
    ("/rest/v1/stats/errors.json", answered(ERRORS)),
    ("/rest/asset/v1/programs.json", answered(Anything, errors=[Anything], warnings=[str])),
    ("/rest/v1/lead/999.json", {"requestId": str, "success": bool, "errors": [{"code": str, "message": str}]}),
]


@pytest.mark.parametrize(("path", "shape"), READS, ids=[path.split("?")[0] for path, _ in READS])
def test_reads_have_the_documented_shape(marketo: MarketoClient, path: str, shape: dict[str, Any]) -> None:
    assert check(marketo.get(path), shape) == []


LOGS = [
    ("activities.json", {"activityTypeIds": "1,2,12,13"}, ACTIVITY),
    ("activities/leadchanges.json", {"fields": "leadScore,unsubscribed"}, CHANGE),
    ("activities/deletedleads.json", {}, ACTIVITY),
]


@pytest.mark.parametrize(("path", "parameters", "shape"), LOGS)
def test_log_pages_have_the_documented_shape(marketo: MarketoClient, path: str, parameters: dict[str, str], shape: dict[str, Any]) -> None:
    token = marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="2026-01-01T00:00:00Z")["nextPageToken"]
    page = marketo.get(f"/rest/v1/{path}", nextPageToken=token, **parameters)
    rest = marketo.get(f"/rest/v1/{path}", nextPageToken=page["nextPageToken"], **parameters)

    assert page["result"]
    assert check(page, answered(shape, **PAGED)) == []
    assert check(rest, answered(**PAGED)) == []


def test_writes_have_the_documented_shape(marketo: MarketoClient) -> None:
    records = [{"email": "p2@example.com"}, {"email": "p2@example.com", "shoeSize": 1}, {"email": "another@example.com"}]
    answer = marketo.post("/rest/v1/leads.json", {"input": records})

    assert [entry["status"] for entry in answer["result"]] == ["updated", "skipped", "created"]
    assert check(answer, answered(WRITTEN)) == []


@pytest.mark.parametrize("kind", ["leads", "activities"])
def test_export_jobs_have_the_documented_shape_in_every_state(marketo: MarketoClient, kind: str) -> None:
    november = {"createdAt": {"startAt": "2026-11-01T00:00:00Z", "endAt": "2026-11-20T00:00:00Z"}}
    body = {"filter": november} | ({"fields": ["id"]} if kind == "leads" else {})
    created = marketo.post(f"/bulk/v1/{kind}/export/create.json", body)
    path = f"/bulk/v1/{kind}/export/{created['result'][0]['exportId']}"
    queued = marketo.post(f"{path}/enqueue.json")
    marketo.world.advance(60)
    completed = marketo.get(f"{path}/status.json")
    listed = marketo.get(f"/bulk/v1/{kind}/export.json")

    assert [answer["result"][0]["status"] for answer in (created, queued, completed)] == ["Created", "Queued", "Completed"]
    assert [problem for answer in (created, queued, completed, listed) for problem in check(answer, answered(JOB))] == []


def test_the_checker_finds_what_is_missing_undocumented_or_of_another_type() -> None:
    shape = {"id": int, "name?": str, "tags": [str]}

    assert check({"id": 1, "tags": ["a"]}, shape) == []
    assert check({"id": True, "tags": ["a", 2], "more": 1}, shape, "x") == [
        "x: more is not documented",
        "x.id: True is no int",
        "x.tags[1]: 2 is no str",
    ]
    assert check({"tags": []}, shape, "x") == ["x: id is missing"]
