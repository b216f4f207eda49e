"""Accounts: who is a customer, where the top of the hierarchy is, and what contacts and opportunities say."""

from __future__ import annotations

import random
from typing import Any

from alignment_pipeline.agreement.field_map import Crm, InputMapping
from alignment_pipeline.agreement.parties import People
from alignment_pipeline.staging import accounts as rule
from alignment_pipeline.staging import versions
from alignment_pipeline_tests.staging.factories import NOW, account, contact, opportunity, raw, raw_row, rows, staged

TABLE = "raw_salesforce_accounts"
CRM = Crm(fields=[], inputs=[InputMapping(object="Account", field="Target__c", meaning="is_target_flagged", label="Target")])


def made(
    *given_rows: dict[str, Any], contacts: Any = (), deals: Any = (), crm: Crm = CRM, people: People | None = None
) -> list[dict[str, Any]]:
    living = versions.living(raw(TABLE, *given_rows), as_of=NOW)
    table = rule.accounts(
        living,
        contacts=staged("contacts", contacts),
        opportunities=staged("opportunities", deals),
        definitions=people or People(),
        crm=crm,
    )
    return rows(table, "account_id")


def acme(number: int, **fields: Any) -> dict[str, Any]:
    return raw_row(TABLE, account(number), Name=f"Company {number}", **fields)


def test_a_customer_by_its_type() -> None:
    expected = {
        "Customer": True,
        "customer": True,
        "Customer - Direct": True,
        "CUSTOMER - Channel": True,
        "Customer-Direct": False,
        "Former Customer": False,
        "Prospect": False,
        None: False,
    }
    found = made(*[acme(number, Type=given_type) for number, given_type in enumerate(expected)])
    assert list(expected.values()) == [row["is_customer"] for row in found]


def test_a_customer_by_a_won_opportunity() -> None:
    deals = [
        {"opportunity_id": opportunity(1), "account_id": account(1), "is_closed": True, "is_won": True},
        {"opportunity_id": opportunity(2), "account_id": account(2), "is_closed": True, "is_won": False},
    ]
    found = made(acme(1, Type="Prospect"), acme(2, Type="Prospect"), deals=deals)
    assert [True, False] == [row["is_customer"] for row in found]


def test_no_customer_types_leave_won_opportunities() -> None:
    assert [False] == [row["is_customer"] for row in made(acme(1, Type="Customer"), people=People(customer_account_types=[]))]


def test_open_pipeline_and_contacts_are_counted() -> None:
    deals = [
        {"opportunity_id": opportunity(1), "account_id": account(1), "amount_usd": 100.0},
        {"opportunity_id": opportunity(2), "account_id": account(1), "amount_usd": None},
        {"opportunity_id": opportunity(3), "account_id": account(1), "amount_usd": 900.0, "is_closed": True},
        {"opportunity_id": opportunity(4), "account_id": None, "amount_usd": 5.0},
    ]
    people = [{"contact_id": contact(number), "account_id": account(1)} for number in range(3)] + [{"contact_id": contact(9)}]
    first, second = made(acme(1), acme(2), deals=deals, contacts=people)
    names = ("has_open_opportunity", "open_pipeline_usd", "contact_count")
    assert [(True, 100.0, 3), (False, 0.0, 0)] == [tuple(row[name] for name in names) for row in (first, second)]


def test_a_flag_is_null_when_nobody_mapped_it_and_false_when_unticked() -> None:
    row = raw_row(TABLE, account(1), custom={"Target__c": "false"})
    assert False is one_of(made(row))["is_target_flagged"]
    assert None is one_of(made(row, crm=Crm(fields=[])))["is_target_flagged"]
    assert None is one_of(made(acme(1)))["is_target_flagged"]


def one_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    assert 1 == len(found)
    return found[0]


def hierarchy(parents: dict[int, int | None]) -> dict[int, tuple[int | None, int]]:
    """Number -> (parent, top), as the rule sees it."""
    found = made(*[acme(child, ParentId=account(parent) if parent is not None else None) for child, parent in parents.items()])
    numbers = {account(number): number for number in range(2000)}
    return {
        numbers[row["account_id"]]: (
            numbers[row["parent_account_id"]] if row["parent_account_id"] else None,
            numbers[row["ultimate_account_id"]],
        )
        for row in found
    }


def test_the_top_of_a_hierarchy() -> None:
    assert {1: (None, 1), 2: (1, 1), 3: (2, 1), 4: (None, 4)} == hierarchy({1: None, 2: 1, 3: 2, 4: None})


def test_a_parent_that_is_gone_or_oneself_is_none() -> None:
    assert {2: (None, 2), 3: (None, 3)} == hierarchy({2: 99, 3: 3})


def test_a_circle_is_cut_at_its_smallest_id() -> None:
    # 5 hangs below the circle 2 -> 4 -> 3 -> 2
    assert {2: (None, 2), 3: (2, 2), 4: (3, 2), 5: (4, 2)} == hierarchy({2: 4, 4: 3, 3: 2, 5: 4})


def test_an_account_before_a_circle_by_id_does_not_become_its_top() -> None:
    assert {1: (3, 2), 2: (None, 2), 3: (2, 2)} == hierarchy({1: 3, 2: 3, 3: 2})


def test_every_hierarchy_becomes_a_forest() -> None:
    dice = random.Random(11)
    parents: dict[int, int | None] = {}
    for group in range(150):
        members = [group * 10 + number for number in range(dice.randint(1, 9))]
        parents |= {child: dice.choice([None, *members, *members]) for child in members}
    found = hierarchy(parents)
    assert set(parents) == set(found)
    for number, (parent, top) in found.items():
        path = [number]
        while found[path[-1]][0] is not None:
            path.append(found[path[-1]][0])  # type: ignore[arg-type]
            assert len(path) <= 10, f"a circle is left: {path}"
        assert top == path[-1]
        assert parent is None or parent == parents[number]
        if parent is None and parents[number] not in (None, number):
            assert number == top == min(circle(number, parents)), "only the smallest id of a circle loses its parent"


def circle(number: int, parents: dict[int, int | None]) -> set[int]:
    """The circle that climbing from `number` ends in, by hand."""
    path = [number]
    while (above := parents[path[-1]]) is not None and above not in path:
        path.append(above)
    return set(path[path.index(above) :]) if above is not None else set()


def test_deleted_accounts_are_left_out() -> None:
    assert [] == made(acme(1, is_deleted=True))


def test_amounts_too_large_to_add_do_not_end_the_run() -> None:
    deals = [{"opportunity_id": opportunity(number), "account_id": account(1), "amount_usd": 1.7e308} for number in (1, 2)]
    assert 1 == len(made(acme(1), deals=deals))
