"""A run without news decides and publishes nothing, and says why; what stands is what would be decided anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs.launch import instance_folder
from alignment_pipeline.line.step import published
from alignment_pipeline.line.steps import BACKTESTS, STEPS
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline.warehouse.manifest import BASIS
from alignment_pipeline_tests.end_to_end.company import Company, company

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
#: What every run writes about itself.
LOGS = {"extractions"}


@dataclass
class Quiet:
    """A company whose tables have been decided, and the moment as of which."""

    company: Company
    as_of: str

    def run(self, *, is_now: bool = False) -> tuple[set[str], dict[str, dict[str, str]]]:
        """Run once more, as of the same moment or as of now: the tables that were published, and what Dagster shows of each."""
        before = self.versions()
        said = self.company.alignment("run", "--json", *([] if is_now else ["--as-of", self.as_of]))
        assert said.code in (0, 3), said.err
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
    with company(generate(seed=11, accounts=100, people=500, activities=2500), tmp_path_factory.mktemp("quiet")) as acme:
        first = acme.alignment("run", "--json")
        assert 3 == first.code, first.err
        found = Quiet(acme, first.json["as_of"])
        # what the run before left is news once: labels and matches are compared with it
        found.run()
        yield found


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
