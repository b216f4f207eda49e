"""Reading Marketo: bulk windows and paging tokens give the same rows, jobs survive, quotas stop cleanly."""

from __future__ import annotations

import json
import random
import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from alignment_pipeline.connectors.marketo import activities, bulk_extract
from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.marketo.id_set import IdSet
from alignment_pipeline.connectors.marketo.writes import update_leads
from alignment_pipeline.connectors.streams import Reading, StreamState
from alignment_pipeline.connectors.values import stamp_text
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import ConfigurationError, CredentialsRefused, DataLoss, OutcomeUnknown, Permanent, QuotaExhausted
from alignment_pipeline.sandbox.marketo.control import add_activities, edit_lead
from alignment_pipeline_tests.connectors.served import NOW, STREAMS, Served, by_id, people, rows_of, served, visits
from alignment_pipeline_tests.connectors.stub import Reply, Seen, stub

ACTIVITIES, LEADS, TYPES = STREAMS["activities"], STREAMS["leads"], STREAMS["activity_types"]
Rows = list[dict[str, Any]]


def read(world: Served, stream: RawStream, state: StreamState | None = None, **options: Any) -> tuple[Rows, Reading]:
    """One stream, read to its end with a session of its own."""
    states = {stream.object: state} if state is not None else {}
    (reading,) = MarketoExtraction(world.marketo(), states=states, **options).readings([stream])
    return rows_of(reading), reading


def calls(world: Served, part: str) -> int:
    """How many requests the server saw whose endpoint holds `part`."""
    return sum(count for path, count in world.world.calls.by_endpoint("marketo")["marketo"].items() if part in path)


def edit(world: Served, lead_id: int, **values: Any) -> None:
    edit_lead(world.world, lead_id, values)


def test_pages_and_bulk_files_give_the_same_rows_to_the_hash(world: Served) -> None:
    rich = {
        "marketoGUID": "rich",
        "leadId": 1,
        "activityTypeId": 10,
        "campaignId": 12,
        "activityDate": "2026-11-19T10:00:00Z",
        "primaryAttributeValueId": 5,
        "primaryAttributeValue": 'A "quoted", name\nof 2 lines',
        "attributes": [{"name": "Is Bot Activity", "value": True}, {"name": "Device", "value": "null"}, {"name": "Step ID", "value": 3}],
    }
    world.world.marketo.load(people(3), [*visits(5), rich])
    bulk, _ = read(world, ACTIVITIES, activity_days=20)
    known = StreamState("activities", watermark=NOW - timedelta(days=11), swept_at=NOW, rows_per_day=1)
    paged, reading = read(world, ACTIVITIES, known)

    assert reading.report.method == "rest"
    assert {row["record_id"]: row["row_hash"] for row in bulk} == {row["record_id"]: row["row_hash"] for row in paged}
    assert len(bulk) == 6
    assert json.loads(by_id(bulk)["rich"]["attributes"]) == {"Is Bot Activity": "true", "Step ID": "3"}
    assert by_id(bulk)["3"]["attributes"] == '{"Webpage URL": "/pricing?n=3"}'


def test_short_and_empty_pages_are_not_the_end() -> None:
    with served(short_page_every=2, page_scan_rows=100) as world:
        world.world.marketo.load(people(3), visits(1_000, stamp=NOW - timedelta(hours=5)))
        known = StreamState("activities", watermark=NOW, swept_at=NOW)
        rows, _ = read(world, ACTIVITIES, known, type_ids=[1])

    assert len({row["record_id"] for row in rows}) == len(rows) == 1_000


