"""A contact that the CRM moved from one account to another: which account counted when."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.matching import person_account_periods as rule
from alignment_pipeline_tests.staging.factories import NOW, account, contact, days_ago, rows, staged

A, B, C = account(1), account(2), account(3)
ADA = f"contact:{contact(1)}"
Row = dict[str, Any]


def move(number: int, days: float, old: str | None, new: str | None, *, of: int = 1, earliest: float | None = None) -> Row:
    return {
        "change_id": f"change {number}", "object": "Contact", "record_id": contact(of), "field": "AccountId", "old_value": old,
        "new_value": new, "changed_at": days_ago(days), "earliest_at": days_ago(earliest or days), "is_observed": earliest is not None,
    }  # fmt: skip


def a_contact(account_id: str | None, *, number: int = 1, days: float = 900) -> Row:
    return {"contact_id": contact(number), "account_id": account_id, "created_at": days_ago(days)}


def gone(number: int, account_id: str | None, *, into: int, born: float, died: float) -> Row:
    return {
        "object": "Contact", "record_id": contact(number), "survivor_id": contact(into), "is_deleted": True, "account_id": account_id,
        "created_at": days_ago(born), "modified_at": days_ago(died),
    }  # fmt: skip


def periods(
    contacts: list[Row],
    moves: list[Row],
    *,
    states: list[Row] | None = None,
    living: tuple[str, ...] = (A, B, C),
    now: str | type | None = str,
) -> list[tuple[Any, ...]]:
    """(from, until, account) of the one person who has all contacts; `now` is the account that counts now, if not the first contact's."""
    states = states or []
    ids = [row["contact_id"] for row in contacts] + [row["record_id"] for row in states if row["object"] == "Contact"]
    present = contacts[0]["account_id"] if now is str else now
    found = rule.person_account_periods(
        staged("person_accounts", [{"person_id": ADA, "account_id": present}] if present else []),
        staged(
            "person_records", [{"source_key": f"contact:{one}", "record_id": one, "object": "Contact", "person_id": ADA} for one in ids]
        ),
        staged("contacts", contacts),
        staged("record_changes", moves),
        staged("crm_record_states", states),
        staged("accounts", [{"account_id": one} for one in living]),
    )
    return sorted((row["from_at"], row["until_at"], row["account_id"]) for row in rows(found))


def test_before_the_move_the_old_account_counts_and_the_new_one_after_it() -> None:
    assert periods([a_contact(B)], [move(1, 30, A, B)]) == [(rule.EVER, days_ago(30), A), (days_ago(30), None, B)]


def test_somebody_who_was_never_moved_has_no_periods() -> None:
    assert periods([a_contact(A)], []) == []


def test_a_contact_may_be_moved_twice_and_back() -> None:
    moves = [move(2, 30, B, A), move(1, 60, A, B)]
    assert periods([a_contact(A)], moves) == [
        (rule.EVER, days_ago(60), A),
        (days_ago(60), days_ago(30), B),
        (days_ago(30), None, A),
    ]


def test_a_first_account_is_no_move() -> None:
    assert periods([a_contact(A)], [move(1, 30, None, A)]) == []
    assert periods([a_contact(B)], [move(1, 60, None, A), move(2, 30, A, B)]) == [
        (rule.EVER, days_ago(30), A),
        (days_ago(30), None, B),
    ]


def test_somebody_taken_off_their_account_is_on_none_or_on_the_matched_one() -> None:
    assert periods([a_contact(None)], [move(1, 30, A, None)]) == [(rule.EVER, days_ago(30), A), (days_ago(30), None, None)]
    matched = periods([a_contact(None)], [move(1, 30, A, None)], now=C)
    assert matched == [(rule.EVER, days_ago(30), A), (days_ago(30), None, C)]


def test_what_the_history_does_not_say_counts_for_the_account_after_it() -> None:
    # on A, then on B without a trace, then from B to C
    assert periods([a_contact(C)], [move(1, 30, B, C)]) == [(rule.EVER, days_ago(30), B), (days_ago(30), None, C)]
    # the last move left no trace
    assert periods([a_contact(C)], [move(1, 30, A, B)]) == [(rule.EVER, days_ago(30), A), (days_ago(30), None, C)]


def test_a_merged_account_is_followed_and_a_deleted_one_counts_for_nobody() -> None:
    merged = [{"object": "Account", "record_id": A, "survivor_id": B, "is_deleted": True}]
    assert periods([a_contact(B)], [move(1, 30, A, B)], states=merged, living=(B,)) == []
    deleted = [{"object": "Account", "record_id": A, "survivor_id": A, "is_deleted": True}]
    found = periods([a_contact(B)], [move(1, 30, A, B)], states=deleted, living=(B,))
    assert found == [(rule.EVER, days_ago(30), None), (days_ago(30), None, B)]


def test_a_contact_merged_into_another_counts_while_it_was_the_current_one() -> None:
    loser = gone(2, A, into=1, born=500, died=40)
    younger_winner = periods([a_contact(B, days=100)], [], states=[loser])
    assert younger_winner == [(rule.EVER, days_ago(100), A), (days_ago(100), None, B)]
    older_winner = periods([a_contact(B, days=900)], [], states=[loser])
    assert older_winner == [(rule.EVER, days_ago(500), B), (days_ago(500), days_ago(40), A), (days_ago(40), None, B)]


