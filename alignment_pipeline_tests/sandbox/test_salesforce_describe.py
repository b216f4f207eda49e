"""Describes, paging, and what a metadata package declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.package import load_schema
from alignment_pipeline.sandbox.salesforce.store import DEFAULT_PACKAGE, SalesforceStore
from alignment_pipeline_tests.sandbox.salesforce_world import Client, lead, served, world, write_package


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    package = write_package(tmp_path_factory.mktemp("package"))
    with served(world(package, {"Lead": [lead(number) for number in range(1, 4502)]}, cursors_per_user=2)) as found:
        yield found


def test_describe_tells_what_may_be_written(client: Client) -> None:
    fields = {one["name"]: one for one in client.get("/sobjects/lead/describe").json()["fields"]}
    keys = ("type", "length", "precision", "scale", "nillable", "createable", "updateable", "calculated", "externalId", "unique")
    told = {name: tuple(fields[name][key] for key in keys) for name in ("LastName", "Score__c", "Key__c", "Double__c", "SystemModstamp")}

    assert {
        "LastName": ("string", 80, 0, 0, False, True, True, False, False, False),
        "Score__c": ("double", 0, 5, 1, True, True, True, False, False, False),
        "Key__c": ("string", 30, 0, 0, True, True, True, False, True, True),
        "Double__c": ("double", 0, 18, 1, True, False, False, True, False, False),
        "SystemModstamp": ("datetime", 0, 0, 0, False, False, False, False, False, False),
    } == told
    assert (False, True) == (fields["Status"]["restrictedPicklist"], fields["Grade__c"]["restrictedPicklist"])
    assert ["A", "B"] == [one["value"] for one in fields["Grade__c"]["picklistValues"]]
    assert (False, ["Group", "User"]) == (fields["Notes__c"]["filterable"], fields["OwnerId"]["referenceTo"])


def test_required_on_create_can_be_told_from_describe(client: Client) -> None:
    fields = client.get("/sobjects/Lead/describe").json()["fields"]
    required = {one["name"] for one in fields if not one["nillable"] and one["createable"] and not one["defaultedOnCreate"]}

    assert {"LastName", "Company"} == required


def test_the_global_describe_lists_every_object_with_its_prefix(client: Client) -> None:
    listed = {one["name"]: one["keyPrefix"] for one in client.get("/sobjects").json()["sobjects"]}

    assert ("00Q", "001", "00G", "0C0") == tuple(listed[name] for name in ("Lead", "Account", "Group", "Holiday"))


def test_an_unchanged_describe_answers_304_until_the_schema_drifts(client: Client) -> None:
    stamp = client.get("/sobjects/Lead/describe").headers["Last-Modified"]
    unchanged = client.get("/sobjects/Lead/describe", headers={"If-Modified-Since": stamp})
    number = client.fault("hide_field", object="Lead", field="Title")
    changed = client.get("/sobjects/Lead/describe", headers={"If-Modified-Since": stamp})
    refused = client.get("/query", params={"q": "SELECT Title FROM Lead LIMIT 1"})
    client.world.faults.remove(number)

    assert (304, 200) == (unchanged.status_code, changed.status_code)
    assert "Title" not in {one["name"] for one in changed.json()["fields"]}
    assert "No such column 'Title' on entity 'Lead'" in refused.json()[0]["message"]


def test_pages_are_followed_by_their_url_to_the_end(client: Client) -> None:
    page = client.query("SELECT Id FROM Lead")
    sizes, ids = [len(page["records"])], [one["Id"] for one in page["records"]]
    while not page["done"]:
        page = client.session.get(client.root + page["nextRecordsUrl"], timeout=60).json()
        sizes.append(len(page["records"]))
        ids += [one["Id"] for one in page["records"]]

    assert ([2000, 2000, 501], 4501) == (sizes, len(set(ids)))


def test_the_page_size_can_be_asked_for_within_limits(client: Client) -> None:
    sizes = [
        len(
            client.get("/query", params={"q": "SELECT Id FROM Lead"}, headers={"Sforce-Query-Options": f"batchSize={size}"}).json()[
                "records"
            ]
        )
        for size in (10, 500, 5000)
    ]

    assert [200, 500, 2000] == sizes


def test_the_oldest_cursor_is_dropped_and_a_cursor_ends_after_two_days(client: Client) -> None:
    urls = [client.query("SELECT Id FROM Lead")["nextRecordsUrl"] for _ in range(3)]
    answers = [client.session.get(client.root + url, timeout=60) for url in urls]
    client.world.advance(2 * 86_400 + 1)
    late = client.login().session.get(client.root + urls[2], timeout=60)

    assert [400, 200, 200] == [one.status_code for one in answers]
    assert ("INVALID_QUERY_LOCATOR", "INVALID_QUERY_LOCATOR") == (answers[0].json()[0]["errorCode"], late.json()[0]["errorCode"])


def test_record_counts_are_cheap(client: Client) -> None:
    told = client.get("/limits/recordCount", params={"sObjects": "Lead,Account"}).json()["sObjects"]

    assert [{"count": 4501, "name": "Lead"}, {"count": 0, "name": "Account"}] == told


def test_fields_of_activity_appear_on_tasks_and_events(client: Client) -> None:
    for name in ("Task", "Event"):
        fields = {one["name"]: one for one in client.get(f"/sobjects/{name}/describe").json()["fields"]}
        assert (True, True) == (fields["Event_Key__c"]["unique"], fields["Event_Key__c"]["externalId"])


def test_the_products_own_package_is_understood() -> None:
    schema = load_schema(DEFAULT_PACKAGE)
    custom = [one.name for one in schema.objects["Lead"].fields if one.custom]

    assert custom, "the product's package declares fields on Lead"


def test_a_custom_object_of_the_package_is_served(tmp_path: Path) -> None:
    folder = write_package(tmp_path, {"Breach__c": {"Minutes__c": "<type>Number</type><precision>9</precision><scale>0</scale>"}})
    meta = folder / "objects" / "Breach__c" / "Breach__c.object-meta.xml"
    meta.write_text(
        '<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata"><label>Breach</label><pluralLabel>Breaches</pluralLabel>'
        "<nameField><label>Number</label><type>AutoNumber</type></nameField></CustomObject>",
        encoding="utf-8",
    )
    with served(world(folder, {})) as client:
        made = client.call("POST", "/sobjects/Breach__c", json={"Minutes__c": 7})
        row = client.query("SELECT Name, Minutes__c, Owner.Name FROM Breach__c")["records"][0]

    assert (201, 7.0, "Integration Reader") == (made.status_code, row["Minutes__c"], row["Owner"]["Name"])


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("<type>Nonsense</type>", "field type 'Nonsense' is not known"),
        ("<type>Number</type><formula>VLOOKUP(1, 2)</formula>", "function VLOOKUP is not served"),
        ("<type>Text", "no readable metadata file"),
    ],
)
def test_a_package_that_cannot_be_understood_names_file_and_reason(tmp_path: Path, inner: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_schema(write_package(tmp_path, {"Lead": {"Bad__c": inner}}))

    assert message in str(caught.value)
    assert "Bad__c.field-meta.xml" in str(caught.value)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"LastName": "x", "Nonsense": 1}, "field 'Nonsense' is not known"),
        ({"LastName": 5}, "LastName is 5"),
        ({"Id": "00Q1", "LastName": "x"}, "is not a Salesforce id"),
    ],
)
def test_loading_checks_names_types_and_ids(tmp_path: Path, record: dict[str, object], message: str) -> None:
    store = SalesforceStore(package=write_package(tmp_path))

    with pytest.raises(ConfigurationError) as caught:
        store.load({"Lead": [record]})

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("001A0000006Vm9rIAC", "001A0000006Vm9rIAC"),
        ("001a0000006vm9riac", "001A0000006Vm9rIAC"),
        ("001A0000006Vm9", None),
        ("001A0000006Vm9r!!!", None),
    ],
)
def test_ids_have_an_eighteen_character_form(given: str, expected: str | None) -> None:
    assert expected == to18(given)
