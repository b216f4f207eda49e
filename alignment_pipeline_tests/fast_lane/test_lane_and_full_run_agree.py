"""The law of the lane: after a full run, a hand-raise and a round, a full run as of the same moment changes nothing of what it touched.

`ALIGNMENT_EXAMPLES=200 pytest alignment_pipeline_tests/fast_lane/test_lane_and_full_run_agree.py` runs 200 random companies.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.fast_lane import overlay
from alignment_pipeline.fast_lane.statements import RememberingBackend
from alignment_pipeline.fast_lane.store import Built, Store
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.fast_lane.random_company import RandomCompany, answer_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
# in every run one whose contact leaves the account of the deal that their lead became, which the lane once overlooked
COMPANIES = range(int(os.environ["ALIGNMENT_EXAMPLES"])) if "ALIGNMENT_EXAMPLES" in os.environ else (2,)
RAISERS = 6


class Watching(RememberingBackend):
    """Fails when rows are read while an expression is built: it would go on with these when the tables have others."""

    is_building = False

    def to_pyarrow(self, expression: ibis.Expr, /, **options: Any) -> Any:
        assert not self.is_building, "rows are read to build an expression"
        return super().to_pyarrow(expression, **options)


class Watched(Store):
    """A store that says when it builds an expression."""

    def prepared(self, key: tuple[object, ...], build: Callable[[], Built]) -> Built:
        def watched() -> Built:
            self.warehouse.connection.is_building = True
            try:
                return build()
            finally:
                self.warehouse.connection.is_building = False

        return super().prepared(key, watched)


@pytest.mark.parametrize("seed", COMPANIES)
def test_a_full_run_changes_nothing_of_what_the_lane_wrote(seed: int, tmp_path: Path) -> None:
    company = RandomCompany.after_a_full_run(seed, tmp_path)
    news = {raiser: company.news(raiser) for raiser in company.raisers(RAISERS)}
    store = Watched(Warehouse(tmp_path, backend=Watching))
    people = {raiser: overlay.people_of(store, arrivals) for raiser, arrivals in news.items()}
    by_lane = {raiser: company.lane_answers(store, arrivals) for raiser, arrivals in news.items()}
    names = {name for arrivals in news.values() for name in arrivals}
    together = {name: pa.concat_tables([arrivals[name] for arrivals in news.values() if name in arrivals]) for name in names}
    full = company.full_answers(together)

    assert news
    assert company.warehouse.read("person_account_periods").count().to_pyarrow().as_py() > 0
    for raiser, lane in by_lane.items():
        truth = answer_of(full, people[raiser])
        differing = {key: (value, truth.values.get(key)) for key, value in lane.values.items() if truth.values.get(key) != value}
        assert {} == differing, f"company {seed}, Marketo person {raiser}"
        assert truth.tasks == lane.tasks, f"company {seed}, Marketo person {raiser}"
