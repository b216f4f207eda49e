"""The law of the lane: after a full run, a hand-raise and a round, a full run as of the same moment changes nothing of what it touched.

`ALIGNMENT_EXAMPLES=200 pytest alignment_pipeline_tests/fast_lane/test_lane_and_full_run_agree.py` runs 200 random companies.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from alignment_pipeline.fast_lane import overlay
from alignment_pipeline.fast_lane.statements import RememberingBackend
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.fast_lane.random_company import RandomCompany, answer_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
COMPANIES = range(int(os.environ.get("ALIGNMENT_EXAMPLES", "2")))
RAISERS = 6


@pytest.mark.parametrize("seed", COMPANIES)
def test_a_full_run_changes_nothing_of_what_the_lane_wrote(seed: int, tmp_path: Path) -> None:
    company = RandomCompany.after_a_full_run(seed, tmp_path)
    news = {raiser: company.news(raiser) for raiser in company.raisers(RAISERS)}
    store = Store(Warehouse(tmp_path, backend=RememberingBackend))
    people = {raiser: overlay.people_of(store, arrivals) for raiser, arrivals in news.items()}
    by_lane = {raiser: company.lane_answers(store, arrivals) for raiser, arrivals in news.items()}
    names = {name for arrivals in news.values() for name in arrivals}
    together = {name: pa.concat_tables([arrivals[name] for arrivals in news.values() if name in arrivals]) for name in names}
    full = company.full_answers(together)

    assert news
    for raiser, lane in by_lane.items():
        truth = answer_of(full, people[raiser])
        differing = {key: (value, truth.values.get(key)) for key, value in lane.values.items() if truth.values.get(key) != value}
        assert {} == differing, f"company {seed}, Marketo person {raiser}"
        assert truth.tasks == lane.tasks, f"company {seed}, Marketo person {raiser}"
