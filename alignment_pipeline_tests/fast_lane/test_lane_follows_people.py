"""What people and the full run have settled holds in the lane too: a correction, a demoted rule, the frozen counts of words.

Each of the three was ignored by the lane once, and wrote a wrong account into a CRM. The law behind them is in
`test_lane_and_full_run_agree.py`.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.fast_lane.statements import RememberingBackend
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.matching.decision import labels
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.fast_lane.random_company import RandomCompany

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
MATCHES = "lead_account_matches"
SEED = 1


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> RandomCompany:
    return RandomCompany.after_a_full_run(SEED, tmp_path_factory.mktemp("company"))


@pytest.fixture
def company(published: RandomCompany, tmp_path: Path) -> RandomCompany:
    shutil.copytree(published.path, tmp_path / "copy")
    return replace(published, path=tmp_path / "copy", warehouse=Warehouse(tmp_path / "copy"))


def test_an_account_that_a_person_excluded_is_not_written_back(company: RandomCompany) -> None:
    lead = _a_matched_lead(company)
    assert lead["account_id"] == _by_the_lane(company, lead)["account_id"]

    company.label([lead], labels.WRONG)
    company.full_run(company.began, [MATCHES])

    assert lead["account_id"] != _by_the_full_run(company, lead)["account_id"]
    assert _of(_by_the_full_run(company, lead)) == _of(_by_the_lane(company, lead))


def test_a_rule_that_labels_demoted_decides_nothing_alone(company: RandomCompany) -> None:
    lead = _a_matched_lead(company)
    # as many wrong labels of an audit as prove it, of people who are in no other table
    wrong = [lead | {"person_id": f"audited {number}"} for number in range(60)]
    company.label(wrong, labels.WRONG, source=f"{labels.AUDIT} 1.0")
    company.full_run(company.began, [MATCHES])

    precisions = company.warehouse.read("match_rule_precisions").to_pyarrow().to_pylist()
    assert [row["rule"] for row in precisions if row["is_demoted"]] == [lead["method"]]
    assert _by_the_full_run(company, lead)["decision"] != "matched"
    assert _of(_by_the_full_run(company, lead)) == _of(_by_the_lane(company, lead))


def test_words_are_weighed_by_the_counts_that_the_full_run_froze(company: RandomCompany) -> None:
    before = {lead["person_id"]: lead for lead in _leads(company)}
    counts = company.warehouse.read("match_word_rarities").to_pyarrow()
    place = counts.column_names.index("accounts")
    common = counts.set_column(place, counts.schema.field("accounts"), pa.array([5_000] * counts.num_rows, pa.int64()))
    company.warehouse.replace("match_word_rarities", common)
    company.full_run(company.began, [MATCHES])

    moved = [lead for lead in _leads(company) if lead["confidence"] != before[lead["person_id"]]["confidence"]]
    assert moved
    assert _of(moved[0]) == _of(_by_the_lane(company, moved[0]))


def _leads(company: RandomCompany) -> list[dict[str, Any]]:
    """The matches of leads who are in Marketo, the least certain first."""
    known = company.warehouse.read("people").filter(lambda people: people.marketing_key.notnull() & people.lead_id.notnull()).to_pyarrow()
    matches = company.warehouse.read(MATCHES).to_pyarrow()
    theirs = matches.filter(pc.is_in(matches["person_id"], value_set=known["person_id"]))
    return sorted(theirs.to_pylist(), key=lambda row: (row["confidence"], row["person_id"]))


def _a_matched_lead(company: RandomCompany) -> dict[str, Any]:
    return next(lead for lead in _leads(company) if lead["decision"] == "matched")


def _by_the_full_run(company: RandomCompany, lead: dict[str, Any]) -> dict[str, Any]:
    matches = company.warehouse.read(MATCHES)
    return matches.filter(matches.person_id == lead["person_id"]).to_pyarrow().to_pylist()[0]


def _by_the_lane(company: RandomCompany, lead: dict[str, Any]) -> dict[str, Any]:
    people = company.warehouse.read("people")
    key = people.filter(people.person_id == lead["person_id"]).to_pyarrow().to_pylist()[0]["marketing_key"]
    store = Store(Warehouse(company.path, backend=RememberingBackend))
    # the hand is raised in Marketo; the CRM's record is read as it was
    news = company.news(key.partition(":")[2])
    arrivals = {name: rows if "marketo" in name else CONTRACTS[name].empty() for name, rows in news.items()}
    rows = company.lane_tables(store, arrivals, [MATCHES])[MATCHES].to_pylist()
    return next(row for row in rows if row["person_id"] == lead["person_id"])


def _of(match: dict[str, Any]) -> dict[str, Any]:
    """What a match says, without the moment it was said at."""
    return {name: value for name, value in match.items() if name != "as_of"}
