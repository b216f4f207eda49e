"""Objects of the embedded portal: lists, single records, batches, as the vendor's documents say."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchReadInputSimplePublicObjectId,
    SimplePublicObjectBatchInput,
    SimplePublicObjectId,
    SimplePublicObjectInputForCreate,
)

from alignment_pipeline_tests.sandbox.hubspot.portal import TOKEN, Portal

CONTACTS = "/crm/v3/objects/contacts"


def people(hub: Portal, count: int) -> list[str]:
    return [hub.person.create("contacts", {"email": f"p{number}@example.com"}) for number in range(count)]


def test_the_vendors_client_creates_reads_and_updates(hub: Portal) -> None:
    contacts = HubSpot(access_token=TOKEN).crm.contacts
    single, batches = hub.pointed(contacts.basic_api), hub.pointed(contacts.batch_api)
    made = single.create(SimplePublicObjectInputForCreate(properties={"email": "A@example.com", "firstname": "Ann"}))
    read = single.get_by_id(made.id, properties=["email", "firstname", "no_such_property"])
    batch = BatchInputSimplePublicObjectBatchInput(inputs=[SimplePublicObjectBatchInput(id=made.id, properties={"city": "Bonn"})])
    batches.update(batch)
    body = BatchReadInputSimplePublicObjectId(
        inputs=[SimplePublicObjectId(id=made.id)], properties=["city"], properties_with_history=["city"]
    )
    again = batches.read(body).results[0]

    assert read.properties["email"] == "a@example.com" and "no_such_property" not in read.properties
    assert again.properties["city"] == "Bonn"
    assert [version.source_type for version in again.properties_with_history["city"]] == ["INTEGRATION"]


def test_a_list_is_paged_by_id_and_its_last_page_names_no_next(hub: Portal) -> None:
    ids = people(hub, 5)
    first = hub.get(CONTACTS, limit=3)
    second = hub.get(CONTACTS, limit=3, after=first["paging"]["next"]["after"])

    assert [one["id"] for one in first["results"] + second["results"]] == ids
    assert "paging" not in second


def test_a_page_holds_a_hundred_records_or_fifty_with_history(hub: Portal) -> None:
    assert hub.ask("GET", CONTACTS, limit=100).status_code == 200
    assert hub.ask("GET", CONTACTS, limit=101).status_code == 400
    assert hub.ask("GET", CONTACTS, limit=51, propertiesWithHistory="email").status_code == 400


def test_an_unknown_property_is_silent_in_a_read_and_refused_in_a_write(hub: Portal) -> None:
    (one,) = people(hub, 1)
    refused = hub.ask("PATCH", f"{CONTACTS}/{one}", {"properties": {"nope": "1"}})

    assert hub.get(f"{CONTACTS}/{one}", properties="nope")["properties"].keys() == {"createdate", "lastmodifieddate", "hs_object_id"}
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "PROPERTY_DOESNT_EXIST")


def test_an_address_that_is_taken_is_a_conflict_that_names_the_contact(hub: Portal) -> None:
    (one,) = people(hub, 1)
    answer = hub.ask("POST", CONTACTS, {"properties": {"email": "P0@example.com"}})

    assert (answer.status_code, answer.json()["message"]) == (409, f"Contact already exists. Existing ID: {one}")


def test_a_wrong_value_or_an_id_twice_refuses_the_whole_batch(hub: Portal) -> None:
    one, two = people(hub, 2)
    wrong = [{"id": one, "properties": {"city": "Bonn"}}, {"id": two, "properties": {"lifecyclestage": "no stage"}}]
    twice = [{"id": one, "properties": {"city": "Bonn"}}] * 2
    many = [{"id": str(number), "properties": {}} for number in range(101)]

    for inputs in (wrong, twice, many):
        assert hub.ask("POST", f"{CONTACTS}/batch/update", {"inputs": inputs}).status_code == 400
    assert hub.get(f"{CONTACTS}/{one}", properties="city")["properties"]["city"] is None


def test_a_record_that_is_not_there_is_named_in_a_207(hub: Portal) -> None:
    (one,) = people(hub, 1)
    inputs = [{"id": one, "properties": {"city": "Bonn"}}, {"id": "999", "properties": {"city": "Bonn"}}]
    answer = hub.ask("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})
    body = answer.json()

    assert (answer.status_code, body["numErrors"], [row["id"] for row in body["results"]]) == (207, 1, [one])
    assert body["errors"][0]["context"] == {"ids": ["999"]}


def test_a_batch_read_names_all_its_members_and_takes_fifty_with_history(hub: Portal) -> None:
    (one,) = people(hub, 1)
    part = {"inputs": [{"id": one}], "properties": []}
    history = {"inputs": [{"id": str(number)} for number in range(51)], "properties": [], "propertiesWithHistory": ["email"]}

    assert hub.ask("POST", f"{CONTACTS}/batch/read", part).status_code == 400
    assert hub.ask("POST", f"{CONTACTS}/batch/read", part | {"propertiesWithHistory": []}).status_code == 200
    assert hub.ask("POST", f"{CONTACTS}/batch/read", history).status_code == 400


def test_an_upsert_by_a_unique_property_makes_one_record_however_often_it_is_sent(hub: Portal) -> None:
    unique = {
        "name": "alignment_key",
        "label": "Key",
        "type": "string",
        "fieldType": "text",
        "groupName": "alignment",
        "hasUniqueValue": True,
    }
    assert hub.ask("POST", "/crm/v3/properties/contacts", unique).status_code == 400, "its group does not exist"
    assert hub.ask("POST", "/crm/v3/properties/contacts/groups", {"name": "alignment", "label": "Alignment"}).status_code == 201
    assert hub.ask("POST", "/crm/v3/properties/contacts", unique).status_code == 201
    inputs = {"inputs": [{"id": "k-1", "idProperty": "alignment_key", "properties": {"city": "Bonn"}}]}
    first, second = (hub.ask("POST", f"{CONTACTS}/batch/upsert", inputs).json()["results"][0] for _ in range(2))

    assert (first["new"], second["new"], first["id"] == second["id"]) == (True, False, True)


def test_an_earlier_lifecycle_stage_is_answered_with_success_and_not_kept(hub: Portal) -> None:
    (one,) = people(hub, 1)
    for stage, kept in (("opportunity", "opportunity"), ("lead", "opportunity"), ("", None), ("lead", "lead")):
        answer = hub.ask("PATCH", f"{CONTACTS}/{one}", {"properties": {"lifecyclestage": stage}})

        assert answer.status_code == 200
        assert hub.get(f"{CONTACTS}/{one}", properties="lifecyclestage")["properties"]["lifecyclestage"] == kept


def test_an_archived_record_is_listed_only_among_the_archived_ones(hub: Portal) -> None:
    one, two = people(hub, 2)
    assert hub.ask("DELETE", f"{CONTACTS}/{one}").status_code == 204
    assert hub.ask("DELETE", f"{CONTACTS}/{one}").status_code == 204

    assert [row["id"] for row in hub.get(CONTACTS)["results"]] == [two]
    assert [row["archived"] for row in hub.get(CONTACTS, archived="true")["results"]] == [True]
    assert hub.ask("GET", f"{CONTACTS}/{one}").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"objectId": 11}, {"objectId": ""}, {"objectId": "1", "idProperty": "lastname"}, {"objectId": "1", "email": "a@b.example"}]
)
def test_a_deletion_for_good_takes_an_id_or_a_unique_property_and_nothing_else(hub: Portal, body: dict[str, Any]) -> None:
    people(hub, 1)

    assert hub.ask("POST", f"{CONTACTS}/gdpr-delete", body).status_code == 400
    assert hub.ask("POST", f"{CONTACTS}/gdpr-delete", {"objectId": "4711"}).status_code == 404
    assert len(hub.get(CONTACTS)["results"]) == 1


def test_a_deletion_for_good_leaves_nothing_and_an_unknown_address_is_blocked_for_ever(hub: Portal) -> None:
    (one,) = people(hub, 1)
    assert hub.ask("POST", f"{CONTACTS}/gdpr-delete", {"objectId": one}).status_code == 204
    assert hub.ask("POST", f"{CONTACTS}/gdpr-delete", {"objectId": "new@example.com", "idProperty": "email"}).status_code == 204

    assert hub.get(CONTACTS, archived="true")["results"] == []
    assert hub.ask("POST", CONTACTS, {"properties": {"email": "new@example.com"}}).status_code == 400
