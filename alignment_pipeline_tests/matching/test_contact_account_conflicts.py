"""A contact that a shared domain put on the wrong account is named, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from alignment_pipeline.matching.contact_account_conflicts import contact_account_conflicts
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories
from alignment_pipeline_tests.staging.factories import staged

NOW = datetime(2026, 11, 20, tzinfo=UTC)
INDEX = factories.index(
    {"name": "Quorvex Robotics", "website": "vendelgroup.com"},
    {"name": "Dalmund Foods", "website": "vendelgroup.com"},
    {"name": "Tessaly", "website": "tessaly.com"},
    {"name": "Brontide Bakery", "website": "gmail.com"},
    {"name": "Marovel Instruments", "website": "marovel.com"},
)


def conflicts(*people: dict[str, object], never: pa.Table | None = None) -> list[tuple[str, str, str]]:
    rows = [{"person_id": f"contact:{n}", "contact_id": f"{n}"} | person for n, person in enumerate(people, start=1)]
    found = contact_account_conflicts(
        staged("people", rows), INDEX, settings=MatchingSettings(), as_of=NOW, agreement_version="v", never=never
    )
    return [(row["contact_id"], row["account_id"], row["proposed_account_id"]) for row in found.to_pylist()]


def test_whoever_names_another_company_of_the_same_domain_is_on_the_wrong_account() -> None:
    there = {"email": "ann@vendelgroup.com", "contact_account_id": "A1"}
    assert conflicts(there | {"company": "Dalmund Foods"}, there | {"company": "Quorvex Robotics"}, there) == [("1", "A1", "A2")]


def test_a_provider_of_mail_is_no_company() -> None:
    assert conflicts(
        {"email": "ann@gmail.com", "contact_account_id": "A4", "company": "Marovel Instruments", "website": "marovel.com"}
    ) == [("1", "A4", "A5")]


def test_a_domain_that_one_company_owns_decides_and_other_people_are_not_looked_at() -> None:
    assert conflicts({"email": "bob@tessaly.com", "contact_account_id": "A3", "company": "Dalmund Foods"}) == []
    assert conflicts({"email": "bob@vendelgroup.com", "contact_account_id": "A3", "company": "Dalmund Foods"}) == []
    assert conflicts({"email": "bob@vendelgroup.com", "contact_account_id": None, "company": "Dalmund Foods"}) == []


def test_what_people_ruled_out_is_not_proposed() -> None:
    there = {"email": "ann@vendelgroup.com", "contact_account_id": "A1", "company": "Dalmund Foods"}
    assert conflicts(there, never=pa.table({"person_id": ["contact:1"], "account_id": ["A2"]})) == []
