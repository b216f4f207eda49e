"""The demo organisation in the embedded Salesforce: every object that the product reads, both ways, with the same answer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.sandbox.organisation import generate
from alignment_pipeline.sandbox.salesforce.store import DEFAULT_PACKAGE
from alignment_pipeline_tests.sandbox.salesforce_world import NOW, Client, served, world


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    organisation = generate(seed=5, anchor=NOW, accounts=200, people=800, activities=6000, currencies=2)
    with served(world(DEFAULT_PACKAGE, organisation.salesforce, currencies=organisation.currencies)) as found:
        yield found


def plain(value: Any) -> str:
    """A REST value as Bulk writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("+0000", "Z") if isinstance(value, str) and value.endswith(".000+0000") else str(value)


def is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("E", "", 1).lstrip("-").isdigit()


def same(rest: str, bulk: str) -> bool:
    return rest == bulk or (is_number(rest) and is_number(bulk) and float(rest) == float(bulk))


# the demo organisation has not switched Shared Activities on
UNUSED = {"TaskRelation", "EventRelation"}


@pytest.mark.parametrize("stream", SALESFORCE.streams, ids=lambda stream: stream.object)
def test_rest_and_bulk_answer_alike(client: Client, stream: RawStream) -> None:
    soql = f"SELECT {', '.join(stream.fields)} FROM {stream.object} ORDER BY Id LIMIT 2000"
    records = client.get("/queryAll", params={"q": soql}).json()["records"]
    job = client.call("POST", "/jobs/query", json={"operation": "queryAll", "query": soql}).json()["id"]
    text = client.get(f"/jobs/query/{job}/results").content.decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert bool(records) is (stream.object not in UNUSED), f"the demo organisation has {stream.object}"
    assert [one["Id"] for one in records] == [row["Id"] for row in rows]
    assert [] == [
        (one["Id"], name) for one, row in zip(records, rows, strict=True) for name in stream.fields if not same(plain(one[name]), row[name])
    ]
