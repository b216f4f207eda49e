"""Who is who: each reason for joining records, what must never join them, and what must not change the result."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.agreement.parties import People
from alignment_pipeline.identity import person_records as rule
from alignment_pipeline_tests.staging.factories import account, contact, days_ago, lead, rows, staged

Rows = dict[str, list[dict[str, Any]]]
_TABLES = {"contacts": "contacts", "leads": "leads", "marketo": "marketing_persons", "states": "crm_record_states", "accounts": "accounts"}


def a_contact(number: int, days: float = 50, email: str | None = None) -> dict[str, Any]:
    return {"contact_id": contact(number), "email": email, "created_at": days_ago(days)}


def a_lead(number: int, days: float = 40, email: str | None = None, became: int | None = None) -> dict[str, Any]:
    return {
        "lead_id": lead(number),
        "email": email,
        "created_at": days_ago(days),
        "is_converted": became is not None,
        "converted_contact_id": contact(became) if became is not None else None,
    }


def in_marketo(number: int, days: float = 30, email: str | None = None, **links: Any) -> dict[str, Any]:
    return {
        "source_key": f"marketo:{number}",
        "system": "marketo",
        "marketing_id": str(number),
        "email": email,
        "created_at": days_ago(days),
        **links,
    }


def in_hubspot(number: int, days: float = 30, email: str | None = None, **links: Any) -> dict[str, Any]:
    return {
        "source_key": f"hubspot:{number}",
        "system": "hubspot",
        "marketing_id": str(number),
        "email": email,
        "created_at": days_ago(days),
        **links,
    }


def state(object_: str, record: str, survivor: str | None = None, became: str | None = None, gone: bool = True) -> dict[str, Any]:
    return {"object": object_, "record_id": record, "survivor_id": survivor or record, "converted_to_id": became, "is_deleted": gone}


def joined(given: Mapping[str, Sequence[Mapping[str, Any]]], people: People | None = None) -> dict[str, dict[str, Any]]:
    """Source key -> row."""
    tables = [staged(table, given.get(name, ())) for name, table in _TABLES.items()]
    found = rows(rule.person_records(*tables, definitions=people or People()))
    assert len(found) == len({row["source_key"] for row in found})
    return {row["source_key"]: row for row in found}


def persons(given: Mapping[str, Sequence[Mapping[str, Any]]], people: People | None = None) -> dict[str, tuple[str, str]]:
    """Source key -> (person, reason), in short keys."""
    return {key: (row["person_id"], row["reason"]) for key, row in joined(given, people).items()}


def test_alone_a_record_is_its_own_person() -> None:
    found = persons({"contacts": [a_contact(1)], "leads": [a_lead(1)], "marketo": [in_marketo(1)]})
    assert {key: (key, "own record") for key in (f"contact:{contact(1)}", f"lead:{lead(1)}", "marketo:1")} == found


def test_people_of_two_marketing_systems_become_one_by_the_crm_s_ids_first_and_then_by_address() -> None:
    found = joined(
        {
            "leads": [a_lead(1)],
            "marketo": [
                in_marketo(1, days=9, lead_id=lead(1)),
                in_hubspot(1, days=8, email="other@acme.example", lead_id=lead(1)),
                in_hubspot(2, days=7, email="jane@acme.example"),
                in_marketo(2, days=6, email="jane@acme.example"),
            ],
        }
    )
    one, two = f"lead:{lead(1)}", "hubspot:2"
    assert {key: (row["person_id"], row["object"], row["reason"]) for key, row in found.items()} == {
        one: (one, "Lead", "own record"),
        "marketo:1": (one, "Marketo", "Marketo sync id"),
        "hubspot:1": (one, "HubSpot", "HubSpot sync id"),
        "hubspot:2": (two, "HubSpot", "own record"),
        "marketo:2": (two, "Marketo", "same e-mail"),
    }


def test_conversion_joins_a_lead_with_its_contact() -> None:
    found = joined({"contacts": [a_contact(1, days=10)], "leads": [a_lead(1, days=40, became=1)]})
    assert {f"lead:{lead(1)}"} == {row["person_id"] for row in found.values()}, "the oldest record gives the name"
    assert "conversion" == found[f"contact:{contact(1)}"]["reason"]
    assert [True, False] == [found[key]["is_alive"] for key in (f"contact:{contact(1)}", f"lead:{lead(1)}")]


def test_marketo_joins_the_record_it_is_synced_with() -> None:
    found = persons(
        {
            "leads": [a_lead(1)],
            "contacts": [a_contact(2)],
            "marketo": [in_marketo(1, lead_id=lead(1)), in_marketo(2, contact_id=contact(2))],
        }
    )
    assert (f"lead:{lead(1)}", "Marketo sync id") == found["marketo:1"]
    assert (f"contact:{contact(2)}", "Marketo sync id") == found["marketo:2"]


def test_the_same_address_joins() -> None:
    found = persons({"leads": [a_lead(1, email="jane@acme.example"), a_lead(2, days=20, email="jane@acme.example")]})
    assert (f"lead:{lead(1)}", "same e-mail") == found[f"lead:{lead(2)}"]


def test_a_shared_mailbox_never_joins() -> None:
    given = {
        "leads": [a_lead(1, email="info@acme.example"), a_lead(2, email="info@acme.example")],
        "contacts": [a_contact(1, email="info@acme.example")],
    }
    assert 3 == len({person for person, _ in persons(given).values()})
    assert 1 == len({person for person, _ in persons(given, People(shared_mailboxes=[])).values()})


def test_a_merged_record_follows_its_survivor() -> None:
    states = [state("Contact", contact(9), survivor=contact(1))]
    found = joined({"contacts": [a_contact(1)], "states": states})
    row = found[f"contact:{contact(9)}"]
    assert (f"contact:{contact(1)}", "merge", False) == (row["person_id"], row["reason"], row["is_alive"])


def test_a_lead_that_was_deleted_after_its_conversion_follows_its_contact() -> None:
    states = [state("Lead", lead(9), became=contact(1))]
    found = joined({"contacts": [a_contact(1)], "marketo": [in_marketo(1, lead_id=lead(9))], "states": states})
    assert {f"contact:{contact(1)}"} == {row["person_id"] for row in found.values()}
    assert {"contact", "lead", "marketo"} == {key.partition(":")[0] for key in found}


def test_a_deleted_record_of_nobody_is_no_person() -> None:
    assert {} == joined({"states": [state("Lead", lead(9))]})


def test_the_person_keeps_the_name_when_younger_records_join_and_leave() -> None:
    old = a_lead(1, days=90, email="jane@acme.example")
    first = persons({"leads": [old]})
    more = persons(
        {"leads": [old, a_lead(2, days=5, email="jane@acme.example")], "marketo": [in_marketo(1, days=1, email="jane@acme.example")]}
    )
    assert first[f"lead:{lead(1)}"][0] == more["marketo:1"][0] == more[f"lead:{lead(2)}"][0]


def test_chains_join_across_systems() -> None:
    given = {
        "contacts": [a_contact(1, days=10, email="jane@new.example")],
        "leads": [a_lead(1, days=40, email="jane@old.example", became=1)],
        "marketo": [in_marketo(1, days=60, email="jane@old.example"), in_marketo(2, days=5, email="jane@new.example")],
    }
    assert {"marketo:1"} == {person for person, _ in persons(given).values()}


def world(seed: int) -> Rows:
    """A random small world with every kind of link, dangling ones among them."""
    dice = random.Random(seed)
    emails = [None, "info@acme.example", *(f"p{number}@acme.example" for number in range(8))]
    given: Rows = {
        "contacts": [a_contact(number, dice.choice([10, 20, 30]), dice.choice(emails)) for number in range(12)],
        "leads": [
            a_lead(number, dice.choice([10, 20, 30]), dice.choice(emails), dice.choice([None, None, dice.randrange(16)]))
            for number in range(14)
        ],
        "marketo": [
            in_marketo(
                number,
                dice.choice([10, 20, 30]),
                dice.choice(emails),
                lead_id=dice.choice([None, lead(dice.randrange(20))]),
                contact_id=dice.choice([None, None, contact(dice.randrange(20))]),
            )
            for number in range(14)
        ],
        "states": [
            state("Lead", lead(number), dice.choice([None, lead(dice.randrange(20))]), dice.choice([None, contact(dice.randrange(16))]))
            for number in range(14, 20)
        ]
        + [state("Contact", contact(number), contact(dice.randrange(12))) for number in range(12, 16)],
    }
    return given


def test_the_order_of_rows_changes_nothing() -> None:
    for seed in range(4):
        given = world(seed)
        expected = joined(given)
        shuffled = {name: random.Random(seed + 100).sample(table, len(table)) for name, table in given.items()}
        assert expected == joined(shuffled)


def test_persons_are_the_connected_components_of_the_facts() -> None:
    for seed in range(4):
        given = world(seed)
        found = joined(given)
        by_hand = components(given)
        mine: dict[str, set[str]] = defaultdict(set)
        for key, row in found.items():
            mine[row["person_id"]].add(key)
        assert sorted(map(sorted, by_hand)) == sorted(map(sorted, mine.values()))
        for person, members in mine.items():
            assert person in members, "a person is named by one of their records"


def components(given: Rows) -> list[set[str]]:
    """Connected components by flooding, of records that exist or are known to have gone; components of the gone alone are left out."""
    living = {f"contact:{row['contact_id']}" for row in given["contacts"]} | {f"lead:{row['lead_id']}" for row in given["leads"]}
    living |= {f"marketo:{row['marketing_id']}" for row in given["marketo"]}
    edges: dict[str, set[str]] = defaultdict(set)

    def link(one: str, other: str) -> None:
        edges[one].add(other)
        edges[other].add(one)

    gone = set()
    for row in given["states"]:
        key = f"{row['object'].lower()}:{row['record_id']}"
        gone.add(key)
        if row["survivor_id"] != row["record_id"]:
            link(key, f"{row['object'].lower()}:{row['survivor_id']}")
        if row["converted_to_id"]:
            link(key, f"contact:{row['converted_to_id']}")
    known = living | gone
    for kind, id_column in (("leads", "lead_id"), ("marketo", "marketing_id")):
        for row in given[kind]:
            key = f"{'lead' if kind == 'leads' else 'marketo'}:{row[id_column]}"
            targets = {
                "lead": row.get("lead_id") if kind == "marketo" else None,
                "contact": row.get("converted_contact_id") or row.get("contact_id"),
            }
            for object_, target in targets.items():
                if target and f"{object_}:{target}" in known:
                    link(key, f"{object_}:{target}")
    of_email: dict[str, list[str]] = defaultdict(list)
    for kind, id_column in (("contacts", "contact_id"), ("leads", "lead_id"), ("marketo", "marketing_id")):
        for row in given[kind]:
            if row["email"] and not row["email"].startswith("info@"):
                of_email[row["email"]].append(f"{kind.removesuffix('s')}:{row[id_column]}")
    for keys in of_email.values():
        for other in keys[1:]:
            link(keys[0], other)
    found = []
    left = set(known)
    while left:
        group, front = set(), {min(left)}
        while front:
            group |= front
            front = {other for key in front for other in edges[key]} - group
        left -= group
        if group & living:
            found.append(group & known)
    return found


FREE = "jo.lee@gmail.com"


def on_account(number: int, days: float, email: str, account_: int = 1, **more: Any) -> dict[str, Any]:
    return a_contact(number, days, email) | {"account_id": account(account_), "first_name": "Jo", "last_name": "Lee"} | more


def at(number: int, days: float, email: str, company: str, **more: Any) -> dict[str, Any]:
    return a_lead(number, days, email) | {"company": company, "first_name": "Jo", "last_name": "Lee"} | more


_ACCOUNTS = [
    {"account_id": account(1), "name": "Quorvex GmbH", "website": "quorvex.com"},
    {"account_id": account(2), "name": "Dalmund", "website": None},
]


def test_a_lead_that_names_its_own_company_is_not_the_contact_who_shares_its_address() -> None:
    given = {"accounts": _ACCOUNTS, "contacts": [on_account(1, 90, FREE)], "leads": [at(1, 10, FREE, "Dalmund"), at(2, 5, FREE, "Quorvex")]}
    found = persons(given)

    assert (f"lead:{lead(1)}", rule.APART) == found[f"lead:{lead(1)}"]
    assert (f"contact:{contact(1)}", "same e-mail") == found[f"lead:{lead(2)}"]
    assert rule.APART == found[f"contact:{contact(1)}"][1]


def test_a_job_changer_is_one_person_per_account() -> None:
    found = persons({"accounts": _ACCOUNTS, "contacts": [on_account(1, 90, FREE), on_account(2, 10, FREE, 2)]})

    assert {f"contact:{contact(1)}", f"contact:{contact(2)}"} == {person for person, _ in found.values()}


def test_marketo_stays_with_the_record_it_is_synced_with_whatever_its_own_company_says() -> None:
    given = {
        "accounts": _ACCOUNTS,
        "contacts": [on_account(1, 90, FREE)],
        "leads": [at(1, 10, FREE, "Dalmund")],
        "marketo": [in_marketo(1, 80, FREE, contact_id=contact(1), company="Dalmund")],
    }

    assert f"contact:{contact(1)}" == persons(given)["marketo:1"][0]


def test_accounts_that_were_merged_are_one() -> None:
    states = [state("Account", account(2), survivor=account(1))]
    given = {"accounts": _ACCOUNTS[:1], "contacts": [on_account(1, 90, FREE)], "states": states}
    converted = a_lead(1, 100, FREE, became=9) | {"converted_account_id": account(2)}

    assert 1 == len({person for person, _ in persons(given | {"leads": [converted]}).values()})


def test_a_record_merged_away_in_marketo_belongs_to_the_winner_s_person() -> None:
    marketing = [in_marketo(1), in_marketo(9)]
    merges = [{"source_key": f"marketo:{loser}", "survivor_key": "marketo:1"} for loser in (2, 3)]
    tables = [staged(table, {"marketo": marketing}.get(name, ())) for name, table in _TABLES.items()]
    found = rows(rule.person_records(*tables, merges=staged("marketing_merges", merges), definitions=People()))

    assert {row["source_key"]: (row["person_id"], row["object"], row["record_id"], row["reason"], row["is_alive"]) for row in found} == {
        "marketo:1": ("marketo:1", "Marketo", "1", "own record", True),
        "marketo:2": ("marketo:1", "Marketo", "2", "merge", False),
        "marketo:3": ("marketo:1", "Marketo", "3", "merge", False),
        "marketo:9": ("marketo:9", "Marketo", "9", "own record", True),
    }


def test_a_merge_whose_winner_is_gone_too_belongs_to_nobody() -> None:
    tables = [staged(table, ()) for table in _TABLES.values()]
    merges = staged("marketing_merges", [{"source_key": "marketo:2", "survivor_key": "marketo:1"}])
    assert rows(rule.person_records(*tables, merges=merges, definitions=People())) == []
