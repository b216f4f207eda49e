"""Days of the past as Dagster partitions: what was kept on the day is what the raw tables say of it later, row for row.

`ALIGNMENT_HISTORY_DAYS` sets the number of days that are kept and replayed (default 1, the full proof uses 30).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg
import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.defs import history as wiring
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.placement import HERE
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import erase, history
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.operations.living_company import FIRST, LivingCompany
from alignment_pipeline_tests.staging.factories import contact, staged

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
DAYS = int(os.environ.get("ALIGNMENT_HISTORY_DAYS", "1"))
LAST = FIRST + timedelta(days=DAYS - 1)


@dataclass
class Kept:
    """A company whose days were kept as they passed."""

    home: Home
    warehouse: Warehouse
    taken: dict[date, dict[str, str]]

    def on(self, day: date, name: str = "person_snapshots") -> list[dict[str, object]]:
        """Rows of a kept day."""
        rows: list[dict[str, object]] = self.warehouse.read_snapshot(name, day).to_pyarrow().to_pylist()
        return rows


def materialized(asset: dg.AssetsDefinition, day: date) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([asset], instance=instance, partition_key=day.isoformat(), resources={"line": LineResource()})


def replayed(day: date) -> dg.AssetCheckEvaluation:
    """The check of a replay through its asset."""
    found = materialized(wiring.snapshot_replays, day).get_asset_check_evaluations()
    return next(one for one in found if one.check_name == wiring.AGREES)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Every day is kept as it passes; then another day passes, with what arrives late, and the teams agree on something else."""
    with pytest.MonkeyPatch.context() as patched:
        path = tmp_path_factory.mktemp("company")
        patched.setenv("ALIGNMENT_HOME", str(path / "home"))
        for name in ("ALIGNMENT_CLOCK", "ALIGNMENT_AGREEMENT"):
            patched.delenv(name, raising=False)
        home = Home.from_env()
        warehouse, company, taken = home.warehouse(), LivingCompany(), {}
        for day in (FIRST + timedelta(days=number) for number in range(DAYS)):
            company.lives(warehouse, day)
            result = materialized(wiring.daily_snapshots, day)
            told = {one.asset_key.to_user_string(): one.materialization.metadata for one in result.get_asset_materialization_events()}
            taken[day] = {name: str(metadata["sorted_row_hash"].value) for name, metadata in told.items()}
            assert all(one.passed for one in result.get_asset_check_evaluations())
        company.lives(warehouse, LAST + timedelta(days=1))
        other = path / "agreement.yaml"
        text = home.agreement_path.read_text(encoding="utf-8")
        other.write_text(text.replace("full_score_points: 100", "full_score_points: 50"), encoding="utf-8")
        patched.setenv("ALIGNMENT_AGREEMENT", str(other))
        assert Home.from_env().agreement.version != home.agreement.version
        yield Kept(Home.from_env(), warehouse, taken)


def test_every_day_is_kept_with_its_hash_and_days_differ(kept: Kept) -> None:
    assert list(kept.taken) == history.days(kept.warehouse)
    assert all(history.taken(kept.warehouse, day).hashes == told for day, told in kept.taken.items())  # type: ignore[union-attr]
    assert DAYS == len({told["person_snapshots"] for told in kept.taken.values()})
    people, accounts = kept.on(LAST), kept.on(LAST, "account_snapshots")
    assert any(row["engagement_micro"] for row in people) and any(row["stage"] != "New Name" for row in people)
    assert {history.end_of(LAST)} == {row["as_of"] for row in (*people, *accounts)}


def test_a_replay_of_every_day_is_row_for_row_what_was_kept(kept: Kept) -> None:
    for day, told in list(kept.taken.items())[:-1]:
        check = replayed(day)
        found = {name: str(check.metadata[f"{name}/replayed_hash"].value) for name in told}
        assert (True, told) == (check.passed, found), check.description


def test_a_day_taken_again_after_late_data_and_a_new_agreement_stays_what_it_was(kept: Kept) -> None:
    before = history.taken(kept.warehouse, LAST)
    again = history.take(kept.home, kept.warehouse, LAST)

    assert before is not None and kept.home.agreement.version != before.agreement_version
    assert (kept.taken[LAST], before.agreement_version) == (again.hashes, again.agreement_version)