def test_a_move_of_the_merged_contact_counts_too() -> None:
    loser = gone(2, B, into=1, born=500, died=40)
    assert periods([a_contact(B, days=100)], [move(1, 200, A, B, of=2)], states=[loser]) == [
        (rule.EVER, days_ago(200), A),
        (days_ago(200), None, B),
    ]


def test_duplicates_merged_on_one_account_change_nothing() -> None:
    assert periods([a_contact(A, days=100)], [], states=[gone(2, A, into=1, born=500, died=40)]) == []


def test_the_contact_that_names_the_account_decides() -> None:
    contacts = [a_contact(A, number=1, days=50), a_contact(B, number=2, days=400)]
    assert periods(contacts, [move(1, 300, C, B, of=2)]) == []


def test_a_move_seen_between_two_readings_says_since_when_it_is_possible() -> None:
    found = rule.person_account_periods(
        staged("person_accounts", [{"person_id": ADA, "account_id": B}]),
        staged("person_records", [{"source_key": ADA, "record_id": contact(1), "object": "Contact", "person_id": ADA}]),
        staged("contacts", [a_contact(B)]),
        staged("record_changes", [move(1, 30, A, B, earliest=45)]),
        staged("crm_record_states", []),
        staged("accounts", [{"account_id": A}, {"account_id": B}]),
    )
    assert [(row["from_at"], row["earliest_at"], row["decided_by"]) for row in sorted(rows(found), key=lambda row: row["from_at"])] == [
        (rule.EVER, rule.EVER, ADA),
        (days_ago(30), days_ago(45), ADA),
    ]


@settings(max_examples=4)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_periods_equal_lives_that_are_played_day_by_day(seed: int) -> None:
    """Contacts live from account to account, and of some the CRM has kept only the end of their history."""
    chance = random.Random(seed)
    where = {account(n): account(chance.choice([n, n, 2])) for n in range(1, 6)}  # what is left of each account
    living = [one for one in sorted(set(where.values())) if one == account(2) or chance.random() < 0.8]
    lives = [Life(number, chance, sorted(where)) for number in range(1, 41)]
    now = {one.person: where[one.at] for one in lives if one.at and where[one.at] in living}
    found = rule.person_account_periods(
        staged("person_accounts", [{"person_id": person, "account_id": account_id} for person, account_id in now.items()]),
        staged("person_records", [one.record for one in lives]),
        staged("contacts", [a_contact(one.at, number=one.number) for one in lives]),
        staged("record_changes", [row for one in lives for row in one.kept]),
        staged("crm_record_states", [{"object": "Account", "record_id": one, "survivor_id": left} for one, left in where.items()]),
        staged("accounts", [{"account_id": one} for one in living]),
    )
    by_person: dict[str, list[Row]] = {}
    for row in sorted(rows(found), key=lambda row: row["from_at"]):
        by_person.setdefault(row["person_id"], []).append(row)

    assert any(len(mine) > 2 for mine in by_person.values())
    for one in lives:
        mine = by_person.get(one.person, [])
        for day, account_id in one.counted().items():
            left = where.get(account_id or "")
            assert (left if left in living else None) == said(mine, days_ago(day - 0.5), now.get(one.person)), f"{one.person}, day {day}"
        assert len(mine) != 1
        assert all(before["account_id"] != after["account_id"] for before, after in pairwise(mine))


class Life:
    """A contact's accounts of 400 days, and the moves that the CRM remembers."""

    def __init__(self, number: int, chance: random.Random, accounts: list[str]) -> None:
        self.number, self.person = number, f"contact:{contact(number)}"
        self.record = {"source_key": self.person, "record_id": contact(number), "object": "Contact", "person_id": self.person}
        self.on: dict[int, str | None] = {}
        self.at: str | None = chance.choice([None, *accounts])
        moves = []
        for day in range(400, -1, -1):
            if day and chance.random() < 0.008:
                new = chance.choice([one for one in (None, *accounts) if one != self.at])
                moves.append(move(1000 * number + day, day, self.at, new, of=number))
                self.at = new
            self.on[day] = self.at
        self.kept = moves[chance.randrange(len(moves) + 1) :] if chance.random() < 0.5 else moves
        self.is_whole = len(self.kept) == len(moves)

    def counted(self) -> dict[int, str | None]:
        """Days before what the CRM remembers are like the last one before it, days before the first account like the first one on it."""
        begins = 400 if self.is_whole else (NOW - self.kept[0]["changed_at"]).days + 1 if self.kept else 0
        lived = {day: self.on[min(day, begins)] for day in range(400, -1, -1)}
        first = next((day for day, account_id in lived.items() if account_id), 0)
        return {day: lived[min(day, first)] for day in lived}


def said(periods: list[Row], moment: datetime, now: str | None) -> str | None:
    """The account that counts at a moment."""
    last = datetime.max.replace(tzinfo=UTC)
    return next((row["account_id"] for row in periods if row["from_at"] <= moment < (row["until_at"] or last)), now)
