"""One address on several records: the record decides who it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.identity import claims
from alignment_pipeline.identity.claims import Claim
from alignment_pipeline.identity.shared_addresses import Holder, holders_by_person

START = datetime(2026, 1, 5, tzinfo=UTC)
FREE, WORK = "jo.lee@gmail.com", "jo@quorvex.com"


def holder(key: str, *, day: int = 0, company: str = "", account: str = "", name: tuple[str, str] = ("Jo", "Lee")) -> Holder:
    claim = Claim(
        accounts=frozenset(filter(None, [account])),
        companies=claims.company_names([company]),
        people=claims.full_names([name]),
        has_no_employer=company == "freelance",
    )
    return Holder(key, START + timedelta(days=day), claim)


def groups(address: str, *holders: Holder) -> list[str]:
    return ["".join(member.key for member in group) for group in holders_by_person(address, holders)]


@pytest.mark.parametrize(
    ("address", "second", "expected"),
    [
        # a lead that names its own company is not the contact's
        (FREE, holder("b", day=1, company="Dalmund"), ["a", "b"]),
        # a duplicate at the contact's company is
        (FREE, holder("b", day=1, company="Quorvex Inc."), ["ab"]),
        (FREE, holder("b", day=1), ["ab"]),
        # job changers: a contact on each account
        (FREE, holder("b", day=1, company="Dalmund", account="A2"), ["a", "b"]),
        # two records of one company in the CRM
        (FREE, holder("b", day=1, company="QUORVEX", account="A2"), ["ab"]),
        (FREE, holder("b", day=1, company="freelance"), ["a", "b"]),
        # two people behind one free-mail address, even at one company
        (FREE, holder("b", day=1, company="Quorvex", name=("Peter", "Lee")), ["a", "b"]),
        # the address is evidence for the company whose domain it is
        (WORK, holder("b", day=1, company="Dalmund"), ["ab"]),
        (WORK, holder("b", day=1, company="Quorvex", name=("Peter", "Lee")), ["ab"]),
        (WORK, holder("b", day=1, company="Dalmund", account="A2"), ["a", "b"]),
        ("jo@agency-vorban.com", holder("b", day=1, company="Dalmund"), ["a", "b"]),
    ],
)
def test_the_record_decides(address: str, second: Holder, expected: list[str]) -> None:
    assert expected == groups(address, holder("a", company="Quorvex", account="A1"), second)


def test_a_contact_elsewhere_does_not_take_the_lead_whose_company_has_the_domain() -> None:
    assert ["a", "b"] == groups(WORK, holder("a", company="Dalmund", account="A2"), holder("b", day=1, company="Quorvex"))


@pytest.mark.parametrize(("day", "expected"), [(0, ["xa", "b"]), (5, ["ax", "b"]), (20, ["a", "bx"])])
def test_a_record_that_does_not_say_where_is_whoever_held_the_address_then(day: int, expected: list[str]) -> None:
    found = groups(FREE, holder("a", day=2, company="Quorvex"), holder("b", day=10, company="Dalmund"), holder("x", day=day))

    assert expected == found


NAMES = st.sampled_from([("Jo", "Lee"), ("Joanna", "Lee"), ("Peter", "Lee"), ("Mia", "Brevik"), ("", "")])
COMPANIES = st.sampled_from(["Quorvex", "Quorvex GmbH", "Dalmund", "Dalmund Foods", "Nimbola", "", "n/a", "freelance"])
HOLDERS = st.lists(st.tuples(st.integers(0, 9), COMPANIES, st.sampled_from(["", "", "A1", "A2"]), NAMES), min_size=1, max_size=6).map(
    lambda rows: [holder(f"k{at}", day=day, company=co, account=ac, name=na) for at, (day, co, ac, na) in enumerate(rows)]
)


@given(HOLDERS, st.randoms(use_true_random=False))
def test_everybody_is_one_person_whatever_the_order_and_no_person_is_at_two_companies_or_of_two_names(holders, chance) -> None:  # type: ignore[no-untyped-def]
    found = holders_by_person(FREE, holders)
    mixed = list(holders)
    chance.shuffle(mixed)

    assert found == holders_by_person(FREE, mixed)
    assert sorted(one.key for one in holders) == sorted(one.key for group in found for one in group)
    for group in found:
        pairs = [(one.claim, other.claim) for one in group for other in group]
        assert all(claims.same_company(one, other) is not False and claims.same_name(one, other) for one, other in pairs)


@given(HOLDERS)
def test_a_younger_record_never_moves_an_older_one_that_says_where(holders: list[Holder]) -> None:
    says = sorted((one for one in holders if one.claim.says_where), key=lambda one: (one.created_at, one.key))
    for count in range(1, len(says) + 1):
        before, after = holders_by_person(FREE, says[: count - 1]), holders_by_person(FREE, says[:count])
        assert before == [kept for group in after if (kept := [one for one in group if one in says[: count - 1]])]
