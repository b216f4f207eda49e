"""Reading Salesforce objects: both transports alike, everything once, deletes and merges followed, drift reported."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.streams import Reading, StreamState
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import ConfigurationError, DataLoss, Permanent, Retryable
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline_tests.connectors.served import NOW, STREAMS, TEN_DAYS_AGO, Served, by_id, leads, rows_of
from alignment_pipeline_tests.faults.selection import wants_all

# what an organisation with one currency has
ORDINARY = [stream for stream in SALESFORCE.streams if stream.only_with is None]
LEAD = STREAMS["Lead"]
CORE = [STREAMS[name] for name in ("Account", "Contact", "Lead", "Opportunity", "Task", "Event", "User")]


def extraction(world: Served, **options: Any) -> SalesforceExtraction:
    """An extraction with a session of its own."""
    return SalesforceExtraction(world.salesforce(), **options)


def read(world: Served, stream: RawStream = LEAD, state: StreamState | None = None, **options: Any) -> tuple[list[dict[str, Any]], Reading]:
    """One stream, read to its end."""
    states = {stream.object: state} if state is not None else {}
    (reading,) = extraction(world, states=states, **options).readings([stream])
    return rows_of(reading), reading


def people(world: Served) -> People:
    return People(world.world.salesforce)


def test_rest_and_bulk_give_the_same_rows_to_the_hash(world: Served) -> None:
    values = {
        "Street": 'Line "one"\r\nLine, two',
        "Title": "Ünïcødé 🚀 \u200d שלום",
        "AnnualRevenue": 350_000_000.0,
        "NumberOfEmployees": 250,
        "Company": "null",
        "HasOptedOutOfEmail": True,
    }
    world.world.salesforce.load({"Lead": [*leads(3), *leads(2, first=10, **values)]})
    rest, _ = read(world)
    bulk, reading = read(world, bulk_rows_from=1)

    assert reading.report.method == "bulk"
    assert {row["record_id"]: row["row_hash"] for row in rest} == {row["record_id"]: row["row_hash"] for row in bulk}
    rich = next(row for row in bulk if row["Company"] == "null")
    assert (rich["AnnualRevenue"], rich["NumberOfEmployees"], rich["HasOptedOutOfEmail"]) == ("350000000", "250", "true")
    assert rich["SystemModstamp"] == rich["modified_at"].strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_all_twenty_objects_of_a_new_organisation_cost_five_calls(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(5)})
    source = extraction(world)
    readings = source.readings(ORDINARY)
    counted = {reading.stream.object: len(rows_of(reading)) for reading in readings}

    assert (counted["Lead"], source.session.counter.total) == (5, 5)
    states = {reading.stream.object: reading.report.state for reading in readings}
    world.world.advance(3600)
    again = extraction(world, states=states)
    changed = {reading.stream.object: len(rows_of(reading)) for reading in again.readings(ORDINARY)}
    assert {name for name, count in changed.items() if count} == {"User", "Organization"}, "both were stamped as the first load ended"
    assert again.session.counter.total == 4


def test_a_server_without_batches_is_read_one_by_one_within_the_budget(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(5)})
    world.fault("answer", path="/composite/batch", status=404, body='[{"errorCode":"NOT_FOUND","message":"no"}]', count=None)
    first = extraction(world)
    readings = first.readings(ORDINARY)
    counted = {reading.stream.object: len(rows_of(reading)) for reading in readings}
    assert counted["Lead"] == 5
    assert first.session.counter.total <= 90
    states = {reading.stream.object: reading.report.state for reading in readings}
    world.world.advance(3600)
    person = people(world).create("Lead", {"LastName": "New", "Company": "New"})
    world.fault("hide_field", object="Lead", field="Title", count=None)
    second = extraction(world, states=states)
    changed = {reading.stream.object: (rows_of(reading), reading.report) for reading in second.readings(ORDINARY)}
    assert ([row["record_id"] for row in changed["Lead"][0]], changed["Lead"][1].missing_fields) == ([person], ("Title",))
    # a look at each of 28 objects, and four calls
    assert second.session.counter.total <= 32, "what the last run saw is good for a day; a field that vanished is dropped on refusal"
    world.world.advance(86_400)
    third = extraction(world, states=states)
    third.readings([LEAD, STREAMS["Account"]])
    assert third.session.counter.by_endpoint["describe"] == 2


def test_deleted_merged_and_undeleted_records_are_followed(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(6)})
    rows, first = read(world)
    winner, loser, gone, back, *_ = sorted(by_id(rows))
    world.world.advance(3600)
    people(world).merge(winner, [loser])
    people(world).delete(gone)
    people(world).delete(back)
    world.world.advance(60)
    people(world).undelete(back)
    world.world.advance(3600)
    changed = by_id(read(world, state=first.report.state)[0])

    assert (changed[loser]["is_deleted"], changed[loser]["MasterRecordId"]) == (True, winner)
    assert (changed[gone]["is_deleted"], changed[gone]["MasterRecordId"]) == (True, None)
    assert changed[back]["is_deleted"] is False


def test_a_record_deleted_for_good_leaves_a_tombstone(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(3)})
    rows, first = read(world)
    victim = rows[0]["record_id"]
    world.world.advance(3600)
    people(world).delete(victim)
    people(world).hard_delete(victim)
    world.world.advance(3600)
    changed, second = read(world, state=first.report.state)

    assert [(row["record_id"], row["is_deleted"]) for row in changed] == [(victim, True)]
    assert second.report.rows == 1


def test_deletions_older_than_the_log_are_said_to_be_unknown(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(3)})
    _, first = read(world)
    world.world.advance(40 * 86_400)
    _, second = read(world, state=first.report.state)

    assert "deletions before the delete log" in str(second.report.note)


def test_a_converted_lead_comes_as_a_changed_row(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(1)})
    rows, first = read(world)
    world.world.advance(3600)
    people(world).convert(rows[0]["record_id"])
    world.world.advance(3600)
    (changed,) = read(world, state=first.report.state)[0]

    assert changed["IsConverted"] == "true"
    assert changed["ConvertedContactId"].startswith("003")


def test_a_hidden_optional_field_is_reported_and_read_without(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(1)})
    world.fault("hide_field", object="Lead", field="Title", count=None)
    rows, reading = read(world)

    assert (len(rows), reading.report.missing_fields) == (1, ("Title",))


def test_hidden_required_fields_are_all_named_with_their_object(world: Served) -> None:
    world.fault("hide_field", object="Lead", field="Company", count=None)
    world.fault("hide_field", object="Account", field="Name", count=None)
    with pytest.raises(Permanent) as caught:
        extraction(world).readings(CORE)

    assert "Salesforce Lead: Company cannot be read" in str(caught.value)
    assert "Salesforce Account: Name cannot be read" in str(caught.value)


def test_a_field_that_vanishes_between_describe_and_query_is_dropped_with_a_word(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(1)})
    text = "\nSELECT Id,Title FROM Lead\n          ^\nERROR at Row:1:Column:8\nNo such column 'Title' on entity 'Lead'."
    world.fault(
        "answer", path=r"/queryAll.*Title", status=400, body=json.dumps([{"errorCode": "INVALID_FIELD", "message": text}]), count=None
    )
    rows, reading = read(world)

    assert (len(rows), reading.report.missing_fields) == (1, ("Title",))


def test_schema_drift_is_reported_and_a_new_field_is_read_for_all_records(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(3, Title="Chief")})
    world.fault("hide_field", object="Lead", field="Title", count=None)
    _, first = read(world)
    world.world.faults.clear()
    world.world.advance(86_400)
    rows, second = read(world, state=first.report.state)

    assert [row["Title"] for row in rows] == ["Chief"] * 3
    assert not any(row["is_reconstructed"] for row in rows)
    assert "field Title appeared" in second.report.drift
    world.fault("change_field", object="Lead", field="Title", type="picklist", count=None)
    assert "field Title was string, is picklist" in read(world, state=second.report.state)[1].report.drift


def test_custom_fields_come_as_json_beside_the_columns(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(1, Fax="+1 555")})
    rows, reading = read(world, custom_fields={"Lead": ["Fax", "Nowhere__c"]})

    assert json.loads(rows[0]["custom_fields"]) == {"Fax": "+1 555"}
    assert reading.report.missing_fields == ("Nowhere__c",)


def test_a_time_out_halves_the_window_until_all_rows_are_there(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(300, step=60.0)})
    world.fault("query_timeout", path="/query", rows=100, count=None)
    world.fault("query_timeout", sent="batchRequests", rows=100, count=None)
    rows, reading = read(world)

    assert len({row["record_id"] for row in rows}) == len(rows) == 300
    assert reading.report.rows == 300


def test_a_time_out_inside_one_second_goes_on_by_id(world: Served) -> None:
    number = 50_000 if wants_all() else 2_300
    world.world.salesforce.load({"Lead": leads(number, step=0.0)})
    world.fault("query_timeout", rows=2_000, count=None)
    rows, _ = read(world)

    assert len({row["record_id"] for row in rows}) == len(rows) == number


def test_a_query_that_always_times_out_fails_and_is_not_zero_rows(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(3, step=0.0)})
    world.fault("query_timeout", rows=0, count=None)
    with pytest.raises(Retryable, match="time out"):
        read(world)


def test_a_bulk_job_that_times_out_is_split(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(40, step=3600.0)})
    world.fault("bulk_job_fails", count=2)
    rows, reading = read(world, bulk_rows_from=1)

    assert (len({row["record_id"] for row in rows}), reading.report.method) == (40, "bulk")


def test_a_forgotten_locator_begins_again_at_the_last_row(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(4_500, step=0.5)})
    world.fault("expire_locator", count=1, skip=1)
    rows, _ = read(world)

    assert len({row["record_id"] for row in rows}) == len(rows) == 4_500


def test_a_run_that_died_takes_its_bulk_job_up_again(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(50)})
    kept: list[StreamState] = []
    world.fault("answer", path="/results", status=503, body="", count=None)
    with pytest.raises(Retryable):
        read(world, bulk_rows_from=1, remember=kept.append)
    world.world.faults.clear()
    world.world.advance(600)
    state = StreamState.from_json(json.loads(json.dumps(kept[-1].to_json())))
    rows, second = read(world, state=state, bulk_rows_from=1)

    assert (len(rows), second.report.state.jobs) == (50, ())
    assert second.report.state.watermark == NOW
    calls = world.world.calls.by_endpoint("salesforce")["salesforce"]
    assert sum(count for path, count in calls.items() if path.startswith("POST") and "jobs/query" in path) == 1


def test_a_job_of_another_question_is_not_taken_up(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(5)})
    kept: list[StreamState] = []
    (reading,) = extraction(world, bulk_rows_from=1, remember=kept.append).readings([LEAD])
    assert reading.stream is LEAD
    (again,) = extraction(world, states={"Lead": kept[-1]}, custom_fields={"Lead": ["Fax"]}, bulk_rows_from=1).readings([LEAD])

    assert len(rows_of(again)) == 5


def test_an_object_that_bulk_does_not_serve_is_read_by_rest(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(5)})
    refused = '[{"errorCode":"INVALIDENTITY","message":"Entity Lead is not supported by the Bulk API."}]'
    world.fault("answer", method="POST", path="/jobs/query", status=400, body=refused, count=None)
    rows, reading = read(world, bulk_rows_from=1)

    assert (len(rows), reading.report.method) == (5, "rest")
    assert "read by REST" in str(reading.report.note)


def test_an_absent_history_object_is_said_to_be_untracked(world: Served) -> None:
    absent = '[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]'
    world.fault("answer", path="/composite/batch", status=404, body=absent, count=None)
    world.fault("answer", path="/sobjects/LeadHistory/describe", status=404, body=absent, count=None)
    rows, reading = read(world, STREAMS["LeadHistory"])

    assert (rows, reading.report.method) == ([], "absent")
    assert "field history tracking is off" in str(reading.report.note)


def test_a_required_object_that_is_hidden_is_a_clear_error(world: Served) -> None:
    absent = '[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]'
    world.fault("answer", path="/sobjects/Lead/describe", status=404, body=absent, count=None)
    with pytest.raises(Permanent, match="Salesforce Lead: the object is not there"):
        read(world)


def test_a_stamp_that_cannot_be_filtered_is_not_used(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(3)})
    world.fault("change_field", object="Lead", field="SystemModstamp", filterable=False, count=None)
    rows, reading = read(world)

    assert len(rows) == 3
    assert reading.report.state.watermark == NOW


def test_a_wrong_row_is_put_aside_with_its_reason_and_the_rest_is_read(world: Served) -> None:
    page = {
        "totalSize": 2,
        "done": True,
        "records": [{"Id": "broken"}, {"Id": "00Q000000000001", "SystemModstamp": "2026-01-01T00:00:00.000+0000"}],
    }
    world.fault("answer", path="/queryAll", status=200, body=json.dumps(page), count=None)
    (reading,) = extraction(world).readings([LEAD])
    reading._run.one.first = None  # type: ignore[attr-defined]
    rows = rows_of(reading)

    assert [row["record_id"] for row in rows] == ["00Q000000000001EAA"]
    assert [(one.record_id, "not a Salesforce id" in one.reason) for one in reading.report.quarantined] == [("broken", True)]


def test_a_page_without_its_rows_is_data_loss(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(3)})
    (reading,) = extraction(world).readings([LEAD])
    part = reading._run.one.first  # type: ignore[attr-defined]
    part.body["records"].pop()
    with pytest.raises(DataLoss, match="3 records, its pages hold 2"):
        rows_of(reading)


def test_rows_that_a_query_loses_silently_show_in_the_census(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(40)})
    first, _ = extraction(world).readings([LEAD, STREAMS["Account"]])
    first._run.one.census = 41  # type: ignore[attr-defined]
    rows_of(first)

    assert "census differs: Salesforce counts 41 living records, 40 were read" in str(first.report.note)


def test_a_report_before_the_end_is_refused(world: Served) -> None:
    (reading,) = extraction(world).readings([LEAD])
    with pytest.raises(RuntimeError, match="has not ended"):
        _ = reading.report


def test_a_state_survives_json_and_a_damaged_one_is_named() -> None:
    state = StreamState("Lead", NOW, field_types={"Id": "id"}, swept_at=TEN_DAYS_AGO, rows_per_day=2.5)

    assert StreamState.from_json(json.loads(json.dumps(state.to_json()))) == state
    with pytest.raises(ConfigurationError, match="cannot be read"):
        StreamState.from_json({"stream": "Lead", "watermark": "yesterday"})


def test_the_watermark_moves_only_with_the_end_of_the_reading(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(10)})
    kept: list[StreamState] = []
    world.fault("answer", path="/results", status=400, body='[{"errorCode":"API_ERROR","message":"broken"}]', count=None)
    with pytest.raises(SalesforceRefused):
        read(world, bulk_rows_from=1, remember=kept.append)

    assert [state.watermark for state in kept] == [None, None]
    assert kept[-1].jobs == ()


@pytest.mark.parametrize(("shift", "expected"), [(-7_200, NOW - timedelta(hours=2)), (7_200, NOW)])
def test_the_watermark_is_never_ahead_of_either_clock(world: Served, shift: int, expected: datetime) -> None:
    world.world.salesforce.load({"Lead": leads(1, stamp=NOW - timedelta(seconds=1))})
    world.fault("headers", date_shift_seconds=shift, count=None)
    rows, reading = read(world)

    assert len(rows) == 1, "a row of this very second is read, whatever the server's clock shows"
    assert reading.report.state.watermark == expected
