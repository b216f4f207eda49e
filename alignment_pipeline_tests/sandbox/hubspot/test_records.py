"""Merges of the embedded portal: a third record arises, and whole chains answer under their old ids."""

from __future__ import annotations

from alignment_pipeline_tests.sandbox.hubspot.portal import Portal, portal

CONTACTS = "/crm/v3/objects/contacts"


def test_a_merge_makes_a_new_id_under_which_both_old_ones_answer(hub: Portal) -> None:
    one = hub.person.create("contacts", {"email": "one@example.com", "city": "Bonn"})
    two = hub.person.create("contacts", {"email": "two@example.com", "city": "Rome", "phone": "1"})
    new = hub.ask("POST", f"{CONTACTS}/merge", {"primaryObjectId": one, "objectIdToMerge": two}).json()["id"]
    read = [hub.get(f"{CONTACTS}/{old}", properties="city,phone,hs_merged_object_ids") for old in (one, two, new)]

    assert new not in (one, two)
    assert {answer["id"] for answer in read} == {new}
    assert read[0]["properties"] | {"createdate": "", "lastmodifieddate": ""} == {
        "city": "Bonn",
        "phone": "1",
        "hs_merged_object_ids": f"{one};{two}",
        "hs_object_id": new,
        "createdate": "",
        "lastmodifieddate": "",
    }
    assert [row["id"] for row in hub.get(CONTACTS)["results"]] == [new]


def test_a_chain_of_merges_lists_every_id_it_ate_and_keeps_all_history(hub: Portal) -> None:
    first, second, third = (hub.person.create("contacts", {"email": f"{number}@example.com"}) for number in range(3))
    middle = hub.person.merge("contacts", first, second)
    last = hub.person.merge("contacts", third, middle)
    record = hub.get(f"{CONTACTS}/{first}", propertiesWithHistory="email", properties="hs_merged_object_ids")

    assert record["id"] == last
    assert set(record["properties"]["hs_merged_object_ids"].split(";")) == {first, second, third, middle}
    assert {version["value"] for version in record["propertiesWithHistory"]["email"]} == {f"{number}@example.com" for number in range(3)}


def test_before_the_vendors_change_the_primary_kept_its_id() -> None:
    with portal(merge_makes_new_id=False) as hub:
        one, two = (hub.person.create("contacts", {"email": f"{number}@example.com"}) for number in range(2))

        assert hub.person.merge("contacts", one, two) == one
        assert hub.get(f"{CONTACTS}/{two}")["id"] == one


def test_links_follow_a_merge_and_only_one_company_stays_the_primary_one(hub: Portal) -> None:
    one, two = (hub.person.create("contacts", {"email": f"{number}@example.com"}) for number in range(2))
    acme, apex = (hub.person.create("companies", {"name": name}) for name in ("Acme", "Apex"))
    hub.store.link("contacts", one, "companies", acme, type_ids=(1, 279))
    hub.store.link("contacts", two, "companies", apex, type_ids=(1, 279))
    new = hub.person.merge("contacts", one, two)
    answer = hub.ask("POST", "/crm/v4/associations/contacts/companies/batch/read", {"inputs": [{"id": new}]}).json()
    types = {to["toObjectId"]: [one["typeId"] for one in to["associationTypes"]] for to in answer["results"][0]["to"]}

    assert types == {acme: [1, 279], apex: [279]}


def test_an_edit_of_a_person_is_told_from_an_apps_by_its_source(hub: Portal) -> None:
    one = hub.person.create("contacts", {"email": "one@example.com"})
    hub.ask("PATCH", f"{CONTACTS}/{one}", {"properties": {"city": "Rome"}})
    hub.person.edit("contacts", one, {"city": "Bonn"})
    versions = hub.get(f"{CONTACTS}/{one}", propertiesWithHistory="city")["propertiesWithHistory"]["city"]

    assert [(one["value"], one["sourceType"], one.get("updatedByUserId")) for one in versions] == [
        ("Bonn", "CRM_UI", 77),
        ("Rome", "INTEGRATION", None),
    ]


def test_a_reset_brings_the_loaded_records_back(hub: Portal) -> None:
    hub.store.load({"contacts": [{"id": "5", "at": hub.world.clock.now(), "email": "a@example.com"}]})
    hub.person.erase("contacts", "5")
    hub.ask("POST", "/__sandbox__/reset", {})

    assert hub.get(f"{CONTACTS}/5")["properties"]["email"] == "a@example.com"
