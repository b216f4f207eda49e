"""Ten thousand rows of everything that ever broke a load: each is loaded or put aside with its reason, by every transport."""

from __future__ import annotations

import csv
import io
import json
import random
from hashlib import sha256
from typing import Any

import pytest

from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.streams import Reading, StreamState
from alignment_pipeline.errors import DataLoss
from alignment_pipeline_tests.connectors.served import NOW, STREAMS, Served, people, rows_of
from alignment_pipeline_tests.connectors.stub import Reply, Seen, stub

COUNT = 10_000
TEXTS = (
    "\x00",
    "a\x00b",
    "\ud83d",
    "half \udc00 character",
    "\r",
    "two\rlines\r\nand\nmore",
    "x" * 200_000,
    "\u202edesrever",
    "👩\u200d👩\u200d👧",
    "NaN",
    "1e400",
    "=cmd|' /C calc'!A0",
    "#N/A",
    "N/A",
    "null",
    "<script>alert(1)</script>",
    "0000-00-00",
    "' OR 1=1 --",
    '"quoted", and "more"',
    "  ",
    "\ufeffBOM",
    "İstanbul ẞ ﬀ",
)
STAMPS = ("2026-11-01T00:00:00.000+0000", "2026-11-01T00:00:00.000Z", "0000-00-00", "yesterday", "99999-01-01T00:00:00Z")


def record(number: int, dice: random.Random) -> dict[str, Any]:
    """One lead with poison in its fields; every tenth has no id, every seventh a stamp that is none."""
    return {
        "Id": "broken" if number % 10 == 0 else f"00Q{number:015}",
        "LastName": dice.choice(TEXTS[:6] + TEXTS[7:]),
        "Company": dice.choice(TEXTS[:6] + TEXTS[7:]) if number % 500 else TEXTS[6],
        "SystemModstamp": STAMPS[number % 3] if number % 7 == 0 else STAMPS[0],
        "IsDeleted": number % 11 == 0,
    }


@pytest.fixture
def records() -> list[dict[str, Any]]:
    dice = random.Random(3)
    return [record(number, dice) for number in range(COUNT)]


def check(reading: Reading, rows: list[dict[str, Any]]) -> None:
    """Every record is accounted for, and what is loaded can be stored."""
    report = reading.report
    reasons = {one.reason.split(":")[0] for one in report.quarantined}

    assert len(rows) + len(report.quarantined) == COUNT
    assert reasons == {"row cannot be read"}
    assert len(report.quarantined) >= COUNT // 10
    assert report.repaired > COUNT // 10
    for row in rows:
        for value in row.values():
            if isinstance(value, str):
                assert "\x00" not in value
                value.encode("utf-8")


def test_poison_by_rest(world: Served, records: list[dict[str, Any]]) -> None:
    page = json.dumps({"totalSize": COUNT, "done": True, "records": records})
    world.fault("answer", path="/queryAll", status=200, body=page, count=None)
    (reading,) = SalesforceExtraction(world.salesforce(), bulk_rows_from=10**9).readings([STREAMS["Lead"]])

    check(reading, rows_of(reading))


def salesforce_script(names: list[str], page: bytes) -> Any:
    """A Salesforce that answers one bulk query with this page."""
    describe = {"name": "Lead", "fields": [{"name": name, "type": "string"} for name in STREAMS["Lead"].required if name not in names]}
    kinds = {"SystemModstamp": "datetime", "IsDeleted": "boolean"}
    describe["fields"] += [{"name": name, "type": kinds.get(name, "string")} for name in names]
    answers = {
        "oauth2": {"access_token": "00D000000000001!AQtoken"},
        "describe": describe,
        "recordCount": {"sObjects": [{"name": "Lead", "count": COUNT}]},
        "/jobs/query/750000000000001AAA": {"id": "750000000000001AAA", "state": "JobComplete", "numberRecordsProcessed": COUNT},
        "/jobs/query": {"id": "750000000000001AAA", "state": "UploadComplete"},
    }

    def script(seen: Seen) -> Reply:
        if "/results" in seen.path:
            return Reply(200, page, {"Content-Type": "text/csv", "Sforce-NumberOfRecords": str(COUNT), "Sforce-Locator": "null"})
        return Reply(200, json.dumps(next(body for part, body in answers.items() if part in seen.path)).encode())

    return script


