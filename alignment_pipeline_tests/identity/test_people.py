"""What the best of a person's records says of them."""

from __future__ import annotations

from typing import Any

from alignment_pipeline.agreement.parties import People
from alignment_pipeline.identity import people as rule
from alignment_pipeline_tests.staging.factories import account, contact, days_ago, lead, rows, staged, user


def made(*, people: People | None = None, records: dict[str, str], **given: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Person -> row; `records` maps source keys to persons."""
    tables = [
        staged(table, given.get(name, ()))
        for name, table in (("contacts", "contacts"), ("leads", "leads"), ("marketo", "marketing_persons"))
    ]
    known = staged("person_records", [{"source_key": key, "person_id": person} for key, person in records.items()])
    found = rows(rule.people(*tables, known, definitions=people or People()))
    return {row["person_id"]: row for row in found}


def stamps(days: float) -> dict[str, Any]:
    return {"created_at": days_ago(days), "modified_at": days_ago(days), "known_at": days_ago(days)}


def test_contact_then_lead_then_marketo_say_it() -> None:
    found = made(
        records={f"contact:{contact(1)}": "p", f"lead:{lead(1)}": "p", "marketo:1": "p"},
        contacts=[{"contact_id": contact(1), "email": "jane@acme.example", "account_id": account(1), "owner_id": user(1), **stamps(30)}],
        leads=[{"lead_id": lead(1), "title": "CTO", "company": "Acme", "owner_id": user(2), "status": "Open", **stamps(10)}],
        marketo=[
            {
                "source_key": "marketo:1",
                "system": "marketo",
                "marketing_id": "1",
                "title": "Engineer",
                "city": "Berlin",
                "email": "other@acme.example",
                **stamps(1),
            }
        ],
    )["p"]
    expected = {
        "email": "jane@acme.example",
        "email_domain": "acme.example",
        "title": "CTO",
        "company": "Acme",
        "city": "Berlin",
        "owner_id": user(1),
        "status": "Open",
        "contact_id": contact(1),
        "lead_id": lead(1),
        "marketing_key": "marketo:1",
        "contact_account_id": account(1),
        "created_at": days_ago(30),
        "known_at": days_ago(1),
    }
    assert expected == {name: found[name] for name in expected}


def test_within_a_kind_the_latest_then_the_smallest_key_decides() -> None:
    given = [
        {"lead_id": lead(1), "title": "older", **stamps(9)},
        {"lead_id": lead(3), "title": "tied", **stamps(2)},
        {"lead_id": lead(2), "title": "smallest", **stamps(2)},
    ]
    for order in (given, given[::-1]):
        found = made(records={f"lead:{lead(number)}": "p" for number in (1, 2, 3)}, leads=order)["p"]
        assert (lead(2), "smallest") == (found["lead_id"], found["title"])


def test_our_own_writes_do_not_change_which_record_stands_for_a_person() -> None:
    older = {"lead_id": lead(1), "title": "older", **stamps(9)} | {"modified_at": days_ago(0.1), "known_at": days_ago(0.1)}
    newer = {"lead_id": lead(2), "title": "newer", **stamps(5)}
    found = made(records={f"lead:{lead(number)}": "p" for number in (1, 2)}, leads=[older, newer])["p"]
    assert (lead(2), "newer") == (found["lead_id"], found["title"])


def test_a_converted_lead_says_what_nobody_else_knows_but_is_not_open() -> None:
    converted = {
        "lead_id": lead(1), "is_converted": True, "company": "Acme", "status": "Qualified", "owner_id": user(9),
        "is_on_hold": True, "is_incorrect_account": True, "converted_account_id": account(2), **stamps(40),
    }  # fmt: skip
    found = made(
        records={f"contact:{contact(1)}": "p", f"lead:{lead(1)}": "p"},
        contacts=[{"contact_id": contact(1), **stamps(10)}],
        leads=[converted],
    )["p"]
    expected = {
        "company": "Acme",
        "lead_id": None,
        "status": None,
        "owner_id": None,
        "is_on_hold": False,
        "is_incorrect_account": False,
        "is_converted": True,
        "converted_account_id": account(2),
    }
    assert expected == {name: found[name] for name in expected}


def test_one_opt_out_anywhere_is_an_opt_out() -> None:
    found = made(
        records={"marketo:1": "p", f"lead:{lead(1)}": "p", f"lead:{lead(2)}": "q"},
        marketo=[{"source_key": "marketo:1", "system": "marketo", "marketing_id": "1", "is_unsubscribed": True, **stamps(1)}],
        leads=[{"lead_id": lead(1), **stamps(1)}, {"lead_id": lead(2), "is_do_not_sync": True, **stamps(1)}],
    )
    assert [(True, False), (False, True)] == [(found[one]["is_opted_out"], found[one]["is_do_not_sync"]) for one in "pq"]


def test_our_own_people_by_domain_and_below_it() -> None:
    emails = {1: "a@ours.example", 2: "a@eu.ours.example", 3: "a@notours.example", 4: None}
    found = made(
        people=People(internal_domains=["ours.example"]),
        records={f"lead:{lead(number)}": str(number) for number in emails},
        leads=[{"lead_id": lead(number), "email": email, **stamps(1)} for number, email in emails.items()],
    )
    assert {1: True, 2: True, 3: False, 4: False} == {number: found[str(number)]["is_internal"] for number in emails}


def test_the_lead_source_is_the_oldest_record_s_and_the_queue_the_owner_s() -> None:
    found = made(
        records={f"lead:{lead(number)}": "p" for number in (1, 2)},
        leads=[
            {"lead_id": lead(1), "lead_source": "Web", "owner_id": user(1), **stamps(40)},
            {"lead_id": lead(2), "lead_source": "Purchased list", "owner_id": "00G000000000001AAA", "is_owned_by_queue": True, **stamps(2)},
        ],
    )["p"]
    assert ("Web", "00G000000000001AAA", True) == (found["lead_source"], found["owner_id"], found["is_owned_by_queue"])
