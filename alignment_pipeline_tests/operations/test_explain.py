"""Finding who is meant, and telling what the tables say of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import explain, summary
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import account, contact, days_ago, lead, staged

TABLES: dict[str, list[dict[str, Any]]] = {
    "record_periods": [
        {"source_key": "marketo:7", "from_at": days_ago(20), "person_id": f"contact:{contact(1)}", "decided_by": f"contact:{contact(1)}"}
    ],
    "accounts": [
        {"account_id": account(1), "name": "Acme"},
        {"account_id": account(2), "name": "Umbrella"},
        {"account_id": account(3), "name": "Umbrella", "country": "Japan"},
    ],
    "people": [
        {"person_id": f"contact:{contact(1)}", "email": "jane@acme.example", "first_name": "Jane", "last_name": "Doe"},
        {"person_id": f"lead:{lead(10)}", "email": "shared@mail.example", "first_name": "Ann", "last_name": "Bell", "company": "Bell & Co"},
        {"person_id": f"lead:{lead(11)}", "email": "shared@mail.example", "first_name": "Cid", "last_name": "Moor"},
    ],
    "person_records": [
        {"source_key": f"contact:{contact(1)}", "person_id": f"contact:{contact(1)}", "object": "Contact", "record_id": contact(1)},
        {"source_key": f"lead:{lead(9)}", "person_id": f"contact:{contact(1)}", "object": "Lead", "record_id": lead(9)},
        {"source_key": "marketo:7", "person_id": f"contact:{contact(1)}", "object": "Marketo", "record_id": "7"},
    ],
    "contacts": [{"contact_id": contact(1), "email": "jane@acme.example"}],
    "leads": [{"lead_id": lead(9), "email": "jane@private.example"}],
    "person_accounts": [{"person_id": f"contact:{contact(1)}", "account_id": account(1), "basis": "contact"}],
    "lead_account_matches": [
        {
            "person_id": f"contact:{contact(1)}",
            "account_id": account(1),
            "runner_up_id": account(2),
            "decision": "matched",
            "evidence": json.dumps([{"rule": "same_domain", "weight": 5.0}]),
        }
    ],
    "person_engagement_factors": [
        {"person_id": f"contact:{contact(1)}", "factor": name, "contribution_micro": micro}
        for name, micro in (("b", 2), ("a", 5), ("c", 1))
    ],
    "sla_clocks": [
        {"clock_id": str(number), "person_id": f"contact:{contact(1)}", "subject_id": account(1), "started_at": days_ago(number)}
        for number in range(3)
    ],
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    found = Warehouse(tmp_path_factory.mktemp("home"))
    for name, given in TABLES.items():
        found.replace(name, staged(name, given))
    return found


@pytest.mark.parametrize(
    "name",
    [
        contact(1),
        contact(1)[:15],
        lead(9),
        lead(9)[:15],
        "7",
        "marketo:7",
        f"contact:{contact(1)}",
        " Jane@Acme.example ",
        "jane@private.example",
    ],
)
def test_a_person_is_found_by_any_of_their_names(warehouse: Warehouse, name: str) -> None:
    found = explain.explain(warehouse, name)
    assert ("person", f"contact:{contact(1)}") == (found["kind"], found["person"]["person_id"])


def test_an_account_is_found_by_its_id(warehouse: Warehouse) -> None:
    for name in (account(1), account(1)[:15]):
        found = explain.explain(warehouse, name)
        assert ("account", "Acme", 3) == (found["kind"], found["account"]["name"], len(found["clocks"]))


@pytest.mark.parametrize(("name", "kind"), [("jane doe", "person"), ("DOE", "person"), ("acme", "account"), (" Acm", "account")])
def test_a_name_or_a_part_of_one_is_enough_where_it_is_the_only_one(warehouse: Warehouse, name: str, kind: str) -> None:
    assert kind == explain.explain(warehouse, name)["kind"]


def test_several_of_one_name_are_listed_with_their_ids(warehouse: Warehouse) -> None:
    with pytest.raises(ConfigurationError) as caught:
        explain.explain(warehouse, "umbrella")

    lines = str(caught.value).splitlines()
    assert [
        "2 people or accounts are called 'umbrella'; give one of these ids:",
        f"  {account(2)}  Umbrella",
        f"  {account(3)}  Umbrella, Japan",
    ] == lines


def test_people_who_share_an_address_are_listed_with_their_ids(warehouse: Warehouse) -> None:
    with pytest.raises(ConfigurationError) as caught:
        explain.explain(warehouse, "Shared@Mail.example")

    lines = str(caught.value).splitlines()
    assert [
        "2 people have the address 'Shared@Mail.example'; give one of these ids:",
        f"  lead:{lead(10)}  Ann Bell, Bell & Co",
        f"  lead:{lead(11)}  Cid Moor",
    ] == lines


@pytest.mark.parametrize("name", ["", "nobody@acme.example", account(99), "00Q", "'; DROP TABLE people;--", "%"])
def test_nobody_is_said_with_what_may_be_given(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"no person or account is called .* an e-mail or a name"):
        explain.explain(warehouse, name)


def test_a_person_s_rows_come_in_the_order_that_matters(warehouse: Warehouse) -> None:
    found = explain.explain(warehouse, contact(1))
    assert ["a", "b", "c"] == [row["factor"] for row in found["factors"]]
    assert [days_ago(number) for number in range(3)] == [row["started_at"] for row in found["clocks"]]
    assert {account(1): "Acme", account(2): "Umbrella"} == found["account_names"]
    assert [{"rule": "same_domain", "weight": 5.0}] == found["match"]["evidence"]
    assert found["score"] is None and found["stage"] is None


def test_the_lines_of_a_run() -> None:
    found = {
        "leads": {"matched": 1200, "review": 3, "none": 4},
        "accounts_scored": 10,
        "people_scored": 20,
        "mqas": 2,
        "sla": {"breached": 1, "met_late": 5, "cancelled": 9},
        "api_calls": {"salesforce": 7},
        "plan": {
            "counts": {
                "objects": {
                    "Lead": {"records": 1, "fields": 3, "created": 0},
                    "Task": {"records": 0, "fields": 8, "created": 2},
                }
            }
        },
    }
    text = "\n".join(summary.lines(found))
    assert "1,200 matched" in text and "1 breached, 5 met late" in text and "7 salesforce" in text
    assert "1 Lead records with 3 fields, 2 tasks to create" in text