def as_csv(records: list[dict[str, Any]], names: list[str], everything: list[str]) -> bytes:
    """The records as Bulk writes them, half characters included."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(everything)
    for one in records:
        values = {name: one[name] for name in names} | {"IsDeleted": str(one["IsDeleted"]).lower()}
        writer.writerow([values.get(name, "") for name in everything])
    return target.getvalue().encode("utf-8", "surrogatepass")


def test_poison_by_bulk(world: Served, records: list[dict[str, Any]]) -> None:
    names = ["Id", "LastName", "Company", "SystemModstamp", "IsDeleted"]
    everything = [name for name in STREAMS["Lead"].fields if name in {*names, *STREAMS["Lead"].required}]
    with stub(salesforce_script(names, as_csv(records, names, everything))) as server:
        session = world.salesforce(environ=world.environment | {"SALESFORCE_DOMAIN": server.host})
        (reading,) = SalesforceExtraction(session).readings([STREAMS["Lead"]])
        rows = rows_of(reading)

    assert reading.report.method == "bulk"
    check(reading, rows)


def test_a_page_in_another_character_set_is_not_guessed_at(world: Served, records: list[dict[str, Any]]) -> None:
    names = ["Id", "LastName", "Company", "SystemModstamp", "IsDeleted"]
    everything = [name for name in STREAMS["Lead"].fields if name in {*names, *STREAMS["Lead"].required}]
    plain = [dict(one, LastName="Müller", Company="Ärzte") for one in records]
    page = as_csv(plain, names, everything).decode().encode("latin-1")
    with stub(salesforce_script(names, page)) as server:
        session = world.salesforce(environ=world.environment | {"SALESFORCE_DOMAIN": server.host})
        (reading,) = SalesforceExtraction(session).readings([STREAMS["Lead"]])
        with pytest.raises(DataLoss, match="UnicodeDecodeError"):
            rows_of(reading)


def test_poison_in_a_marketo_file(world: Served) -> None:
    dice = random.Random(5)
    world.world.marketo.load(people(1))
    header = "marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,attributes"
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(header.split(","))
    for number in range(COUNT):
        attributes = "{broken" if number % 10 == 0 else json.dumps({"Webpage URL": dice.choice(TEXTS[:6])})
        stamp = STAMPS[3] if number % 9 == 0 else "2026-11-19T10:00:00Z"
        writer.writerow([f"g{number}", "1", stamp, "1", "null", "7", dice.choice(TEXTS[:6] + TEXTS[7:]), attributes])
    data = target.getvalue().encode("utf-8", "surrogatepass")
    digest = sha256(data).hexdigest()
    job = {"exportId": "e", "status": "Completed", "numberOfRecords": COUNT, "fileSize": len(data), "fileChecksum": f"sha256:{digest}"}
    answers: dict[str, Any] = {
        "oauth": {"access_token": "t", "expires_in": 3599},
        "types.json": {"success": True, "result": [{"id": 1, "name": "Visit Webpage"}]},
        "create.json": {"success": True, "result": [{"exportId": "e", "status": "Created"}]},
        "enqueue": {"success": True, "result": [{"exportId": "e", "status": "Queued"}]},
        "export.json": {"success": True, "result": [job]},
    }

    def script(seen: Seen) -> Reply:
        if "file.json" in seen.path:
            return Reply(200, data, {"Content-Type": "text/csv"})
        return Reply(200, json.dumps(next(body for part, body in answers.items() if part in seen.path)).encode())

    with stub(script) as server:
        world.sandbox.ports["marketo"] = int(server.host.partition(":")[2])
        state = StreamState("activities", NOW, rows_per_day=10.0**9, swept_at=NOW)
        (reading,) = MarketoExtraction(world.marketo(), states={"activities": state}).readings([STREAMS["activities"]])
        rows = rows_of(reading)

    assert len(rows) + len(reading.report.quarantined) == COUNT
    assert {one.reason.split(":")[0] for one in reading.report.quarantined} == {"activity cannot be read"}
    assert len(reading.report.quarantined) == sum(number % 10 == 0 or number % 9 == 0 for number in range(COUNT))
