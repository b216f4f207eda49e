"""Packs in the home: made once, never rewritten, sent once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from alignment_pipeline.cli.pack import pack as command
from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.meeting import pack as packs
from alignment_pipeline.operations import number, pack, previews
from alignment_pipeline.pipeline_metrics import pipeline_metrics
from alignment_pipeline_tests.meeting.factories import AS_OF, busy, clock
from alignment_pipeline_tests.staging.factories import opportunity, staged, user

_MADE = ("pipeline_movements", "pipeline_metrics")


def publish(home: Home, *, as_of: datetime = AS_OF, late: bool = False) -> None:
    """What a run leaves behind; `late`: a case that fell due last week was kept after all."""
    warehouse = home.warehouse()
    rows = busy()
    if late:
        rows["sla_clocks"] = [*(row for row in rows["sla_clocks"] if row["clock_id"] != "clock-102"), clock(102, "met", weeks=1)]
    for name in packs.INPUTS:
        given = [] if name in _MADE else rows.get(name, [])
        stamped = [{**row, "as_of": as_of} for row in given] if name == "account_scores" else given
        warehouse.replace(name, staged(name, stamped))
    deal = {"opportunity_id": opportunity(1), "valid_from_at": as_of - timedelta(days=60), "created_at": as_of - timedelta(days=60),
            "stage": "Prospecting", "amount_cents": 100_000, "close_on": as_of.date() + timedelta(days=9), "owner_id": user(1)}  # fmt: skip
    warehouse.replace("opportunity_states", staged("opportunity_states", [deal]))
    # `alignment pack` looks for them to see whether a run was made
    warehouse.replace("pipeline_metrics", staged("pipeline_metrics", []))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    path = tmp_path_factory.mktemp("meeting") / "home"
    path.mkdir(mode=0o700)
    found = Home(path, {}, Clock(moment=AS_OF, unix=0.0, unix_time=lambda: 0.0))
    publish(found)
    return found


@pytest.fixture(scope="module")
def kept(home: Home) -> pack.Kept:
    return pack.make(home, home.warehouse(), pack.period_of(home, AS_OF))


def test_the_folder_holds_page_numbers_digest_and_rows(kept: pack.Kept) -> None:
    names = {path.relative_to(kept.folder).as_posix() for path in kept.folder.rglob("*") if path.is_file()}

    assert {"pack.html", "pack.json", "pack.md", "rows/clocks.csv", "rows/bridge.csv"} <= names
    assert ("2026-W47", kept.content()["id"]) == (kept.period, kept.pack_id)
    assert {0o600} == {path.stat().st_mode & 0o777 for path in kept.folder.rglob("*") if path.is_file()}
    assert kept.content()["sections"]["pipeline"]["quarter"] == "2026Q4"


def test_the_same_tables_give_the_same_pack_and_nothing_is_rewritten(home: Home, kept: pack.Kept) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept.folder.rglob("*") if path.is_file()}
    again = pack.make(home, home.warehouse(), pack.period_of(home, AS_OF))

    assert (kept.folder, False) == (again.folder, again.is_new)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept.folder.rglob("*") if path.is_file()}


def test_every_number_of_the_page_is_explained_with_rows_that_count_to_it(home: Home, kept: pack.Kept) -> None:
    """`alignment number` gives the value of the pack, its definition, and the rows; shares and counts are counted over them again."""
    values = [row for row in kept.content()["values"] if row["name"] not in pipeline_metrics.DEFINITIONS]
    counted = 0
    for row in values:
        scope = ",".join(f"{column}={value}" for column, value in row["scope"].items()) or number.WHOLE
        found = number.number(home, home.warehouse(), row["name"], scope=scope)
        assert (row["value"], True) == (found.values[0]["value"], bool(found.definition.definition)), row
        if found.definition.formula == "count(*)":
            assert row["value"] == found.rows.num_rows, row
            counted += 1

    assert len(values) > 50 and counted > 20


def test_the_digest_is_sent_once(home: Home, kept: pack.Kept) -> None:
    first, second = pack.send(home, kept), pack.send(home, kept)
    files = list((home.path / "notifications").glob("pack-2026-W47-*.txt"))

    assert (1, 0, 1) == (len(first.sent), len(second.sent), len(files))
    assert "what marketing and sales do this week" in files[0].read_text(encoding="utf-8")


def test_a_late_activity_makes_a_new_pack_that_names_what_was_restated(home: Home, kept: pack.Kept) -> None:
    before = (kept.folder / "pack.json").read_bytes()
    later = AS_OF + timedelta(days=7)
    publish(home, as_of=later, late=True)
    try:
        new = pack.make(home, home.warehouse(), pack.period_of(home, later))
    finally:
        publish(home)

    restated = new.content()["sections"]["restated"]
    assert "2026-W48" == new.period and restated["number"] > 0 and [kept.pack_id] == restated["packs"]
    assert {"2026-W46"} == {row["scope"]["week"] for row in restated["rows"] if row["key"].startswith("kept_in_time")}
    assert before == (kept.folder / "pack.json").read_bytes()
    latest = pack.latest(home)
    assert latest is not None and latest.folder == new.folder


def test_a_quarter_has_the_same_page(home: Home) -> None:
    one = pack.make(home, home.warehouse(), pack.period_of(home, AS_OF, quarter="2026Q4"))

    assert "2026Q4" == one.period and "2026Q4, 1 Oct to 31 Dec 2026" in one.page.read_text(encoding="utf-8")
    # what only a quarter's review has is explained from its pack
    assert one.pack_id in number.number(home, home.warehouse(), "foretold").about_rows


def test_a_period_to_come_has_no_pack(home: Home) -> None:
    with pytest.raises(ConfigurationError, match="2026-W50 begins on 2026-12-07"):
        pack.period_of(home, AS_OF, week="2026-W50")


def test_a_home_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    empty = Home(tmp_path / "home", {}, Clock())
    with pytest.raises(ConfigurationError, match="start with `alignment run`"):
        pack.decided_as_of(empty.warehouse())


def test_what_a_preview_foretold_is_compared_with_what_came(home: Home) -> None:
    changes = [
        {"aspect": "mqa", "entity_id": row["account_id"], "before_value": "not yet", "after_value": "mqa"}
        for row in busy()["account_mqa_statuses"]
    ]
    previews.keep(home, {"before_version": "old", "after_version": home.agreement.version, "as_of": AS_OF, "changes": changes})
    try:
        one = pack.make(home, home.warehouse(), pack.period_of(home, AS_OF))
    finally:
        (home.path / previews.FOLDER / f"{home.agreement.version}.json").unlink()

    (line,) = one.content()["sections"]["agreement"]["lines"]
    assert ("MQA", 1.0) == (line["aspect"], line["error"])


def test_the_command_prints_the_page_and_what_to_do(home: Home, kept: pack.Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGNMENT_HOME", str(home.path))
    made = CliRunner().invoke(command, ["--week", "2026-W47", "--json"], standalone_mode=False)
    listed = CliRunner().invoke(command, ["--list"], standalone_mode=False)

    found = json.loads(made.output)
    assert (0, kept.pack_id, False) == (made.return_value, found["pack"], found["is_new"])
    assert kept.pack_id in listed.output
