"""One command deletes what the agreement does not keep any longer, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import tidy

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def home_of(tmp_path: Path, environ: Mapping[str, str] | None = None) -> Home:
    """A home of its own, open to nobody else."""
    (tmp_path / "home").mkdir(mode=0o700, exist_ok=True)
    return Home(tmp_path / "home", environ or {}, Clock(moment=NOW, unix=0.0, unix_time=lambda: 0.0))


def put(path: Path, *, days_old: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("content")
    moment = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(path, (moment, moment))
    os.utime(path.parent, (moment, moment))
    return path


def test_files_older_than_they_are_kept_go_and_younger_ones_stay(tmp_path: Path) -> None:
    home = home_of(tmp_path)
    old = [
        put(home.path / "plans" / "old" / "plan.jsonl", days_old=100),
        put(home.path / "reports" / "old.html", days_old=100),
        put(home.path / "notifications" / "old.txt", days_old=100),
        put(home.path / "runs" / "old.as_of", days_old=40),
        put(home.path / "versions" / "damaged-leads-1" / "v000001.parquet", days_old=40),
        put(home.path / "warehouse" / "damaged-leads-1" / "v000001.parquet", days_old=40),
        put(home.path / "agreements" / "old.json", days_old=900),
        put(home.path / "warehouse" / "raw_marketo_activities" / ".arrivals-x", days_old=3),
        put(home.path / "spill" / "held-x" / "scored_activities-0.parquet", days_old=3),
    ]
    young = [
        put(home.path / "plans" / "young" / "plan.jsonl", days_old=10),
        put(home.path / "reports" / "young.html", days_old=10),
        put(home.path / "warehouse" / "leads" / "v000001.parquet", days_old=900),
        put(home.path / "agreements" / f"{home.agreement.version}.json", days_old=900),
        put(home.path / "approval.pub", days_old=900),
        put(home.path / "spill" / "held-y" / "scored_activities-0.parquet", days_old=1),
    ]

    with home.journal() as journal:
        done = tidy.tidy(home, journal)

    assert [path for path in old if path.exists()] == [] and [path for path in young if not path.exists()] == []
    assert done.files == {
        "plans": 1,
        "reports": 1,
        "notifications": 1,
        "runs": 1,
        "damaged": 2,
        "packs": 0,
        "agreements": 1,
        "left over": 2,
    }
    assert done.sizes["journal"] > 0


def test_an_old_agreement_stays_while_a_day_is_kept_that_was_decided_under_it(tmp_path: Path) -> None:
    home = home_of(tmp_path)
    kept = put(home.path / "agreements" / "old.json", days_old=900)
    put(home.path / "warehouse" / "snapshots" / "2024-01-01" / "CURRENT.json", days_old=1)

    with home.journal() as journal:
        tidy.tidy(home, journal)

    assert kept.exists()


def test_packs_are_kept_for_ever_unless_the_agreement_says_how_long(tmp_path: Path) -> None:
    agreement = tmp_path / "agreement.yaml"
    shipped = loader.default_path().read_text(encoding="utf-8")
    agreement.write_text(shipped.replace("agreement_days: 800}", "agreement_days: 800, pack_days: 400}"), encoding="utf-8")
    home_of(tmp_path)
    packs = [tmp_path / "home" / "packs" / name for name in ("2025-W01/aaaaaa", "2025-W40/bbbbbb", "2025-W41/cccccc")]
    for pack, age in zip(packs, (700, 410, 405), strict=True):
        put(pack / "pack.json", days_old=age)

    def left(environ: dict[str, str]) -> list[bool]:
        home = home_of(tmp_path, environ)
        with home.journal() as journal:
            tidy.tidy(home, journal)
        return [pack.exists() for pack in packs]

    assert [True, True, True] == left({})
    # the newest is what the next one is compared with
    assert [False, False, True] == left({"ALIGNMENT_AGREEMENT": str(agreement)})
    assert ["2025-W41"] == [path.name for path in (tmp_path / "home" / "packs").iterdir()]


@pytest.mark.parametrize(
    ("name", "at", "apart"), [("extractions", "started_at", ("system", "object")), ("run_measures", "measured_at", ("measure",))]
)
def test_of_a_day_that_is_past_a_table_of_every_run_keeps_the_last_rows(tmp_path: Path, name: str, at: str, apart: tuple[str, ...]) -> None:
    home = home_of(tmp_path)
    warehouse = home.warehouse()
    moments = [NOW - timedelta(days=day, hours=-12, minutes=10 * run) for day in (1, 40, 41) for run in range(3)]
    for number, moment in enumerate(moments):
        rows = [_row(name, {"run_id": f"run-{number}", at: moment} | dict.fromkeys(apart, which)) for which in ("a", "b")]
        warehouse.append(name, pa.Table.from_pylist(rows, schema=CONTRACTS[name].schema))

    with home.journal() as journal:
        first = tidy.tidy(home, journal)
        second = tidy.tidy(home, journal)

    kept = {(row["run_id"], row[apart[-1]]) for row in warehouse.read(name).to_pyarrow().to_pylist()}
    assert kept == {(f"run-{number}", which) for number in (0, 1, 2, 3, 6) for which in ("a", "b")}
    assert first.rows[name] == 8 and second.rows[name] == 0


def _row(name: str, values: dict[str, object]) -> dict[str, object]:
    """A row of a table: these values, and something of its type wherever the contract asks for a value."""
    some = {pa.types.is_string: "[]", pa.types.is_int64: 1, pa.types.is_float64: 1.0, pa.types.is_timestamp: NOW}
    fields = [one for one in CONTRACTS[name].schema if not one.nullable and one.name not in values]
    return values | {one.name: next(value for is_kind, value in some.items() if is_kind(one.type)) for one in fields}
