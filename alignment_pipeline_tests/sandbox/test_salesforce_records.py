"""Single records: what a save refuses, changes and leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline_tests.sandbox.salesforce_world import NO_ASSIGNMENT, NOW, PERSON, QUEUE, Client, lead, served, world, write_package

ONE = "00Q000000000001EAA"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    data = {
        "Account": [{"Id": "001000000000001AAA", "Name": "Acme", "OwnerId": PERSON}],
        "Lead": [lead(1, Key__c="taken"), lead(2), lead(3, IsConverted=True), lead(4, IsDeleted=True)],
    }
    with served(world(write_package(tmp_path_factory.mktemp("package")), data)) as found:
        yield found


@pytest.fixture
def client(running: Client) -> Client:
    return running.renewed()


def patch(client: Client, body: dict[str, Any], number: int = 2, **headers: str) -> Any:
    return client.call("PATCH", f"/sobjects/Lead/00Q{number:012d}", json=body, headers=NO_ASSIGNMENT | headers)


@pytest.mark.parametrize(
    ("body", "status", "code", "fields"),
    [
        ({"Company": None}, 400, "REQUIRED_FIELD_MISSING", ["Company"]),
        ({"Company": "x" * 256}, 400, "STRING_TOO_LONG", ["Company"]),
        ({"Reason__c": "x" * 21}, 400, "STRING_TOO_LONG", ["Reason__c"]),
        ({"Score__c": 12345}, 400, "NUMBER_OUTSIDE_VALID_RANGE", ["Score__c"]),
        ({"NumberOfEmployees": 10**9}, 400, "NUMBER_OUTSIDE_VALID_RANGE", ["NumberOfEmployees"]),
        ({"Grade__c": "Z"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Grade__c"]),
        ({"Email": "not an address"}, 400, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ({"OwnerId": "xyz"}, 400, "MALFORMED_ID", ["OwnerId"]),
        ({"OwnerId": "005000000000009AAA"}, 400, "INVALID_CROSS_REFERENCE_KEY", ["OwnerId"]),
        ({"OwnerId": "001000000000001AAA"}, 400, "FIELD_INTEGRITY_EXCEPTION", ["OwnerId"]),
        ({"Key__c": "TAKEN"}, 400, "DUPLICATE_VALUE", ["Key__c"]),
        ({"Double__c": 5}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Double__c"]),
        ({"SystemModstamp": "2026-01-01T00:00:00Z"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", ["SystemModstamp"]),
        ({"Nonsense__c": 5}, 400, "INVALID_FIELD", None),
        ({"Score__c": "abc"}, 400, "JSON_PARSER_ERROR", None),
        ({"NumberOfEmployees": 5.5}, 400, "JSON_PARSER_ERROR", None),
        ({"Due__c": "2026-01-01T00:00:00"}, 400, "JSON_PARSER_ERROR", None),
        ({"Hold__c": "yes"}, 400, "JSON_PARSER_ERROR", None),
        ({"Id": ONE}, 400, "INVALID_FIELD", ["Id"]),
    ],
)
def test_a_value_that_cannot_be_saved_is_refused_with_its_code(
    client: Client, body: dict[str, Any], status: int, code: str, fields: list[str] | None
) -> None:
    answer = patch(client, body)

    assert (status, code, fields) == (answer.status_code, answer.json()[0]["errorCode"], answer.json()[0].get("fields"))
    assert 0 == len(client.world.audit)


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [(3, 400, "CANNOT_UPDATE_CONVERTED_LEAD"), (4, 404, "ENTITY_IS_DELETED"), (5, 404, "NOT_FOUND")],
)
def test_converted_deleted_and_absent_leads_take_no_update(client: Client, number: int, status: int, code: str) -> None:
    answer = patch(client, {"Title": "CEO"}, number)

    assert (status, code) == (answer.status_code, answer.json()[0]["errorCode"])


def test_saving_trims_rounds_and_stamps(client: Client) -> None:
    client.world.advance(60)
    answer = patch(
        client, {"Reason__c": "  good fit ", "Score__c": 12.25, "Title": "   ", "Grade__c": "a", "Due__c": "2026-12-01T10:00:00+02:00"}
    )
    row = client.get("/sobjects/Lead/00Q000000000002").json()

    assert 204 == answer.status_code
    assert ("good fit", 12.3, None, "A") == (row["Reason__c"], row["Score__c"], row["Title"], row["Grade__c"])
    assert "2026-12-01T08:00:00.000+0000" == row["Due__c"]
    assert {"2026-11-20T12:01:00.000+0000"} == {row["LastModifiedDate"], row["SystemModstamp"]}
    assert "2026-11-19T12:00:00.000+0000" == row["CreatedDate"]


def test_an_update_that_changes_nothing_still_moves_the_stamps(client: Client) -> None:
    client.world.advance(60)
    patch(client, {"Company": "Acme"})

    assert "2026-11-20T12:01:00.000+0000" == client.get("/sobjects/Lead/00Q000000000002").json()["SystemModstamp"]
    assert [{}] == [dict(write.changes) for write in client.world.audit.writes()]


def test_a_forgotten_auto_assign_header_changes_the_owner(client: Client) -> None:
    client.call("PATCH", "/sobjects/Lead/00Q000000000001", json={"Title": "CEO"})
    patch(client, {"Title": "CEO"}, 2)
    owners = {row["Id"][:15]: row["OwnerId"] for row in client.query("SELECT Id, OwnerId FROM Lead WHERE Title = 'CEO'")["records"]}

    assert {"00Q000000000001": QUEUE, "00Q000000000002": PERSON} == owners


def test_a_tracked_change_writes_history_and_an_owner_change_writes_two_rows(client: Client) -> None:
    patch(client, {"Reason__c": "new", "OwnerId": QUEUE, "Title": "not tracked"})
    rows = client.query("SELECT Field, OldValue, NewValue FROM LeadHistory ORDER BY Id")["records"]

    changes = {(row["Field"], row["OldValue"], row["NewValue"]) for row in rows}
    assert {("Owner", PERSON, QUEUE), ("Owner", "Ann Rep", "Inbound"), ("Reason__c", None, "new")} == changes


def test_a_stage_change_writes_opportunity_history_and_closes(client: Client) -> None:
    made = client.call(
        "POST", "/sobjects/Opportunity", json={"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 100}
    )
    client.call("PATCH", f"/sobjects/Opportunity/{made.json()['id']}", json={"StageName": "Closed Won"})
    rows = client.query("SELECT StageName, Probability FROM OpportunityHistory ORDER BY Id")["records"]
    deal = client.query("SELECT IsClosed, IsWon, Probability FROM Opportunity")["records"][0]

    assert [("Prospecting", 50.0), ("Closed Won", 100.0)] == [(row["StageName"], row["Probability"]) for row in rows]
    assert (True, True, 100.0) == (deal["IsClosed"], deal["IsWon"], deal["Probability"])


@pytest.mark.parametrize(("shift", "status"), [(0, 204), (-1, 412)])
def test_if_unmodified_since_refuses_a_record_changed_later(client: Client, shift: int, status: int) -> None:
    client.world.advance(3600)
    People(client.world.salesforce, "rep@acme.example").edit("00Q000000000002", {"Title": "human"})
    known = format_datetime(NOW + timedelta(seconds=3600 + shift), usegmt=True)
    answer = patch(client, {"Title": "machine"}, 2, **{"If-Unmodified-Since": known})

    title = client.get("/sobjects/Lead/00Q000000000002").json()["Title"]

    assert (status, "machine" if status == 204 else "human") == (answer.status_code, title)
    if status == 412:
        assert "PRECONDITION_FAILED" == answer.json()[0]["errorCode"]


def test_upsert_by_external_id_creates_then_changes(client: Client) -> None:
    body = {"LastName": "New", "Company": "Acme"}
    first = client.call("PATCH", "/sobjects/Lead/Key__c/a%2Fb", json=body, headers=NO_ASSIGNMENT)
    second = client.call("PATCH", "/sobjects/Lead/Key__c/a%2Fb", json={"Title": "CEO"}, headers=NO_ASSIGNMENT)
    third = client.call("PATCH", "/sobjects/Lead/Key__c/a", json={"Key__c": "a"} | body, headers=NO_ASSIGNMENT)
    fourth = client.call("PATCH", "/sobjects/Lead/Title/a", json=body, headers=NO_ASSIGNMENT)

    assert (201, True) == (first.status_code, first.json()["created"])
    assert (200, False, first.json()["id"]) == (second.status_code, second.json()["created"], second.json()["id"])
    assert (400, "INVALID_FIELD") == (third.status_code, third.json()[0]["errorCode"])
    assert (404, "NOT_FOUND") == (fourth.status_code, fourth.json()[0]["errorCode"])


def test_delete_puts_into_the_bin_and_get_deleted_tells(client: Client) -> None:
    client.world.advance(120)
    gone = client.call("DELETE", f"/sobjects/Lead/{ONE}")
    client.world.advance(120)
    window = {"start": "2026-11-20T12:01:00Z", "end": "2026-11-20T12:04:00Z"}
    told = client.get("/sobjects/Lead/deleted", params=window).json()
    again = client.call("DELETE", f"/sobjects/Lead/{ONE}")

    assert 204 == gone.status_code
    assert [{"id": ONE, "deletedDate": "2026-11-20T12:02:00.000+0000"}] == told["deletedRecords"]
    assert "2026-11-20T12:04:00.000+0000" == told["latestDateCovered"]
    assert (404, "ENTITY_IS_DELETED") == (again.status_code, again.json()[0]["errorCode"])


def test_get_updated_tells_ids_and_refuses_a_window_of_more_than_thirty_days(client: Client) -> None:
    client.world.advance(60)
    patch(client, {"Title": "CEO"})
    client.world.advance(60)
    told = client.get("/sobjects/Lead/updated", params={"start": "2026-11-20T12:00:30Z", "end": "2026-11-20T12:02:00Z"}).json()
    wide = client.get("/sobjects/Lead/updated", params={"start": "2026-09-20T12:00:30Z", "end": "2026-11-20T12:02:00Z"})

    assert ["00Q000000000002"] == [one[:15] for one in told["ids"]]
    assert (400, "INVALID_REPLICATION_DATE") == (wide.status_code, wide.json()[0]["errorCode"])


def test_a_merge_deletes_the_loser_and_moves_its_children(client: Client) -> None:
    task = client.call("POST", "/sobjects/Task", json={"Subject": "Call", "WhoId": ONE}).json()["id"]
    People(client.world.salesforce).merge("00Q000000000002", [ONE])
    loser = client.get("/queryAll", params={"q": f"SELECT IsDeleted, MasterRecordId FROM Lead WHERE Id = '{ONE}'"}).json()["records"][0]
    refused = patch(client, {"Title": "x"}, 1)

    assert (True, "00Q000000000002") == (loser["IsDeleted"], loser["MasterRecordId"][:15])
    assert "00Q000000000002" == client.get(f"/sobjects/Task/{task}").json()["WhoId"][:15]
    assert "ENTITY_IS_DELETED" == refused.json()[0]["errorCode"]


def test_a_conversion_keeps_the_lead_and_moves_its_activities(client: Client) -> None:
    task = client.call("POST", "/sobjects/Task", json={"Subject": "Call", "WhoId": ONE, "Event_Key__c": "k1"}).json()["id"]
    made = People(client.world.salesforce).convert(ONE, account_id="001000000000001", opportunity="Deal")
    row = client.get(f"/sobjects/Lead/{ONE}").json()

    assert (True, "2026-11-20", made["contact_id"]) == (row["IsConverted"], row["ConvertedDate"], row["ConvertedContactId"])
    assert (made["contact_id"], "001000000000001AAA") == tuple(
        client.get(f"/sobjects/Task/{task}").json()[name] for name in ("WhoId", "AccountId")
    )
    assert "leadConverted" in [one["Field"] for one in client.query("SELECT Field FROM LeadHistory")["records"]]


def test_undelete_brings_the_same_id_back(client: Client) -> None:
    person = People(client.world.salesforce)
    person.delete(ONE)
    person.undelete(ONE)

    assert ["00Q000000000001"] == client.ids(f"SELECT Id FROM Lead WHERE Id = '{ONE}'")
    person.hard_delete(ONE)
    assert 0 == client.get("/queryAll", params={"q": f"SELECT Id FROM Lead WHERE Id = '{ONE}'"}).json()["totalSize"]


def test_a_late_transaction_appears_behind_its_stamp(client: Client) -> None:
    client.world.advance(60)
    People(client.world.salesforce).edit(ONE, {"Title": "late"}, visible_after_seconds=600)
    before = client.ids("SELECT Id FROM Lead WHERE Title = 'late'")
    client.world.advance(700)
    after = client.query("SELECT Id, SystemModstamp FROM Lead WHERE Title = 'late'")["records"]

    assert ([], ["2026-11-20T12:01:00.000+0000"]) == (before, [one["SystemModstamp"] for one in after])


def test_the_audit_says_who_changed_what_with_which_headers(client: Client) -> None:
    patch(client, {"Score__c": 7})
    write = client.world.audit.writes()[0]

    assert ("integration.reader@sandbox.example", "update", "Lead", "api") == (write.user, write.action, write.object, write.source)
    assert {"Score__c": (None, 7.0)} == dict(write.changes)
    assert "FALSE" == write.headers["sforce-auto-assign"]
    assert datetime(2026, 11, 20, 12, 0, tzinfo=UTC) == write.at


def test_a_done_task_moves_the_leads_last_activity_and_modstamp_only(client: Client) -> None:
    client.world.advance(60)
    body = {"Subject": "Call", "WhoId": ONE, "Status": "Completed", "ActivityDate": "2026-11-20"}
    task = client.call("POST", "/sobjects/Task", json=body).json()["id"]
    row = client.get(f"/sobjects/Lead/{ONE}").json()
    done = client.get(f"/sobjects/Task/{task}").json()

    assert ("2026-11-20", "2026-11-20T12:01:00.000+0000") == (row["LastActivityDate"], row["SystemModstamp"])
    assert "2026-11-19T12:00:00.000+0000" == row["LastModifiedDate"]
    assert (True, "2026-11-20T12:01:00.000+0000") == (done["IsClosed"], done["CompletedDateTime"])


def test_an_account_has_an_entity_tag_that_if_match_wants(client: Client) -> None:
    path = "/sobjects/Account/001000000000001AAA"
    tag = client.get(path).headers["ETag"]
    client.world.advance(60)
    first = client.call("PATCH", path, json={"Site": "HQ"}, headers={"If-Match": tag})
    second = client.call("PATCH", path, json={"Site": "Branch"}, headers={"If-Match": tag})

    assert (204, 412, "HQ") == (first.status_code, second.status_code, client.get(path).json()["Site"])


@pytest.mark.parametrize("text", [r'{"Title": "\ud800"}', '{"Title": NaN}', '{"Title": ', "[1]"])
def test_json_that_cannot_be_read_is_refused(client: Client, text: str) -> None:
    answer = client.call("PATCH", f"/sobjects/Lead/{ONE}", data=text, headers={"Content-Type": "application/json"})

    assert (400, "JSON_PARSER_ERROR") == (answer.status_code, answer.json()[0]["errorCode"])


def test_a_body_of_another_type_is_refused(client: Client) -> None:
    answer = client.call("PATCH", f"/sobjects/Lead/{ONE}", data="<a/>", headers={"Content-Type": "application/xml"})

    assert (415, "UNSUPPORTED_MEDIA_TYPE") == (answer.status_code, answer.json()[0]["errorCode"])


def test_a_trimmed_deletion_log_says_how_far_back_it_reaches(client: Client) -> None:
    client.call("DELETE", f"/sobjects/Lead/{ONE}")
    client.world.advance(3 * 3600)
    client.login().world.salesforce.settings.deleted_log_hours = 2.0
    told = client.get("/sobjects/Lead/deleted", params={"start": "2026-11-20T11:00:00Z", "end": "2026-11-20T15:00:00Z"}).json()

    assert ([], "2026-11-20T13:00:00.000+0000") == (told["deletedRecords"], told["earliestDateAvailable"])


def test_an_external_id_that_several_records_hold_is_for_people_to_decide(client: Client) -> None:
    for number in (1, 2):
        patch(client, {"Foreign_Id__c": "same"}, number)
    answer = client.call("PATCH", "/sobjects/Lead/Foreign_Id__c/same", json={"Title": "x"}, headers=NO_ASSIGNMENT)
    rows = {"records": [{"attributes": {"type": "Lead"}, "Foreign_Id__c": "same", "Title": "x"}]}
    in_collection = client.call("PATCH", "/composite/sobjects/Lead/Foreign_Id__c", json=rows, headers=NO_ASSIGNMENT).json()[0]

    assert 300 == answer.status_code
    assert {"00Q000000000001", "00Q000000000002"} == {url.rsplit("/", 1)[1][:15] for url in answer.json()}
    assert "DUPLICATE_EXTERNAL_ID" == in_collection["errors"][0]["statusCode"]
