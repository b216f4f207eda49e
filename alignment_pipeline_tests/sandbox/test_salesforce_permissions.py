"""What a user with permission sets of the package, and nothing else, may see and do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline.sandbox.salesforce.store import DEFAULT_PACKAGE, SalesforceStore
from alignment_pipeline_tests.sandbox.salesforce_world import NO_ASSIGNMENT, Client, lead, served, world, write_package

READER = "integration.reader@sandbox.example"
ONE = "00Q000000000001"
PERMISSIONS = """<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>P</label>
<fieldPermissions><editable>true</editable><field>Lead.Score__c</field><readable>true</readable></fieldPermissions>
<fieldPermissions><editable>false</editable><field>Lead.Reason__c</field><readable>true</readable></fieldPermissions>
<fieldPermissions><editable>true</editable><field>Task.Event_Key__c</field><readable>true</readable></fieldPermissions>
<objectPermissions><allowCreate>false</allowCreate><allowDelete>false</allowDelete><allowEdit>true</allowEdit><allowRead>true</allowRead>
<object>Lead</object></objectPermissions>
<objectPermissions><allowCreate>false</allowCreate><allowDelete>false</allowDelete><allowEdit>false</allowEdit><allowRead>true</allowRead>
<object>Account</object></objectPermissions>
<userPermissions><enabled>true</enabled><name>EditTask</name></userPermissions></PermissionSet>"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    package = write_package(tmp_path_factory.mktemp("package"))
    (package / "permissionsets").mkdir()
    (package / "permissionsets" / "Least.permissionset-meta.xml").write_text(PERMISSIONS, encoding="utf-8")
    made = world(package, {"Lead": [lead(1)], "Account": [{"Id": "001000000000001", "Name": "Acme"}]}, permission_sets={READER: ["Least"]})
    with served(made) as found:
        yield found


def test_describe_shows_only_the_granted_custom_fields(client: Client) -> None:
    fields = {one["name"]: one["updateable"] for one in client.get("/sobjects/Lead/describe").json()["fields"] if one["custom"]}

    assert {"Score__c": True, "Reason__c": False} == fields


def test_writes_outside_the_grant_are_refused(client: Client) -> None:
    codes = [
        client.update([{"id": ONE, "Score__c": 5}]).json()[0]["success"],
        client.update([{"id": ONE, "Reason__c": "x"}]).json()[0]["errors"][0]["statusCode"],
        client.update([{"id": ONE, "Grade__c": "A"}]).json()[0]["errorCode"],
        client.call("POST", "/sobjects/Lead", json={"LastName": "L", "Company": "C"}).json()[0]["errorCode"],
        client.call("DELETE", f"/sobjects/Lead/{ONE}").json()[0]["errorCode"],
        client.call("PATCH", "/sobjects/Account/001000000000001", json={"Site": "x"}).json()[0]["errorCode"],
    ]

    assert [
        True,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_FIELD",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_OR_READONLY",
    ] == codes


def test_an_object_without_read_permission_does_not_exist(client: Client) -> None:
    for name in ("Opportunity", "OpportunityHistory", "CampaignMember"):
        assert "INVALID_TYPE" == client.get("/query", params={"q": f"SELECT Id FROM {name}"}).json()[0]["errorCode"]
    assert 0 == client.query("SELECT COUNT() FROM LeadHistory")["totalSize"]


def test_the_right_to_edit_tasks_lets_tasks_be_made(client: Client) -> None:
    made = client.call("PATCH", "/sobjects/Task/Event_Key__c/k1", json={"Subject": "Call", "WhoId": ONE}, headers=NO_ASSIGNMENT)

    assert 201 == made.status_code


def test_a_user_without_permission_sets_is_an_administrator(client: Client) -> None:
    made = client.login("writer").call("POST", "/sobjects/Lead", json={"LastName": "L", "Company": "C"}, headers=NO_ASSIGNMENT)

    assert 201 == made.status_code
    client.login()


def test_the_products_permission_sets_are_read() -> None:
    found = SalesforceStore(package=DEFAULT_PACKAGE).permission_sets

    assert any("Edit" in acts for one in found.values() for acts in one.objects.values())
