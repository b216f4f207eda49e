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
from alignment_pipeline_tests.benchmarks.ordinary_days import MOST_ON_A_DAY, MOST_WITHOUT_NEWS, Day, days
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

    def run(self) -> tuple[set[str], dict[str, dict[str, str]]]:
        """Run once more, as of the same moment: the tables that were published, and what Dagster shows of each."""
        before = self.versions()
        said = self.company.alignment("run", "--json", "--as-of", self.as_of)
        assert said.code in (0, 3), said.err
        shown = self.shown(said.json["run_id"])
        after = self.versions()
        return {name for name in after if after[name] != before.get(name)}, shown

    def shown(self, run_id: str) -> dict[str, dict[str, str]]:
        """What Dagster shows of each table of a run."""
        with dg.DagsterInstance.from_config(str(instance_folder(self.company.home))) as instance:
            events = [entry.dagster_event for entry in instance.all_logs(run_id) if entry.dagster_event]
        return {
            event.asset_key.to_user_string(): {name: str(one.value) for name, one in event.materialization.metadata.items()}
            for event in events
            if event.event_type_value == "ASSET_MATERIALIZATION" and event.asset_key
        }

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
    """A day with activity and one without: nobody approves anything after the first fill. Ten days: `make ten-days`."""
    with days(tmp_path_factory.mktemp("quiet"), accounts=100, people=500, activities=6_000) as acme:
        acme.begin(most_records=60)
        (account,) = acme.company.home.warehouse().read("accounts").account_id.min().as_table().to_pyarrow().to_pylist()
        People(acme.company.world.salesforce).edit(next(iter(account.values())), {"Name": "Another Name Ltd"})
        lived = [acme.live(has_news=has_news, without=published(BACKTESTS)) for has_news in (True, False)]
        decided = acme.company.home.warehouse().decided_as_of()
        assert decided is not None
        yield Quiet(acme.company, lived, decided.isoformat())


def test_on_an_ordinary_day_little_is_written_and_nothing_waits_for_a_person(quiet: Quiet) -> None:
    busy, calm = quiet.lived

    assert (busy.note, calm.note) == ("", "")
    assert busy.activities and 0 < busy.share <= MOST_ON_A_DAY
    # of 600 records one is a sixth of a percent; clocks that run out are news too
    assert calm.activities == 0 and calm.share <= 2 * MOST_WITHOUT_NEWS


def test_every_score_that_a_rep_reads_is_the_truth_to_a_cent(quiet: Quiet) -> None:
    assert [(day.wrong_scores, day.stale_scores) for day in quiet.lived] == [(0, 0)] * 2


def test_news_is_decided_where_it_is_read_and_nowhere_else(quiet: Quiet) -> None:
    shown = quiet.shown(quiet.lived[0].run_id)

    assert "raw_salesforce_accounts (living) changed" in shown["accounts"]["decided_because"]
    assert "unchanged" in shown["queue_members"] and "decided_because" not in shown["queue_members"]


def test_every_file_of_the_home_is_in_the_register_of_personal_data(quiet: Quiet) -> None:
    assert unregistered(quiet.company.path / "home") == []


def test_a_second_run_of_the_same_moment_publishes_nothing_and_says_why(quiet: Quiet) -> None:
    # what the day wrote is read, and feeds may be read past a moment that a clock waited for
    quiet.run()
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

    # moves are those of the last time that matches were decided: now none; feeds have been read further; a plan without operations is
    # noted as that of the run that made it last
    others = {"match_moves", "sla_clocks", "write_plans"}
    assert LOGS | {"run_measures"} <= changed <= LOGS | {"run_measures"} | others
    assert {name for name in published(STEPS) if name in shown and "unchanged" not in shown[name]} <= others
    assert clocks == quiet.clocks()
