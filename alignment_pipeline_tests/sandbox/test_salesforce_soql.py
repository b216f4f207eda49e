"""SOQL as Salesforce runs it: what is refused, and where it is not SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alignment_pipeline_tests.sandbox.salesforce_world import NOW, PERSON, QUEUE, Client, lead, served, world, write_package

ACCOUNT = "001000000000001AAA"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    package: Path = write_package(tmp_path_factory.mktemp("package"))
    data = {
        "Account": [{"Id": ACCOUNT, "Name": "O'Brien & Söhne", "OwnerId": PERSON}, {"Id": "001000000000002AAA", "Name": "Empty"}],
        "Contact": [{"Id": f"00300000000000{n}AAA", "LastName": f"C{n}", "AccountId": ACCOUNT, "OwnerId": PERSON} for n in (1, 2)],
        "Lead": [
            lead(1, Title="CEO", NumberOfEmployees=5, SystemModstamp=datetime(2026, 11, 20, 8, 0, 0, tzinfo=UTC)),
            lead(2, Title="cto", NumberOfEmployees=50, OwnerId=QUEUE),
            lead(3, NumberOfEmployees=500, Company="100% Pure_Co"),
            lead(4, Title="Intern", IsDeleted=True, SystemModstamp=NOW),
        ],
        "Task": [
            {"Id": "00T000000000001", "WhoId": "00Q000000000001", "Status": "Completed", "OwnerId": PERSON},
            {"Id": "00T000000000002", "WhoId": "00Q000000000002", "Status": "Completed", "OwnerId": PERSON, "IsArchived": True},
        ],
    }
    with served(world(package, data)) as found:
        yield found


ONE, TWO, THREE, FOUR = (f"00Q{number:012d}" for number in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Title = 'ceo'", [ONE]),
        ("Title != 'CEO'", [TWO, THREE]),
        ("Title NOT IN ('CEO', 'CTO')", [THREE]),
        ("Title = null", [THREE]),
        ("Title LIKE 'C%O'", [ONE, TWO]),
        ("Company LIKE '100\\% Pure\\_Co'", [THREE]),
        ("NOT Title LIKE 'C%'", [THREE]),
        ("NumberOfEmployees > 5 AND (Title = 'CTO' OR Company = '100% pure_co')", [TWO, THREE]),
        (f"Id IN ('{ONE}', '{TWO}') AND NumberOfEmployees < 50", [ONE]),
        ("IsConverted = false AND OwnerId = '00G000000000001'", [TWO]),
        ("Owner.Name = 'inbound'", [TWO]),
        ("Owner.Type = 'Queue'", [TWO]),
        ("SystemModstamp = 2026-11-20T08:00:00.900Z", [ONE]),
        ("SystemModstamp >= 2026-11-20T09:00:00+01:00 AND Title = 'CEO'", [ONE]),
        ("Id IN (SELECT WhoId FROM Task WHERE Status = 'Completed')", [ONE]),
        ("CreatedDate = LAST_N_DAYS:2", [ONE, TWO, THREE]),
        ("CreatedDate = TODAY", []),
    ],
)
def test_conditions_compare_as_soql_does(client: Client, where: str, expected: list[str]) -> None:
    assert sorted(expected) == sorted(client.ids(f"SELECT Id FROM Lead WHERE {where}"))


@pytest.mark.parametrize(
    ("soql", "code", "text"),
    [
        ("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT * FROM Lead", "MALFORMED_QUERY", "no viable alternative at character '*'"),
        ("SELECT Id FROM Lead WHERE Company = 'O'Brien'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Foo FROM Account", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'"),
        ("SELECT Owner.ManagerId FROM Lead", "INVALID_FIELD", "No such column 'ManagerId' on entity 'Name'"),
        ("SELECT Nobody.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nobody'"),
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported"),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE Company = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: nonsense"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM LeadHistory WHERE OldValue = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        (
            "SELECT Id FROM Lead WHERE Title = 'x' OR Id IN (SELECT WhoId FROM Task)",
            "MALFORMED_QUERY",
            "not supported with the 'OR' operator",
        ),
        ("SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:99999999", "MALFORMED_QUERY", "number of days is too large"),
        ("SELECT Id FROM Lead WHERE CALENDAR_MONTH(Title) = 5", "INVALID_FIELD", "does not take the string field Title"),
        ("SELECT TYPEOF CreatedBy WHEN User THEN Email END FROM Lead", "INVALID_FIELD", "needs a polymorphic relationship"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset"),
        ("SELECT Id, Name FROM Lead GROUP BY Name", "MALFORMED_QUERY", "must be grouped or aggregated"),
    ],
)
def test_refusals_carry_the_vendors_codes(client: Client, soql: str, code: str, text: str) -> None:
    answer = client.get("/query", params={"q": soql})

    assert (400, code) == (answer.status_code, answer.json()[0]["errorCode"])
    assert text in answer.json()[0]["message"]


def test_a_quote_in_a_name_is_escaped_with_a_backslash(client: Client) -> None:
    assert [ACCOUNT[:15]] == client.ids("SELECT Id FROM Account WHERE Name = 'o\\'brien & söhne'")


def test_query_all_adds_deleted_and_archived_rows(client: Client) -> None:
    deleted = client.get("/queryAll", params={"q": "SELECT Id FROM Lead WHERE IsDeleted = true"}).json()["records"]

    assert [FOUR] == [one["Id"][:15] for one in deleted]
    assert 1 == client.query("SELECT COUNT() FROM Task")["totalSize"]
    assert 2 == client.get("/queryAll", params={"q": "SELECT COUNT() FROM Task"}).json()["totalSize"]


def test_rows_leave_the_recycle_bin_after_fifteen_days(tmp_path: Path) -> None:
    with served(world(write_package(tmp_path), {"Lead": [lead(1, IsDeleted=True, SystemModstamp=NOW)]})) as client:
        client.world.advance(14 * 86_400)
        before = client.login().get("/queryAll", params={"q": "SELECT Id FROM Lead"}).json()["totalSize"]
        client.world.advance(2 * 86_400)
        after = client.login().get("/queryAll", params={"q": "SELECT Id FROM Lead"}).json()["totalSize"]

    assert (1, 0) == (before, after)


def test_parents_are_nested_and_null_when_absent(client: Client) -> None:
    found = client.query("SELECT LastName, Account.Name, Account.Owner.Name, ReportsTo.LastName FROM Contact WHERE LastName = 'C1'")
    row = found["records"][0]

    assert ("O'Brien & Söhne", "Ann Rep", None) == (row["Account"]["Name"], row["Account"]["Owner"]["Name"], row["ReportsTo"])
    assert {"type": "Account", "url": f"/services/data/v59.0/sobjects/Account/{ACCOUNT}"} == row["Account"]["attributes"]


def test_child_sub_selects_are_null_when_there_are_none(client: Client) -> None:
    found = client.query("SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 1) FROM Account ORDER BY Name")[
        "records"
    ]

    assert None is found[0]["Contacts"]
    assert (1, "C2") == (found[1]["Contacts"]["totalSize"], found[1]["Contacts"]["records"][0]["LastName"])


def test_aggregates_group_and_name_their_columns(client: Client) -> None:
    found = client.query("SELECT OwnerId, COUNT(Id), MAX(NumberOfEmployees) most FROM Lead GROUP BY OwnerId HAVING COUNT(Id) > 1")[
        "records"
    ]

    assert [{"attributes": {"type": "AggregateResult"}, "OwnerId": PERSON, "expr0": 2, "most": 500}] == found


def test_nulls_sort_first_unless_told_otherwise(client: Client) -> None:
    first = client.ids("SELECT Id FROM Lead ORDER BY Title")
    last = client.ids("SELECT Id FROM Lead ORDER BY Title DESC NULLS LAST")

    assert ([THREE, ONE, TWO], [TWO, ONE, THREE]) == (first, last)


def test_names_are_found_in_any_case_and_answered_in_the_canonical_one(client: Client) -> None:
    row = client.query("select id, lastname from lead where LASTNAME = 'last1'")["records"][0]

    assert ["attributes", "Id", "LastName"] == list(row)


def test_a_date_range_over_a_plus_sign_needs_encoding(client: Client) -> None:
    raw = client.get("/query?q=SELECT+Id+FROM+Lead+WHERE+CreatedDate+>+2026-01-01T00:00:00+01:00")

    assert (400, "MALFORMED_QUERY") == (raw.status_code, raw.json()[0]["errorCode"])


def test_formula_fields_are_calculated_on_reading(tmp_path: Path) -> None:
    due = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
    with served(world(write_package(tmp_path), {"Lead": [lead(1, Score__c=10.5, Due__c=due), lead(2)]})) as client:
        rows = client.query("SELECT Double__c, Left__c FROM Lead ORDER BY Id")["records"]
        high = client.ids("SELECT Id FROM Lead WHERE Double__c > 20")

    assert [(21.0, 90.0), (None, None)] == [(row["Double__c"], row["Left__c"]) for row in rows]
    assert [ONE] == high


def test_typeof_reads_a_polymorphic_parents_own_fields(client: Client) -> None:
    soql = "SELECT TYPEOF Owner WHEN User THEN Username, IsActive ELSE Name END FROM Lead ORDER BY Id"
    owners = [row["Owner"] for row in client.query(soql)["records"]]

    assert [("User", "rep@acme.example"), ("Group", "Inbound")] == [
        (one["attributes"]["type"], one.get("Username") or one.get("Name")) for one in owners[:2]
    ]


def test_labels_keep_the_fields_name(client: Client) -> None:
    assert "Open - Not Contacted" == client.query("SELECT toLabel(Status) FROM Lead LIMIT 1")["records"][0]["Status"]