def test_all_types_are_asked_ten_at_a_time(world: Served) -> None:
    world.world.marketo.load(people(3), visits(3, stamp=NOW - timedelta(hours=5)))
    rows, reading = read(world, ACTIVITIES, StreamState("activities", watermark=NOW, swept_at=NOW))
    types = len(activities.types(world.marketo())) - 1

    assert len(rows) == 3
    assert calls(world, "/rest/v1/activities.json") == -(-types // 10)
    assert reading.report.state.watermark == NOW


def test_leads_of_many_years_are_found_from_the_newest_window_backwards(world: Served) -> None:
    """One old lead in a hundred is left, scattered over three years; the recent ones have the highest ids."""
    dice = random.Random(7)
    born = NOW - timedelta(days=1_000)
    old = []
    for number in sorted(dice.sample(range(1, 20_000), 200)):
        stamp = (born + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        old.append({"id": number, "email": f"old{number}@example.com", "createdAt": stamp, "updatedAt": stamp})
    recent = [dict(one, id=one["id"] + 20_000) for one in people(40)]
    world.world.marketo.load([*old, *recent])
    rows, reading = read(world, LEADS)

    assert {row["record_id"] for row in rows} == {str(one["id"]) for one in [*old, *recent]}
    assert re.search(r"leads go back to \d+ \w+ 2024", str(reading.report.note))
    assert reading.report.calls <= 140


def test_changed_new_and_deleted_leads_come_without_a_bulk_job(world: Served) -> None:
    world.world.marketo.load(people(5), deleted_leads=[{"leadId": 99, "activityDate": "2026-11-18T08:00:00Z"}])
    first_rows, first = read(world, LEADS)
    world.world.advance(7_200)
    edit(world, 2, title="CEO")
    jobs = calls(world, "create.json")
    world.world.advance(60)
    rows, second = read(world, LEADS, first.report.state)
    changed = by_id(rows)

    assert {row["record_id"] for row in first_rows if row["is_deleted"]} == {"99"}
    assert changed["2"]["title"] == "CEO"
    assert set(changed) == {"2"}
    assert (calls(world, "create.json"), second.report.method) == (jobs, "rest")


def test_once_a_day_leads_are_swept_by_bulk(world: Served) -> None:
    world.world.marketo.load(people(3))
    _, first = read(world, LEADS)
    world.world.advance(86_400 + 60)
    _, second = read(world, LEADS, first.report.state)

    assert second.report.method == "bulk"
    assert second.report.state.swept_at == second.report.state.watermark


def test_a_subscription_without_the_update_filter_is_read_by_creation() -> None:
    with served(supports_updated_at_filter=False) as world:
        world.world.marketo.load(people(8))
        rows, reading = read(world, LEADS)

        world.world.advance(2 * 86_400)
        edit(world, 3, title="CEO")
        world.world.advance(60)
        changed, second = read(world, LEADS, reading.report.state)
        world.world.advance(7 * 86_400)
        _, third = read(world, LEADS, second.report.state)

    assert len(rows) == 8
    assert "cannot filter leads by update" in str(reading.report.note)
    assert ([row["record_id"] for row in changed], second.report.method) == (["3"], "rest")
    assert (third.report.method, third.report.rows) == ("bulk", 8)


def test_a_daily_sweep_without_quota_leaves_the_logged_changes(world: Served) -> None:
    world.world.marketo.load(people(3))
    _, first = read(world, LEADS)
    world.world.advance(86_400 + 60)
    edit(world, 2, title="CEO")
    world.world.advance(60)
    world.fault("answer", path="create.json", status=200, body=_errors("1029", "Export daily quota 500MB exceeded."), count=None)
    rows, second = read(world, LEADS, first.report.state)

    assert [row["record_id"] for row in rows] == ["2"]
    assert second.report.state.swept_at == first.report.state.swept_at
    assert "the daily sweep of all leads waits" in str(second.report.note)


def test_a_hidden_optional_field_is_reported_and_a_required_one_is_an_error(world: Served) -> None:
    schema = world.marketo().get("/rest/v1/leads/describe.json", "x")
    kept = [one for one in schema["result"] if one.get("rest", {}).get("name") != "title"]
    world.world.marketo.load(people(1))
    world.fault("answer", path="describe.json", status=200, body=json.dumps(dict(schema, result=kept)), count=1)
    _, reading = read(world, LEADS)
    assert reading.report.missing_fields == ("title",)

    kept = [one for one in schema["result"] if one.get("rest", {}).get("name") != "email"]
    world.fault("answer", path="describe.json", status=200, body=json.dumps(dict(schema, result=kept)), count=1)
    with pytest.raises(Permanent, match="Marketo leads: email cannot be read"):
        read(world, LEADS)


def test_custom_fields_come_as_json_beside_the_columns(world: Served) -> None:
    world.world.marketo.load(people(1, alignmentRecycleReason="timing"))
    rows, _ = read(world, LEADS, custom_fields=["alignmentRecycleReason"])

    assert json.loads(rows[0]["custom_fields"]) == {"alignmentRecycleReason": "timing"}


def test_activity_types_are_one_row_each(world: Served) -> None:
    rows, reading = read(world, TYPES)

    assert by_id(rows)["1"]["name"] == "Visit Webpage"
    assert reading.report.rows == len(rows)
    with pytest.raises(ConfigurationError, match="no stream"):
        MarketoExtraction(world.marketo()).readings([STREAMS["Lead"]])


def test_a_quota_used_up_keeps_the_jobs_and_the_next_day_goes_on(world: Served) -> None:
    world.world.marketo.load(people(3), visits(400, stamp=NOW - timedelta(days=390), step=84_000.0))
    kept: list[StreamState] = []
    world.fault("custom", system="marketo", name="export_quota", bytes=9_000, count=None)
    with pytest.raises(QuotaExhausted, match="midnight"):
        read(world, ACTIVITIES, activity_days=400, remember=kept.append)
    made = calls(world, "create.json")
    world.world.faults.clear()
    world.world.advance(86_400)
    state = StreamState.from_json(json.loads(json.dumps(kept[-1].to_json())))
    rows, reading = read(world, ACTIVITIES, state, activity_days=400)

    assert len({row["record_id"] for row in rows}) == 400
    assert (len(state.jobs), made - len(state.jobs)) == (8, 1), "the ninth job was refused"
    assert calls(world, "create.json") == made + 13 - 8
    assert (reading.report.state.watermark, reading.report.state.jobs) == (NOW, ())


def test_a_full_queue_is_waited_for(world: Served) -> None:
    world.world.marketo.load(people(3), visits(5))
    world.fault("answer", path="enqueue", status=200, body=_errors("1029", "Too many jobs in queue"), count=3)
    rows, _ = read(world, ACTIVITIES, activity_days=20)

    assert len(rows) == 5


def test_a_failed_job_is_made_anew(world: Served) -> None:
    world.world.marketo.load(people(3), visits(5))
    world.fault("bulk_job_fails", system="marketo", count=1)
    rows, _ = read(world, ACTIVITIES, activity_days=20)

    assert (len(rows), calls(world, "create.json")) == (5, 2)


def test_a_cancelled_job_is_made_anew_in_both_spellings() -> None:
    assert {"Canceled", "Cancelled"} <= bulk_extract._ENDED_BADLY


def test_a_server_that_lists_no_jobs_is_polled_one_by_one(world: Served) -> None:
    world.world.marketo.load(people(3), visits(5))
    world.fault("answer", path=r"/export\.json", status=200, body=_errors("610", "Requested resource not found"), count=None)
    rows, _ = read(world, ACTIVITIES, activity_days=60)

    assert len(rows) == 5
    assert calls(world, "status.json") >= 2


def test_a_broken_download_goes_on_where_it_broke(world: Served) -> None:
    world.world.marketo.load(people(3), visits(3_000))
    world.fault("truncate", path="file.json", bytes=120_000, count=1)
    rows, _ = read(world, ACTIVITIES, activity_days=20)

    assert (len(rows), calls(world, "file.json")) == (3_000, 2)


def test_a_file_with_another_checksum_is_fetched_again_and_then_refused(world: Served) -> None:
    world.world.marketo.load(people(3), visits(5))
    world.fault("shorten", path="file.json", lines=1, count=None)
    with pytest.raises(DataLoss, match="checksum"):
        read(world, ACTIVITIES, activity_days=20)


def test_stray_returns_and_zero_bytes_do_no_harm() -> None:
    with served(adds_stray_bytes=True) as world:
        world.world.marketo.load(people(3), visits(50))
        rows, _ = read(world, ACTIVITIES, activity_days=20)

    assert len(rows) == 50
    assert all("\r" not in str(row["primaryAttributeValue"]) for row in rows)


@pytest.mark.parametrize("code", ["606", "615", "604", "608", "611", "713"])
def test_passing_errors_with_status_200_are_waited_out(world: Served, code: str) -> None:
    world.world.marketo.load(people(3), visits(3, stamp=NOW - timedelta(hours=1)))
    world.fault("answer", path="/rest/v1/activities.json", status=200, body=_errors(code, "passing"), count=2)
    rows, _ = read(world, ACTIVITIES, StreamState("activities", watermark=NOW, swept_at=NOW), type_ids=[1])

    assert len(rows) == 3


@pytest.mark.parametrize("code", ["601", "602", "600"])
def test_a_refused_token_is_renewed_once(world: Served, code: str) -> None:
    world.world.marketo.load(people(3), visits(3, stamp=NOW - timedelta(hours=1)))
    world.fault("answer", path="/rest/v1/activities.json", status=200, body=_errors(code, "token"), count=1)
    rows, _ = read(world, ACTIVITIES, StreamState("activities", watermark=NOW, swept_at=NOW), type_ids=[1])

    assert (len(rows), calls(world, "oauth")) == (3, 2)


def test_a_token_about_to_end_is_renewed_before_it_is_refused(world: Served) -> None:
    session = world.marketo()
    session.headers()
    world.world.advance(3_545)
    activities.types(session)

    assert calls(world, "oauth") == 2


def test_the_daily_quota_and_a_missing_permission_stop_at_once(world: Served) -> None:
    world.fault("answer", path="types.json", status=200, body=_errors("607", "Daily API Request Quota Reached"), count=1)
    with pytest.raises(QuotaExhausted, match="midnight"):
        activities.types(world.marketo())
    world.fault("answer", path="types.json", status=200, body=_errors("603", "Access denied"), count=1)
    with pytest.raises(Permanent, match="allow-list"):
        activities.types(world.marketo())


def test_wrong_credentials_are_refused_once(world: Served) -> None:
    with stub(lambda _: Reply(401, b'{"error":"invalid_client","error_description":"Bad client credentials"}')) as server:
        world.sandbox.ports["marketo"] = int(server.host.partition(":")[2])
        with pytest.raises(CredentialsRefused, match="MARKETO_CLIENT_ID"):
            world.marketo().headers()

    assert len(server.seen) == 1


def test_the_pace_stays_at_half_of_what_the_subscription_may(world: Served) -> None:
    waits: list[float] = []
    session = world.marketo()
    session.clock = type(session.clock)(moment=NOW, unix=0.0, factor=1.0, unix_time=lambda: sum(waits), wait=waits.append)
    for _ in range(101):
        session._keep_pace()

    assert sum(waits) == pytest.approx(40.0)


def test_a_paging_token_that_stands_still_is_data_loss(world: Served) -> None:
    def script(seen: Seen) -> Reply:
        if "oauth" in seen.path:
            return Reply(200, b'{"access_token":"t","expires_in":3599}')
        return Reply(200, b'{"success":true,"nextPageToken":"SAME","moreResult":true}')

    with stub(script) as server:
        world.sandbox.ports["marketo"] = int(server.host.partition(":")[2])
        with pytest.raises(DataLoss, match="does not move on"):
            list(activities.deleted_leads(world.marketo(), "SAME"))


def test_a_busy_subscription_reads_half_an_hour_again_and_the_day_once_a_day(world: Served) -> None:
    world.world.marketo.load(people(3), visits(3, stamp=NOW - timedelta(hours=10)))
    busy = StreamState("activities", watermark=NOW, swept_at=NOW, rows_per_day=20_000.0)
    rows, quick = read(world, ACTIVITIES, busy, type_ids=[1])
    due = StreamState("activities", watermark=NOW, swept_at=NOW - timedelta(days=1), rows_per_day=20_000.0)
    swept, slow = read(world, ACTIVITIES, due, type_ids=[1])

    assert (rows, quick.report.method) == ([], "unchanged")
    assert (len(swept), slow.report.method) == (3, "bulk")


def test_unreadable_activities_are_put_aside(world: Served) -> None:
    page = {"success": True, "result": [{"marketoGUID": "a", "leadId": 1}, {"leadId": 1, "activityDate": "x", "activityTypeId": 1}]}
    world.fault("answer", path="/rest/v1/activities.json", status=200, body=json.dumps(page), count=1)
    rows, reading = read(world, ACTIVITIES, StreamState("activities", watermark=NOW, swept_at=NOW), type_ids=[1])

    assert rows == []
    assert [one.reason for one in reading.report.quarantined] == [
        "activity without activityDate, activityTypeId",
        "activity cannot be read: Invalid isoformat string: 'x'",
    ]


def test_windows_cover_the_stretch_without_gap_or_overlap() -> None:
    start, end = datetime.fromisoformat("2025-05-17T03:00:00+00:00"), NOW
    found = bulk_extract.windows(start, end)

    assert (found[0][0], found[-1][1]) == (start, end)
    assert all(left[1] == right[0] for left, right in pairwise(found))
    assert all(timedelta() < right - left <= timedelta(days=31) for left, right in found)


def test_updates_of_leads_tell_each_lead(world: Served) -> None:
    world.world.marketo.load(people(3))
    results = update_leads(world.marketo(), [{"id": 1, "title": "CEO"}, {"id": 77, "title": "x"}, {"id": 2, "title": None}])

    assert [(one.lead_id, one.is_success, one.code) for one in results] == [(1, True, None), (77, False, "1004"), (2, True, None)]
    assert world.world.marketo.leads[1].values["title"] == "CEO"


def test_a_lost_answer_of_an_update_is_unknown_and_not_repeated(world: Served) -> None:
    world.world.marketo.load(people(1))
    world.fault("cut_after", method="POST", path="/rest/v1/leads.json", count=1)
    with pytest.raises(OutcomeUnknown):
        update_leads(world.marketo(), [{"id": 1, "title": "CEO"}])

    assert calls(world, "POST /rest/v1/leads.json") == 1
    with pytest.raises(ValueError, match="twice"):
        update_leads(world.marketo(), [{"id": 1}, {"id": 1}])


def test_a_new_activity_is_seen_at_once(world: Served) -> None:
    world.world.marketo.load(people(1))
    known = StreamState("activities", watermark=NOW, swept_at=NOW)
    world.world.advance(5)
    add_activities(world.world, [{"leadId": 1, "activityTypeId": 2, "marketoGUID": "hand-raise", "primaryAttributeValue": "Contact sales"}])
    (row,), _ = read(world, ACTIVITIES, known)

    assert (row["record_id"], row["primaryAttributeValue"]) == ("hand-raise", "Contact sales")
    assert row["activityDate"] == stamp_text(row["modified_at"])


def test_what_is_stamped_on_the_border_of_two_windows_comes_once(world: Served) -> None:
    """Whether a window holds its last second is nowhere promised."""
    border = (NOW - timedelta(days=20)).replace(hour=0) + timedelta(days=31)
    world.world.advance(20 * 86_400)
    world.world.marketo.load(people(3), visits(3, stamp=border - timedelta(seconds=2)))
    rows, _ = read(world, ACTIVITIES, activity_days=40)

    assert sorted(row["record_id"] for row in rows) == ["1", "2", "3"]
    ids = IdSet()
    assert [ids.add(one) for one in (5, 70_000, 5, 4, 70_000, 10**9)] == [True, True, False, True, False, True]


def test_fields_whose_changes_are_not_logged_are_left_out(world: Served) -> None:
    world.world.marketo.load(people(5))
    _, first = read(world, LEADS)
    world.world.advance(7_200)
    edit(world, 2, title="CEO")
    world.world.advance(60)
    world.fault("answer", path=r"leadchanges.*[=,C]phone", status=200, body=_errors("1006", "Field 'phone' not found"), count=None)
    rows, _ = read(world, LEADS, first.report.state)

    assert [(row["record_id"], row["title"]) for row in rows] == [("2", "CEO")]


def test_a_poll_gives_what_is_new_and_the_token_of_the_next(world: Served) -> None:
    world.world.marketo.load(people(1), visits(700, stamp=NOW - timedelta(hours=1)))
    session = world.marketo()
    rows, token = activities.poll(session, activities.paging_token(session, NOW - timedelta(hours=2)), [1, 2])
    before = session.counter.total
    world.world.advance(5)
    add_activities(world.world, [{"leadId": 1, "activityTypeId": 2, "marketoGUID": "hand-raise"}])
    new, following = activities.poll(session, token, [1, 2])

    assert len(rows) == 700
    assert ([row["marketoGUID"] for row in new], session.counter.total - before) == (["hand-raise"], 1)
    assert activities.poll(session, following, [1, 2])[0] == []
    with pytest.raises(ValueError, match="between 1 and 10"):
        activities.poll(session, token, [])


def _errors(code: str, message: str) -> str:
    return json.dumps({"requestId": "x", "success": False, "errors": [{"code": code, "message": message}]})


def merge(world: Served, winner: int, *losers: int) -> None:
    """What an operator does in Marketo's database."""
    names = ",".join(str(one) for one in losers)
    world.marketo().post(f"/rest/v1/leads/{winner}/merge.json?leadIds={names}", "merge", {}, is_repeatable=False)


def test_leads_that_were_merged_away_get_tombstones_that_name_the_winner(world: Served) -> None:
    world.world.marketo.load(people(6), visits(12))
    _, first = read(world, LEADS)
    world.world.advance(3_600)
    merge(world, 1, 2, 4)
    world.world.advance(60)
    rows, second = read(world, LEADS, first.report.state)
    world.world.advance(60)
    merge(world, 3, 1)
    world.world.advance(90_000)
    later, _ = read(world, LEADS, second.report.state)

    assert {row["record_id"]: row["mergedInto"] for row in rows if row["is_deleted"]} == {"2": "1", "4": "1"}
    assert {row["record_id"]: row["mergedInto"] for row in later if row["is_deleted"]} == {"2": "3", "4": "3", "1": "3"}
    assert {row["mergedInto"] for row in [*rows, *later] if not row["is_deleted"]} == {None}


@pytest.mark.parametrize("value", [[2, 4], ["2", "4"], "[2,4]", "2, 4", "2;4;2"])
def test_the_ids_of_a_merge_are_read_in_every_form(value: Any) -> None:
    assert activities.merged_ids({"attributes": [{"name": "Master Updated", "value": False}, {"name": "Merge IDs", "value": value}]}) == [
        "2",
        "4",
    ]


def test_a_merge_without_ids_takes_nobody() -> None:
    assert (
        activities.merged_ids({"attributes": None}) == activities.merged_ids({"attributes": [{"name": "Merge Source", "value": "7"}]}) == []
    )
