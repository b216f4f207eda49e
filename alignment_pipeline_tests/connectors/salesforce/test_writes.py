"""Writing to Salesforce: every row has its own outcome, nothing is sent twice, no owner is changed by accident."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alignment_pipeline.connectors.row_results import RetryClass, RowResult
from alignment_pipeline.connectors.salesforce.bulk_ingest import BulkIngest
from alignment_pipeline.connectors.salesforce.reads import Fate, SalesforceReader
from alignment_pipeline.connectors.salesforce.results import retry_class
from alignment_pipeline.connectors.salesforce.writes import SalesforceWriter
from alignment_pipeline.errors import OutcomeUnknown, Permanent, QuotaExhausted, Retryable
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline_tests.connectors.served import NOW, Served, leads
from alignment_pipeline_tests.connectors.stub import Reply, Seen, stub

SCORE = "Alignment_Engagement_Points__c"
MISSING = "00Q000000009999AAA"


def ids(world: Served, count: int, **values: Any) -> list[str]:
    """Fresh leads."""
    world.world.salesforce.load({"Lead": leads(count, **values)})
    return list(world.world.salesforce.tables["Lead"])


def writer(world: Served) -> SalesforceWriter:
    return SalesforceWriter(world.salesforce("writer"))


def value(world: Served, record_id: str, field: str) -> Any:
    record = world.world.salesforce.get("Lead", record_id)
    return record.get(field) if record else None


def test_two_hundred_records_are_one_call_with_a_result_each(world: Served) -> None:
    wanted = ids(world, 200)
    sender = writer(world)
    sender.session.login()
    before = sender.session.counter.total
    results = sender.update_collection("Lead", [{"Id": one, SCORE: 12.5} for one in wanted])

    assert results == [RowResult.success(one, one) for one in wanted]
    assert sender.session.counter.total - before == 1
    assert value(world, wanted[7], SCORE) == 12.5


def test_every_write_switches_assignment_rules_off_and_names_the_client(world: Served) -> None:
    (one,) = ids(world, 1)
    sender = writer(world)
    sender.update_collection("Lead", [{"Id": one, "Title": "CEO"}])
    sender.update_one("Lead", one, {"Title": "CFO"})
    job = BulkIngest(sender.session)
    job_id = job.create("Lead", "update")
    job.upload(job_id, [{"Id": one, "Title": "COO"}])
    job.close(job_id)
    job.wait(job_id)
    writes = world.world.audit.writes(object="Lead", record_id=one)

    assert [write.changes["Title"][1] for write in writes] == ["CEO", "CFO", "COO"]
    for write in writes:
        headers = {name.lower(): text for name, text in write.headers.items()}
        assert headers["sforce-auto-assign"].upper() == "FALSE"
        assert "alignment_pipeline" in headers["sforce-call-options"]


def test_each_failed_row_says_why_and_the_others_are_written(world: Served) -> None:
    good, long, deleted, other = ids(world, 4)
    People(world.world.salesforce).delete(deleted)
    rows = [
        {"Id": good, "Title": "CEO"},
        {"Id": long, "Title": "x" * 129},
        {"Id": deleted, "Title": "CEO"},
        {"Id": other, SCORE: float("nan")},
    ]
    results = writer(world).update_collection("Lead", rows)

    assert [(row.key, row.is_success, row.code, row.retry) for row in results] == [
        (good, True, None, None),
        (long, False, "STRING_TOO_LONG", RetryClass.ROW),
        (deleted, False, "ENTITY_IS_DELETED", RetryClass.GONE),
        (other, False, "UNWRITABLE_VALUE", RetryClass.ROW),
    ]
    assert results[1].fields == ("Title",)


def test_one_value_of_a_wrong_type_costs_no_other_row(world: Served) -> None:
    wanted = ids(world, 20)
    rows: list[dict[str, Any]] = [{"Id": one, SCORE: 5} for one in wanted]
    rows[13][SCORE] = "abc"
    results = writer(world).update_collection("Lead", rows)

    assert [row.key for row in results if not row.is_success] == [wanted[13]]
    assert sum(value(world, one, SCORE) == 5 for one in wanted) == 19


def test_an_unknown_field_fails_its_own_rows_only(world: Served) -> None:
    first, second = ids(world, 2)
    results = writer(world).update_collection("Lead", [{"Id": first, "Nowhere__c": 1}, {"Id": second, "Title": "CEO"}])

    assert [(row.is_success, row.retry) for row in results] == [(False, RetryClass.SCHEMA), (True, None)]


def test_a_locked_row_and_a_wrapped_lock_are_of_the_lock_class(world: Served) -> None:
    (one,) = ids(world, 1)
    world.fault("row_error", code="UNABLE_TO_LOCK_ROW", message="unable to obtain exclusive access", fields=[], share=1.0, count=1)
    (row,) = writer(world).update_collection("Lead", [{"Id": one, "Title": "CEO"}])

    assert (row.code, row.retry) == ("UNABLE_TO_LOCK_ROW", RetryClass.LOCK)
    assert retry_class("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: UNABLE_TO_LOCK_ROW: ...") is RetryClass.LOCK
    assert retry_class("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: no") is RetryClass.ROW
    assert retry_class("SOMETHING_NEW") is RetryClass.ROW


def test_shuffled_results_are_matched_by_id_and_what_is_left_is_unknown(world: Served) -> None:
    wanted = ids(world, 5)
    world.fault("shuffle_results", count=1)
    shuffled = writer(world).update_collection("Lead", [{"Id": one, "Title": "CEO"} for one in wanted])
    world.fault("drop_results", rows=2, count=1)
    dropped = writer(world).update_collection("Lead", [{"Id": one, "Title": "CFO"} for one in wanted])

    assert [row.key for row in shuffled if row.is_success] == wanted
    assert sorted((row.is_success, str(row.retry)) for row in dropped) == [(False, "T")] * 2 + [(True, "None")] * 3


def test_a_lost_answer_is_an_unknown_outcome_and_is_sent_once(world: Served) -> None:
    (one,) = ids(world, 1)
    world.fault("cut_after", method="PATCH", count=1)
    with pytest.raises(OutcomeUnknown):
        writer(world).update_collection("Lead", [{"Id": one, "Title": "CEO"}])

    assert len(world.world.audit.writes(object="Lead", record_id=one)) == 1


def test_a_conditional_update_loses_against_a_person(world: Served) -> None:
    (one,) = ids(world, 1)
    stamp = world.world.salesforce.tables["Lead"][one]["SystemModstamp"]
    sender = writer(world)
    world.world.advance(60)
    assert sender.update_one("Lead", one, {"Title": "CEO"}, if_unmodified_since=stamp).is_success
    row = sender.update_one("Lead", one, {"Title": "CFO"}, if_unmodified_since=stamp)

    assert (row.is_success, row.code, row.retry) == (False, "PRECONDITION_FAILED", RetryClass.CONFLICT)
    assert value(world, one, "Title") == "CEO"


def test_a_single_update_of_a_record_that_is_gone_is_a_value(world: Served) -> None:
    row = writer(world).update_one("Lead", MISSING, {"Title": "CEO"})

    assert (row.is_success, row.retry) == (False, RetryClass.GONE)


def test_nulls_clear_and_moments_and_decimals_are_written_as_the_api_takes_them(world: Served) -> None:
    (one,) = ids(world, 1, Title="old")
    moment = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    row = writer(world).update_one("Lead", one, {"Title": None, SCORE: Decimal("7.5"), "Alignment_Last_Synced__c": moment})

    assert row.is_success, row.message
    assert (value(world, one, "Title"), value(world, one, SCORE), value(world, one, "Alignment_Last_Synced__c")) == (None, 7.5, moment)


def test_upsert_by_key_creates_once_and_updates_afterwards(world: Served) -> None:
    sender = writer(world)
    key = "sla:lead/1:first touch"
    fields = {"Subject": "Call now", "Status": "Not Started", "Priority": "High"}
    first = sender.upsert_by_external_id("Task", "Alignment_Key__c", key, fields)
    second = sender.upsert_by_external_id("Task", "Alignment_Key__c", key, fields)
    many = sender.upsert_collection("Task", "Alignment_Key__c", [{"Alignment_Key__c": key, **fields}, {"Alignment_Key__c": "b", **fields}])

    assert (first.is_success, first.is_created, second.is_created) == (True, True, False)
    assert [(row.key, row.is_success, row.is_created) for row in many] == [(key, True, False), ("b", True, True)]
    assert len(world.world.salesforce.tables["Task"]) == 2
    assert SalesforceReader(sender.session).find_by_keys("Task", "Alignment_Key__c", [key, "c"], ["Subject"]) == {
        key: [{"Id": first.record_id, "Alignment_Key__c": key, "Subject": "Call now"}]
    }


def test_a_key_that_several_records_hold_is_for_a_person(world: Served) -> None:
    with stub(lambda seen: Reply(300, b'["/a","/b"]') if seen.method == "PATCH" else _token(seen)) as server:
        row = SalesforceWriter(world.salesforce(environ=world.environment | {"SALESFORCE_DOMAIN": server.host})).upsert_by_external_id(
            "Task", "Key__c", "k/1 ü", {"Key__c": "k", "Subject": "x"}
        )

    assert (row.is_success, row.code, row.retry) == (False, "DUPLICATE_EXTERNAL_ID", RetryClass.ROW)
    assert server.seen[-1].path.endswith("/sobjects/Task/Key__c/k%2F1%20%C3%BC")
    assert json.loads(server.seen[-1].body) == {"Subject": "x"}


def _token(_: Seen) -> Reply:
    return Reply(
        200, b'{"access_token":"00D000000000001!AQx","id":"https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA"}'
    )


def test_two_rows_of_one_record_are_refused_before_they_are_sent(world: Served) -> None:
    (one,) = ids(world, 1)
    results = writer(world).update_collection("Lead", [{"Id": one, "Title": "CEO"}, {"Id": one, "Title": "CFO"}, {"Id": "x", "Title": "y"}])

    assert [row.is_success for row in results] == [True, False, False]
    with pytest.raises(ValueError, match="at most 200"):
        writer(world).update_collection("Lead", [{"Id": one}] * 201)


def test_what_was_written_before_an_error_is_told_and_the_rest_is_to_be_read(world: Served) -> None:
    """A value that refuses its whole request halves it; when the second half meets a limit, the first half stands written all the same."""
    one, two, bad = ids(world, 3)
    sender = writer(world)
    sender.session.login()
    limit = '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]'
    wrong = '[{"errorCode":"JSON_PARSER_ERROR","message":"no number"}]'
    world.fault("answer", method="PATCH", count=1, status=400, body=wrong)
    world.fault("answer", method="PATCH", skip=1, count=1, status=403, body=limit)
    results = sender.update_collection("Lead", [{"Id": found, "Title": "CEO"} for found in (one, two, bad)])

    assert [(row.key, row.is_success, row.retry) for row in results] == [
        (one, True, None),
        (two, False, RetryClass.UNKNOWN),
        (bad, False, RetryClass.UNKNOWN),
    ]
    assert [value(world, found, "Title") for found in (one, two, bad)] == ["CEO", None, None]


def test_a_daily_limit_stops_the_writer(world: Served) -> None:
    (one,) = ids(world, 1)
    sender = writer(world)
    sender.session.login()
    world.fault("answer", status=403, body='[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]')
    with pytest.raises(QuotaExhausted):
        sender.update_collection("Lead", [{"Id": one, "Title": "CEO"}])


def test_records_are_read_back_two_thousand_a_call_or_by_query(world: Served) -> None:
    wanted = ids(world, 250, Title="CEO")
    reader = SalesforceReader(world.salesforce())
    found = reader.read_by_ids("Lead", [wanted[0][:15], *wanted, MISSING], ["Title", "SystemModstamp"])
    calls = reader.session.counter.by_endpoint["re-read"]
    reader.serves_collections = False
    by_query = reader.read_by_ids("Lead", [*wanted, MISSING], ["Title", "SystemModstamp"])

    assert found == by_query
    assert (len(found), found[MISSING], calls) == (251, None, 1)
    assert found[wanted[3]] == {"Id": wanted[3], "Title": "CEO", "SystemModstamp": found[wanted[3]]["SystemModstamp"]}  # type: ignore[index]


def test_a_server_that_reads_no_collections_is_queried(world: Served) -> None:
    (one,) = ids(world, 1)
    world.fault("answer", path="/composite/sobjects/Lead", status=404, body='[{"errorCode":"NOT_FOUND","message":"no"}]', count=None)
    found = SalesforceReader(world.salesforce()).read_by_ids("Lead", [one], ["Company"])

    assert found == {one: {"Id": one, "Company": "Example"}}


def test_the_fate_of_deleted_merged_and_converted_records_is_told(world: Served) -> None:
    winner, loser, gone, converted = ids(world, 4)
    people = People(world.world.salesforce)
    people.merge(winner, [loser])
    people.delete(gone)
    people.convert(converted)
    fates = SalesforceReader(world.salesforce()).fates(
        "Lead", [winner, loser, gone, converted, MISSING], ["MasterRecordId", "IsConverted", "ConvertedContactId", "ConvertedAccountId"]
    )

    assert fates[winner] == Fate(winner, False)
    assert fates[loser] == Fate(loser, True, winner)
    assert fates[gone].is_deleted
    assert fates[converted].is_converted
    assert str(fates[converted].contact_id).startswith("003")
    assert MISSING not in fates


def test_a_bulk_job_writes_thousands_and_tells_each_row(world: Served) -> None:
    wanted = ids(world, 2_500)
    job = BulkIngest(world.salesforce("writer"))
    rows: list[dict[str, Any]] = [{"Id": one, SCORE: 3.5, "Title": 'a,b\r\n"c" ü'} for one in wanted]
    rows[10] = {"Id": wanted[10], "Title": "x" * 200}
    rows[11] = {"Id": wanted[11], "Title": None}
    job_id = job.create("Lead", "update")
    job.upload(job_id, rows)
    job.close(job_id)
    status = job.wait(job_id)
    results = job.results(job_id, [*wanted, MISSING])

    assert (status.state, status.processed, status.failed) == ("JobComplete", 2_500, 1)
    assert [row.key for row in results] == [*wanted, MISSING]
    assert (results[10].code, results[10].fields, results[10].retry) == ("STRING_TOO_LONG", ("Title",), RetryClass.ROW)
    assert results[-1].retry is RetryClass.UNKNOWN
    assert sum(row.is_success for row in results) == 2_499
    assert value(world, wanted[0], "Title") == 'a,b\n"c" ü'
    assert (value(world, wanted[11], "Title"), value(world, wanted[11], SCORE)) == (None, None)
    assert job.session.counter.total <= 12


def test_a_lost_upload_aborts_the_job_and_nothing_is_written(world: Served) -> None:
    (one,) = ids(world, 1)
    job = BulkIngest(world.salesforce("writer"))
    job_id = job.create("Lead", "update")
    world.fault("cut_after", method="PUT", count=1)
    with pytest.raises(Retryable, match="nothing was written"):
        job.upload(job_id, [{"Id": one, "Title": "CEO"}])

    assert job.status(job_id).state == "Aborted"
    assert world.world.audit.writes(object="Lead", record_id=one) == []


def test_a_failed_poll_never_aborts_the_job(world: Served) -> None:
    (one,) = ids(world, 1)
    job = BulkIngest(world.salesforce("writer"))
    job_id = job.create("Lead", "update")
    job.upload(job_id, [{"Id": one, "Title": "CEO"}])
    job.close(job_id)
    world.fault("answer", path="/jobs/ingest/", status=503, body="", count=8)
    with pytest.raises(Retryable):
        job.wait(job_id)
    job.close(job_id)

    assert job.wait(job_id).state == "JobComplete"
    assert job.results(job_id, [one])[0].is_success


def test_an_open_job_is_not_waited_for(world: Served) -> None:
    job = BulkIngest(world.salesforce("writer"))
    with pytest.raises(Permanent, match="still open"):
        job.wait(job.create("Lead", "update"))


def test_error_texts_of_bulk_are_taken_apart(world: Served) -> None:
    texts = {
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --": ("REQUIRED_FIELD_MISSING", ("LastName",)),
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 200 records: 001A,001B:--": ("UNABLE_TO_LOCK_ROW", ()),
        "STRING_TOO_LONG:Title: data value too large: a:b (max length=80):Title,Name --": ("STRING_TOO_LONG", ("Title", "Name")),
        "something else": ("UNKNOWN_ERROR", ()),
    }
    rows = "".join(f'"{MISSING[:-4]}{number:04}","{text}","{MISSING[:-4]}{number:04}"\n' for number, text in enumerate(texts))
    body = f'"sf__Id","sf__Error","Id"\n{rows}'.encode()
    empty = b'"sf__Id","sf__Created","Id"\n'

    def script(seen: Seen) -> Reply:
        if "oauth2" in seen.path:
            return _token(seen)
        return Reply(200, body if "failedResults" in seen.path else empty, {"Content-Type": "text/csv"})

    with stub(script) as server:
        session = world.salesforce(environ=world.environment | {"SALESFORCE_DOMAIN": server.host})
        results = BulkIngest(session).results("750x", [f"{MISSING[:-4]}{number:04}" for number in range(len(texts))])

    assert [(row.code, row.fields) for row in results] == list(texts.values())
    assert results[1].retry is RetryClass.LOCK


def test_stamps_for_conditions_are_http_dates(world: Served) -> None:
    with stub(lambda seen: _token(seen) if "oauth2" in seen.path else Reply(204, b"")) as server:
        session = world.salesforce(environ=world.environment | {"SALESFORCE_DOMAIN": server.host})
        SalesforceWriter(session).update_one("Lead", MISSING, {}, if_unmodified_since=NOW + timedelta(hours=1))

    assert server.seen[-1].headers["If-Unmodified-Since"] == "Fri, 20 Nov 2026 13:00:00 GMT"


def test_keys_are_looked_up_in_parts_that_a_uri_can_carry() -> None:
    from alignment_pipeline.connectors.salesforce import reads

    keys = [f"sla:00Q{number:015d}:first_touch_hand_raiser:2026-11-19T05:18:17Z:rep_and_manager" for number in range(450)]

    parts = list(reads._in_url(keys))

    assert keys == [key for part in parts for key in part]
    assert all(len(reads.quote("','".join(part), safe="")) <= reads.MOST_KEY_BYTES and len(part) <= 200 for part in parts)
