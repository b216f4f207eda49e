"""Reading and writing leads of the embedded Marketo, as vendor_apis B5 states it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline.sandbox.marketo.records import StaticList
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline_tests.sandbox.marketo_world import MarketoClient, drain, lead, refusal, serving, visit, world


@pytest.fixture(scope="module")
def served() -> Iterator[MarketoClient]:
    with serving(world()) as client:
        yield client


@pytest.fixture
def marketo(served: MarketoClient) -> MarketoClient:
    client = served.emptied()
    client.store.load(
        [
            lead(1, firstName="Ada", lastName="Moss", leadScore=40, alignmentNurtureSegment="alpha", sfdcLeadId="00Q000000000001EAA"),
            lead(2, email="twin@example.com", isAnonymous=False, unsubscribed=True),
            lead(3, email="Twin@Example.com", company="Twin GmbH"),
        ],
        static_lists=[StaticList(7, "Webinar", frozenset({1, 3}))],
    )
    return client


def skipped(answer: dict[str, object]) -> list[str]:
    """The reason of each record, "" for one that was written."""
    results = answer["result"]
    assert isinstance(results, list)
    return [entry["reasons"][0]["code"] if entry["status"] == "skipped" else "" for entry in results]


def test_the_default_fields_are_six_and_empty_ones_are_absent(marketo: MarketoClient) -> None:
    answer = marketo.get("/rest/v1/leads.json", filterType="id", filterValues="1,2")

    assert answer["result"] == [
        {
            "id": 1,
            "updatedAt": "2026-10-01T08:00:00Z",
            "lastName": "Moss",
            "email": "p1@example.com",
            "createdAt": "2026-10-01T08:00:00Z",
            "firstName": "Ada",
        },
        {"id": 2, "updatedAt": "2026-10-01T08:00:00Z", "email": "twin@example.com", "createdAt": "2026-10-01T08:00:00Z"},
    ]


def test_fields_may_be_chosen_and_an_unknown_one_is_1006(marketo: MarketoClient) -> None:
    chosen = marketo.get("/rest/v1/lead/1.json", fields="leadScore,alignmentNurtureSegment,unsubscribed")
    unknown = marketo.get("/rest/v1/lead/1.json", fields="leadScore,shoeSize")

    assert chosen["result"] == [{"id": 1, "leadScore": 40, "alignmentNurtureSegment": "alpha"}]
    assert refusal(unknown) == "1006"


def test_only_searchable_fields_filter(marketo: MarketoClient) -> None:
    def codes(field: str) -> str:
        return refusal(marketo.get("/rest/v1/leads.json", filterType=field, filterValues="x"))

    by_segment = marketo.get("/rest/v1/leads.json", filterType="alignmentNurtureSegment", filterValues="alpha")
    by_crm = marketo.get("/rest/v1/leads.json", filterType="sfdcLeadId", filterValues="00Q000000000001EAA")

    assert (codes("firstName"), codes("shoeSize")) == ("1011", "1006")
    assert [by_segment["result"][0]["id"], by_crm["result"][0]["id"]] == [1, 1]


def test_email_filters_ignore_case_and_find_duplicates(marketo: MarketoClient) -> None:
    answer = marketo.get("/rest/v1/leads.json", filterType="email", filterValues="TWIN@example.com,nobody@example.com")

    assert [entry["id"] for entry in answer["result"]] == [2, 3]


def test_missing_parameters_are_1002_and_more_than_300_values_1003(marketo: MarketoClient) -> None:
    assert refusal(marketo.get("/rest/v1/leads.json", filterType="id")) == "1002"
    assert refusal(marketo.get("/rest/v1/leads.json", filterValues="1")) == "1002"
    assert refusal(marketo.get("/rest/v1/leads.json", filterType="id", filterValues=",".join("1" * 301))) == "1003"


def test_nothing_found_is_success_with_an_empty_result(marketo: MarketoClient) -> None:
    answer = marketo.get("/rest/v1/leads.json", filterType="id", filterValues="99")

    assert (answer["success"], answer["result"]) == (True, [])


def test_an_unknown_id_is_1004_and_text_for_an_id_1001(marketo: MarketoClient) -> None:
    assert refusal(marketo.get("/rest/v1/lead/99.json")) == "1004"
    assert refusal(marketo.get("/rest/v1/lead/abc.json")) == "1001"


def test_results_come_in_pages_and_more_than_a_thousand_are_refused(marketo: MarketoClient) -> None:
    marketo.store.load(lead(number, alignmentNurtureSegment="beta") for number in range(100, 800))
    first = marketo.get("/rest/v1/leads.json", filterType="alignmentNurtureSegment", filterValues="beta")
    second = marketo.get(
        "/rest/v1/leads.json", filterType="alignmentNurtureSegment", filterValues="beta", nextPageToken=first["nextPageToken"]
    )
    third = marketo.get(
        "/rest/v1/leads.json", filterType="alignmentNurtureSegment", filterValues="beta", nextPageToken=second["nextPageToken"]
    )
    marketo.store.load(lead(number, alignmentNurtureSegment="beta") for number in range(800, 1101))
    many = marketo.get("/rest/v1/leads.json", filterType="alignmentNurtureSegment", filterValues="beta")

    assert [len(page["result"]) for page in (first, second, third)] == [300, 300, 100]
    assert (first["moreResult"], "nextPageToken" in third, "moreResult" in third) == (True, False, False)
    assert refusal(many) == "1003"
    assert "Too many results" in many["errors"][0]["message"]


def test_a_batch_size_beyond_300_and_a_foreign_token_are_refused(marketo: MarketoClient) -> None:
    assert refusal(marketo.get("/rest/v1/leads.json", filterType="id", filterValues="1", batchSize=301)) == "1003"
    assert refusal(marketo.get("/rest/v1/leads.json", filterType="id", filterValues="1", nextPageToken="AAAA")) == "1003"


def test_static_lists_are_read_by_id(marketo: MarketoClient) -> None:
    assert [entry["id"] for entry in marketo.get("/rest/v1/list/7/leads.json")["result"]] == [1, 3]
    assert refusal(marketo.get("/rest/v1/list/8/leads.json")) == "1013"


def test_describe_names_types_lengths_and_what_is_read_only(marketo: MarketoClient) -> None:
    described = {entry["rest"]["name"]: entry for entry in marketo.get("/rest/v1/leads/describe.json")["result"]}
    second = marketo.get("/rest/v1/leads/describe2.json")["result"][0]

    assert described["email"]["dataType"] == "email"
    assert described["email"]["length"] == 255
    assert described["updatedAt"]["rest"] == {"name": "updatedAt", "readOnly": True}
    assert described["alignmentRecycleReason"]["rest"]["readOnly"] is False
    assert second["name"] == "API Lead"
    assert ["email"] in second["searchableFields"]
    assert ["firstName"] not in second["searchableFields"]
    assert {"name": "updatedAt", "displayName": "Updated At", "dataType": "datetime", "updateable": False, "crmManaged": False} in second[
        "fields"
    ]


def test_update_only_by_id_writes_and_logs_activity_13_of_each_changed_value(marketo: MarketoClient) -> None:
    token = marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="2026-11-20T00:00:00Z")["nextPageToken"]
    body = {
        "action": "updateOnly",
        "lookupField": "id",
        "input": [{"id": 1, "leadScore": 55, "firstName": "Ada"}, {"id": 99, "leadScore": 1}],
    }
    answer = marketo.post("/rest/v1/leads.json", body)
    changes, _, _ = drain(marketo, "/rest/v1/activities/leadchanges.json", token, fields="leadScore,firstName")

    assert answer["result"][0] == {"id": 1, "status": "updated"}
    assert skipped(answer) == ["", "1004"]
    assert [(change["leadId"], change["activityTypeId"], change["fields"]) for change in changes] == [
        (1, 13, [{"id": marketo.store.schema.by_name["leadScore"].field_id, "name": "leadScore", "newValue": "55", "oldValue": "40"}])
    ]
    assert {"name": "Source", "value": "Web service API"} in changes[0]["attributes"]
    assert marketo.get("/rest/v1/lead/1.json", fields="leadScore,updatedAt")["result"] == [
        {"id": 1, "leadScore": 55, "updatedAt": "2026-11-20T12:00:00Z"}
    ]


def test_writing_an_equal_value_logs_nothing_and_leaves_the_stamps(marketo: MarketoClient) -> None:
    body = {"action": "updateOnly", "lookupField": "id", "input": [{"id": 1, "leadScore": 40}]}
    answer = marketo.post("/rest/v1/leads.json", body)

    assert answer["result"] == [{"id": 1, "status": "updated"}]
    assert len(marketo.store.log) == 0
    assert marketo.store.leads[1].values["updatedAt"] == "2026-10-01T08:00:00Z"


def test_a_custom_field_moves_the_filter_stamp_but_not_the_visible_one(marketo: MarketoClient) -> None:
    body = {"action": "updateOnly", "lookupField": "id", "input": [{"id": 1, "alignmentRecycleReason": "no budget"}]}
    marketo.post("/rest/v1/leads.json", body)
    found = marketo.store.leads[1]

    assert found.values["updatedAt"] == "2026-10-01T08:00:00Z"
    assert found.changed == int(marketo.world.clock.now().timestamp())


def test_an_empty_string_and_null_both_clear(marketo: MarketoClient) -> None:
    body = {"action": "updateOnly", "lookupField": "id", "input": [{"id": 1, "firstName": "", "lastName": None}]}
    marketo.post("/rest/v1/leads.json", body)

    assert marketo.get("/rest/v1/lead/1.json", fields="firstName,lastName")["result"] == [{"id": 1}]


def test_each_record_is_refused_for_its_own_reason_and_its_neighbours_go_on(marketo: MarketoClient) -> None:
    records = [
        {"email": "new@example.com", "leadScore": 5},
        {"email": "new@example.com", "shoeSize": 43},
        {"email": "new@example.com", "leadScore": "many"},
        {"email": "new@example.com", "unsubscribed": "perhaps"},
        {"email": "new@example.com", "mktoName": "N"},
        {"email": "new@example.com", "industry": "Software"},
        {"email": "new@example.com", "city": "x" * 256},
        {"email": "twin@example.com", "city": "Oslo"},
        {"email": "jürgen@example.com"},
        {"id": 1, "email": "new@example.com"},
        {"city": "Oslo"},
    ]
    answer = marketo.post("/rest/v1/leads.json", {"input": records})

    assert skipped(answer) == ["", "1006", "1001", "1001", "1003", "1021", "1003", "1007", "1003", "1003", "1002"]
    assert answer["result"][0] == {"id": 4, "status": "created"}


def test_actions_create_update_or_refuse(marketo: MarketoClient) -> None:
    def act(action: str, email: str) -> list[object]:
        answer = marketo.post("/rest/v1/leads.json", {"action": action, "lookupField": "email", "input": [{"email": email}]})
        return [(entry.get("id"), entry["status"]) for entry in answer["result"]]

    assert act("createOnly", "p1@example.com") == [(None, "skipped")]
    assert act("createOnly", "fresh@example.com") == [(4, "created")]
    assert act("createOrUpdate", "fresh@example.com") == [(4, "updated")]
    assert act("createDuplicate", "fresh@example.com") == [(5, "created")]
    assert act("updateOnly", "nobody@example.com") == [(None, "skipped")]


def test_a_malformed_request_is_refused_whole(marketo: MarketoClient) -> None:
    one = [{"email": "a@example.com"}]

    assert refusal(marketo.post("/rest/v1/leads.json", {"action": "destroy", "input": one})) == "1003"
    assert refusal(marketo.post("/rest/v1/leads.json", {"lookupField": "firstName", "input": one})) == "1011"
    assert refusal(marketo.post("/rest/v1/leads.json", {"lookupField": "shoeSize", "input": one})) == "1006"
    assert refusal(marketo.post("/rest/v1/leads.json", {"lookupField": "id", "input": one})) == "1003"
    assert refusal(marketo.post("/rest/v1/leads.json", {"input": []})) == "1002"
    assert refusal(marketo.post("/rest/v1/leads.json", {"input": one * 301})) == "1003"


def test_writes_stand_in_the_audit_log(marketo: MarketoClient) -> None:
    body = {"action": "updateOnly", "lookupField": "id", "input": [{"id": 1, "leadScore": 55}]}
    marketo.post("/rest/v1/leads.json", body)
    write = marketo.world.audit.writes(system="marketo")[0]

    assert (write.user, write.action, write.record_id, dict(write.changes)) == ("one@api.example", "update", "1", {"leadScore": (40, 55)})


def test_deleting_logs_activity_37_and_the_lead_is_gone(marketo: MarketoClient) -> None:
    token = marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="2026-11-20T00:00:00Z")["nextPageToken"]
    answer = marketo.post("/rest/v1/leads/delete.json", {"input": [{"id": 1}, {"id": 99}]})
    gone, _, _ = drain(marketo, "/rest/v1/activities/deletedleads.json", token)

    assert answer["result"][0] == {"id": 1, "status": "deleted"}
    assert skipped(answer) == ["", "1004"]
    assert [(entry["activityTypeId"], entry["leadId"], entry["primaryAttributeValue"]) for entry in gone] == [(37, 1, "Ada Moss")]
    assert refusal(marketo.get("/rest/v1/lead/1.json")) == "1004"


def test_merging_moves_activities_fills_the_winner_and_removes_the_losers(marketo: MarketoClient) -> None:
    marketo.store.load([], [visit(3, "2026-11-19T10:00:00Z")])
    token = marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="2026-11-18T00:00:00Z")["nextPageToken"]
    answer = marketo.post("/rest/v1/leads/2/merge.json", leadIds="3")
    rows, _, _ = drain(marketo, "/rest/v1/activities.json", token, activityTypeIds="1,32")

    assert set(answer) == {"requestId", "success"}
    assert marketo.get("/rest/v1/lead/2.json", fields="company,email")["result"] == [
        {"id": 2, "company": "Twin GmbH", "email": "twin@example.com"}
    ]
    assert refusal(marketo.get("/rest/v1/lead/3.json")) == "1004"
    assert [(row["activityTypeId"], row["leadId"]) for row in rows] == [(1, 2), (32, 2)]
    assert {"name": "Merge IDs", "value": [3]} in rows[1]["attributes"]


def test_merges_have_limits(marketo: MarketoClient) -> None:
    assert refusal(marketo.post("/rest/v1/leads/1/merge.json", leadIds=",".join(map(str, range(2, 28))))) == "1080"
    assert refusal(marketo.post("/rest/v1/leads/1/merge.json", leadIds="77")) == "1004"
    assert refusal(marketo.post("/rest/v1/leads/77/merge.json", leadId="1")) == "1004"
    assert refusal(marketo.post("/rest/v1/leads/1/merge.json")) == "1002"
    assert 1 in marketo.store.leads


def test_a_submitted_form_upserts_the_lead_and_logs_the_form(marketo: MarketoClient) -> None:
    fields = {"email": "p1@example.com", "city": "Oslo"}
    body = {"formId": 1029, "input": [{"leadFormFields": fields, "visitorData": {"pageURL": "https://acme.example/demo"}}]}
    answer = marketo.post("/rest/v1/leads/submitForm.json", body)
    token = marketo.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="2026-11-20T00:00:00Z")["nextPageToken"]
    rows, _, _ = drain(marketo, "/rest/v1/activities.json", token, activityTypeIds="2")

    assert answer["result"] == [{"id": 1, "status": "updated"}]
    assert [(row["leadId"], row["primaryAttributeValueId"]) for row in rows] == [(1, 1029)]


def test_loading_a_field_the_subscription_does_not_know_says_which() -> None:
    with pytest.raises(ValueError, match=r"lead 1 .*shoeSize.*custom_fields"):
        MarketoStore().load([lead(1, shoeSize=43)])


def test_loading_a_value_of_the_wrong_type_says_which_lead() -> None:
    with pytest.raises(ValueError, match=r"lead 5 .*leadScore|lead 5 .*1001"):
        MarketoStore().load([lead(5, leadScore="many")])


def test_a_reset_goes_back_to_what_was_loaded(marketo: MarketoClient) -> None:
    before = dict(marketo.store.leads)
    marketo.post("/rest/v1/leads.json", {"input": [{"email": "p1@example.com", "city": "Oslo"}, {"email": "new@example.com"}]})
    marketo.post("/rest/v1/leads/delete.json", {"input": [{"id": 2}]})
    answer = marketo.session.post(f"{marketo.url}/__sandbox__/reset", timeout=60)

    assert answer.status_code == 204
    assert marketo.store.leads == before
    assert len(marketo.store.log) == 0
    assert refusal(marketo.get("/rest/v1/lead/1.json")) == "601"
