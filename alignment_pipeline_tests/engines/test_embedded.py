"""A fold that is run part by part gives the rows of one that has all rows at once, and so does one whose rows travel as Spark's do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from alignment_pipeline.engines.embedded import BYTES_PER_ROW, DuckDb
from alignment_pipeline.line.run import maker, needed
from alignment_pipeline.line.step import Step
from alignment_pipeline.line.steps import STEPS
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.engines import work
from alignment_pipeline_tests.engines.organisation import Organisation

pytestmark = [pytest.mark.slow]
IN_PARTS = [step for step in STEPS if step.keys is not None]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    """Everything that folds read, and what they make of all rows at once."""
    found = Organisation.small(tmp_path_factory.mktemp("whole"))
    steps = needed([step.name for step in IN_PARTS])
    names = [step.name for step in steps]
    then = 1 + max(names.index(name) for name in ("record_periods", "activities", "people"))
    found.walk(DuckDb(found.warehouse), steps[:then])
    found.share_records(25)
    found.walk(DuckDb(found.warehouse), steps[then:])
    assert found.warehouse.read("person_account_periods").count().to_pyarrow().as_py() > 20
    return found


@pytest.mark.parametrize("step", IN_PARTS, ids=lambda step: step.name)
def test_parts_of_whole_keys_give_the_rows_of_the_whole(walked: Organisation, step: Step) -> None:
    job = walked.job(step)
    rows = sum(int(walked.warehouse.connection.to_pyarrow(job.given[one].count()).as_py()) for one in job.cut)
    engine = DuckDb(walked.warehouse, fold_bytes=BYTES_PER_ROW * (rows // 2 + 1))

    parts = engine._parts(job)
    found = {name: walked.hash_of(name, rows) for name, rows in engine.fold(job).items()}
    engine.release()

    assert 2 == parts
    assert walked.hashes(step.makes) == found
    assert all(rows for rows, _ in found.values())
    assert [] == [path for path in walked.warehouse.spill.iterdir() if path.is_dir()]


def test_a_worker_of_a_cluster_gives_the_same_rows(walked: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    # a worker makes its own DuckDB the default; put back afterwards
    monkeypatch.setattr(ibis.options, "default_backend", None)
    job = walked.job(maker("account_mqa_changes"))

    made = work.taken_apart(work.work(job, walked.warehouse).fold(work.part(job, walked.warehouse)), job.step.makes)

    assert walked.hashes(job.step.makes) == {name: walked.hash_of(name, ibis.memtable(rows)) for name, rows in made.items()}


def test_no_row_lies_in_two_parts(walked: Organisation) -> None:
    """Links of records to people and accounts must not multiply rows."""
    for step in IN_PARTS:
        job = walked.job(step)
        for one, rows in job.cut.items():
            counts = [int(walked.warehouse.connection.to_pyarrow(table.count()).as_py()) for table in (rows, job.given[one])]
            assert counts[0] <= counts[1], (step.name, one.table)


def test_folds_without_a_bound_have_all_rows_at_once(walked: Organisation) -> None:
    assert 1 == DuckDb(walked.warehouse)._parts(walked.job(maker("account_mqa_changes")))


def test_after_many_rows_what_only_refers_to_itself_is_freed(tmp_path: Path) -> None:
    engine, number = DuckDb(Warehouse(tmp_path)), 1_050_000
    words = pa.array([f"word {one}" for one in range(number)])
    counts = pa.repeat(pa.scalar(1, pa.int64()), number)
    days = pa.repeat(pa.scalar(date(2026, 11, 20), pa.date32()), number)
    before = pa.total_allocated_bytes()

    def publish() -> None:
        rows = ibis.memtable(pa.table({"word": pc.utf8_upper(words), "accounts": counts, "counted_on": days}))
        circle: list[object] = [rows]
        circle.append(circle)
        engine.publish("match_word_rarities", rows)

    publish()
    engine.release()
    engine.warehouse.connection.to_pyarrow(ibis.memtable({"last": [1]}))
    assert pa.total_allocated_bytes() - before < 8_000_000