def test_the_schedule_replays_a_kept_day_a_month_later(kept: Kept) -> None:
    def asked(day: date) -> dg.RunRequest | dg.SkipReason:
        (schedule,) = [one for one in wiring.history_at(HERE).schedules or () if one.name == "replay_at_four"]
        return schedule(dg.build_schedule_context(scheduled_execution_time=datetime.combine(day, time(4), UTC)))

    due, early = asked(FIRST + timedelta(days=wiring.REPLAYED_AFTER_DAYS)), asked(FIRST + timedelta(days=wiring.REPLAYED_AFTER_DAYS - 1))

    assert isinstance(due, dg.RunRequest) and due.partition_key == FIRST.isoformat()
    assert isinstance(early, dg.SkipReason)


def test_a_day_that_is_not_over_cannot_be_taken(kept: Kept) -> None:
    noon = Home(kept.home.path, kept.home.environ, Clock(moment=datetime.fromisoformat(f"{LAST}T12:00:00+00:00"), unix_time=lambda: 0.0))
    with pytest.raises(ConfigurationError, match="is not over yet"):
        history.take(noon, kept.warehouse, LAST)


def test_an_erased_person_is_left_out_and_counted_and_the_rest_still_agrees(kept: Kept) -> None:
    gone = contact(3)
    (mine,) = [row for row in kept.on(LAST) if row["person_id"] == f"contact:{gone}"]
    theirs = [row for row in kept.on(LAST) if row["account_id"] == mine["account_id"]]
    # an erasure asks the tables of identity for all records of the person
    keys = {"person_id": f"contact:{gone}", "source_key": f"contact:{gone}", "record_id": gone}
    kept.warehouse.replace("person_records", staged("person_records", [keys]))
    kept.warehouse.replace("people", staged("people", [{"person_id": f"contact:{gone}"}]))
    with kept.home.journal() as journal:
        erase.erase_person(kept.home, kept.warehouse, journal, gone)
    kept_files = [path for path in (kept.home.path / "warehouse" / "snapshots").rglob("*") if path.is_file()]
    assert not [path for path in kept_files if gone.encode() in path.read_bytes()]

    check = replayed(LAST)

    assert gone not in str(kept.on(LAST)) + str(kept.on(LAST, "account_snapshots"))
    left_out = [check.metadata[f"{name}/left_out"].value for name in history.KEYS]
    assert (True, 1, [len(theirs) - 1, 1]) == (check.passed, check.metadata["erased_people"].value, left_out), check.description
    assert check.metadata["account_snapshots/rows"].value == len(kept.on(LAST, "account_snapshots")) - 1 > 0


def test_a_past_that_was_changed_behind_our_back_is_found(kept: Kept) -> None:
    raw = kept.warehouse.read("raw_marketo_activities")
    early = raw.known_at.min().to_pyarrow().as_py()
    kept.warehouse.replace("raw_marketo_activities", raw.filter(raw.known_at > early))

    check = replayed(FIRST)

    (people,) = [row for row in kept.on(FIRST, "snapshot_replays") if row["table_name"] == "person_snapshots"]
    assert not check.passed and json.loads(str(people["examples"]))["changed"]
    assert check.metadata["person_snapshots/differing"].value
    assert "rows differ" in (check.description or "")


def test_partitions_end_at_the_day_of_the_clock_that_is_set() -> None:
    given = Clock(moment=datetime(2026, 11, 21, 8, tzinfo=UTC), unix=datetime.now(UTC).timestamp(), factor=1.0).to_env()

    assert (wiring._end({"ALIGNMENT_CLOCK": given}), wiring._end({}), wiring._end({"ALIGNMENT_CLOCK": "soon"})) == (
        "2026-11-21",
        None,
        None,
    )
    assert dg.DailyPartitionsDefinition(start_date="2026-11-01", end_date="2026-11-21").get_partition_keys()[-1] == "2026-11-20"
