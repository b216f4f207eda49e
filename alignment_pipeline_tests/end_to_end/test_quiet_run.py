"""Ordinary days write little and show true scores; a run without news decides and publishes nothing, and says why; what stands is what
would be decided anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs.launch import instance_folder
from alignment_pipeline.line.step import published
from alignment_pipeline.line.steps import BACKTESTS, STEPS
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline.warehouse.manifest import BASIS
from alignment_pipeline_tests.benchmarks.ordinary_days import MOST_ON_A_DAY, Day, beside_writing, days
from alignment_pipeline_tests.end_to_end.company import Company
from alignment_pipeline_tests.operations.test_personal_data import unregistered

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
#: What every run writes about itself.
LOGS = {"extractions"}


@dataclass
class Quiet:
    """A company that has lived a few days, and the moment as of which its tables are decided."""

    company: Company
    lived: list[Day]
    as_of: str

    def run(self, *, is_now: bool = False) -> tuple[set[str], dict[str, dict[str, str]]]:
        """Run once more, as of the same moment or as of now: the tables that were published, and what Dagster shows of each."""
        before = self.versions()
        said = self.company.alignment("run", "--json", *([] if is_now else ["--as-of", self.as_of]))
        assert said.code in (0, 3), said.err
        self.as_of = said.json["as_of"]
        with dg.DagsterInstance.from_config(str(instance_folder(self.company.home))) as instance:
            events = [entry.dagster_event for entry in instance.all_logs(said.json["run_id"]) if entry.dagster_event]
        shown = {
            event.asset_key.to_user_string(): {name: str(one.value) for name, one in event.materialization.metadata.items()}
            for event in events
            if event.event_type_value == "ASSET_MATERIALIZATION" and event.asset_key
        }
        after = self.versions()
        return {name for name in after if after[name] != before.get(name)}, shown

    def clocks(self) -> list[dict[str, object]]:
        """The clocks, without how far their feeds are read."""
        rows: list[dict[str, object]] = self.company.home.warehouse().read("sla_clocks").to_pyarrow().to_pylist()
        return sorted(({**row, "watermark_at": None} for row in rows), key=lambda row: str(row["clock_id"]))

    def versions(self) -> dict[str, str]:
        """Which version of each table is published."""
        warehouse = self.company.home.warehouse()
        return {name: one.identity for name in CONTRACTS if (one := warehouse.manifest(name)) is not None}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    """Two days with activity, then one without: nobody approves anything after the first fill."""
    beside = beside_writing()
    with days(tmp_path_factory.mktemp("quiet"), accounts=100, people=500, activities=6_000) as company_days:
        company_days.begin(most_records=60)
        lived = [company_days.live(has_news=has_news, without=beside) for has_news in (True, True, False)]
        standing = Quiet(company_days.company, lived, "")
        # decides what the days left out, and what they wrote is news once
        standing.run(is_now=True)
        yield standing


def test_on_an_ordinary_day_little_is_written_and_nothing_waits_for_a_person(quiet: Quiet) -> None:
    assert [day.note for day in quiet.lived] == ["", "", ""]
    assert all(0 < day.written for day in quiet.lived[:2]) and all(day.activities for day in quiet.lived[:2])
    assert [day.share <= most for day, most in zip(quiet.lived, (MOST_ON_A_DAY, MOST_ON_A_DAY, 0.03), strict=True)] == [True] * 3


def test_every_score_that_a_rep_reads_is_the_truth_to_a_cent(quiet: Quiet) -> None:
    assert [(day.wrong_scores, day.stale_scores) for day in quiet.lived] == [(0, 0)] * 3


def test_every_file_of_the_home_is_in_the_register_of_personal_data(quiet: Quiet) -> None:
    assert unregistered(quiet.company.path / "home") == []


def test_a_second_run_of_the_same_moment_publishes_nothing_and_says_why(quiet: Quiet) -> None:
    changed, shown = quiet.run()

    assert LOGS == changed
    rules = set(published(STEPS)) - set(published(BACKTESTS))
    assert {name for name in rules if "decided_because" in shown[name]} == set()
    assert all("no table that it is decided from has changed since" in shown[name]["unchanged"] for name in {*rules, "write_plans"})


def test_what_stands_is_what_would_be_decided_anew(quiet: Quiet) -> None:
    for path in (quiet.company.path / "home" / "warehouse").glob(f"*/{BASIS}"):
        path.unlink()
    clocks = quiet.clocks()
    changed, shown = quiet.run()

    # moves are those of the last time that matches were decided: now none; feeds have been read further
    others = {"match_moves", "sla_clocks"}
    assert LOGS | {"run_measures"} <= changed <= LOGS | {"run_measures"} | others
    assert {name for name in published(STEPS) if name in shown and "unchanged" not in shown[name]} <= others
    assert clocks == quiet.clocks()


def test_news_is_decided_where_it_is_read_and_nowhere_else(quiet: Quiet) -> None:
    (account,) = quiet.company.home.warehouse().read("accounts").account_id.min().as_table().to_pyarrow().to_pylist()
    People(quiet.company.world.salesforce).edit(next(iter(account.values())), {"Name": "Another Name Ltd"})
    changed, shown = quiet.run(is_now=True)

    assert "raw_salesforce_accounts (living) changed" in shown["accounts"]["decided_because"]
    assert {"accounts", "raw_salesforce_accounts"} <= changed
    assert "unchanged" in shown["queue_members"] and "decided_because" not in shown["queue_members"]
