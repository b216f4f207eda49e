"""A marketing record that two people of the CRM share one after the other: whose it was when."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.agreement.parties import People
from alignment_pipeline.identity import record_periods as rule
from alignment_pipeline_tests.staging.factories import contact, days_ago, lead, rows, staged

ADA = {"email": "ada@gmail.example", "first_name": "Ada", "last_name": "Byron"}
OLD, NEW = f"contact:{contact(1)}", f"lead:{lead(1)}"
Row = dict[str, Any]


def a_contact(number: int, days: float, **more: Any) -> Row:
    return {"contact_id": contact(number), "created_at": days_ago(days), **ADA, **more}


def a_lead(number: int, days: float, **more: Any) -> Row:
    return {"lead_id": lead(number), "created_at": days_ago(days), **ADA, **more}


def in_marketo(**more: Any) -> Row:
    return {"source_key": "marketo:7", "system": "marketo", "marketing_id": "7", "created_at": days_ago(400), **ADA, **more}


def periods(
    persons: dict[str, str], contacts: list[Row] | None = None, leads: list[Row] | None = None, marketo: Row | None = None
) -> list[tuple[Any, ...]]:
    """(from, until, person, decided by) of the one marketing record, in days ago."""
    records = [{"source_key": key, "person_id": person} for key, person in persons.items()]
    found = rule.record_periods(
        staged("contacts", contacts or []),
        staged("leads", leads or []),
        staged("marketing_persons", [marketo or in_marketo()]),
        staged("person_records", records),
        definitions=People(),
    )
    return sorted((row["from_at"], row["until_at"], row["person_id"], row["decided_by"]) for row in rows(found))


def test_a_job_changer_s_activities_belong_to_the_record_of_the_time() -> None:
    persons = {OLD: OLD, NEW: NEW, "marketo:7": NEW}
    assert periods(persons, [a_contact(1, 300)], [a_lead(1, 20)]) == [
        (rule.EVER, days_ago(20), OLD, OLD),
        (days_ago(20), None, NEW, NEW),
    ]


def test_the_record_that_marketing_names_stays_the_current_one() -> None:
    persons = {OLD: OLD, NEW: NEW, "marketo:7": OLD}
    assert periods(persons, [a_contact(1, 300)], [a_lead(1, 20)], in_marketo(contact_id=contact(1))) == []
    moved = periods(persons | {"marketo:7": NEW}, [a_contact(1, 300)], [a_lead(1, 20)], in_marketo(lead_id=lead(1)))
    assert [row[2:] for row in moved] == [(OLD, OLD), (NEW, NEW)]


def test_somebody_else_with_the_address_takes_nothing() -> None:
    persons = {OLD: OLD, NEW: NEW, "marketo:7": NEW}
    assert periods(persons, [a_contact(1, 300, first_name="Peter", last_name="Miller")], [a_lead(1, 20)]) == []


def test_a_record_of_a_third_company_stays_its_own() -> None:
    assert periods({OLD: OLD, NEW: NEW, "marketo:7": "marketo:7"}, [a_contact(1, 300)], [a_lead(1, 20)]) == []


def test_records_of_one_person_have_no_periods() -> None:
    assert periods({OLD: OLD, NEW: OLD, "marketo:7": OLD}, [a_contact(1, 300)], [a_lead(1, 20)]) == []


def test_a_shared_mailbox_is_nobody_s() -> None:
    info = {"email": "info@acme.example"}
    persons = {OLD: OLD, NEW: NEW, "marketo:7": NEW}
    assert periods(persons, [a_contact(1, 300, **info)], [a_lead(1, 20, **info)], in_marketo(**info)) == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 3)), min_size=1, max_size=8, unique_by=lambda one: one[0]))
def test_periods_follow_one_another_without_gap_and_each_is_of_the_latest_record(history: list[tuple[int, int]]) -> None:
    """The law: at any moment the period's person is that of the record created last by then."""
    leads = [a_lead(place, days) for place, (days, _) in enumerate(history, start=1)]
    persons = {f"lead:{lead(place)}": f"person {number}" for place, (_, number) in enumerate(history, start=1)}
    found = periods(persons | {"marketo:7": f"person {history[0][1]}"}, [], leads)

    assert all(before[1] == after[0] for before, after in pairwise(found))
    for probe in range(0, 401, 25):
        by_then = [one for one in history if one[0] >= probe]
        expected = min(by_then)[1] if by_then else max(history)[1]
        current = [row[2] for row in found if row[0] <= days_ago(probe) and (row[1] is None or days_ago(probe) < row[1])]
        assert current == ([f"person {expected}"] if found else [])
