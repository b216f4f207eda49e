"""The bench of scores measures three ways to the same rows, and ticks whose rows are the full run's."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from alignment_pipeline_tests.benchmarks import bench_score


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty thousand activities, by the product, by hand-written SQL and by pandas."""
    found = tmp_path_factory.mktemp("bench")
    bench_score.generate(found, 20_000)
    for way, run in bench_score.WAYS.items():
        (found / way).mkdir()
        run(found, found / way)
    (found / "each").mkdir()
    bench_score.by_activity(found, found / "each")
    return found


def test_sql_and_pandas_come_to_the_products_tables(folder: Path) -> None:
    bench_score.compare(folder)
    bench_score.compare_each(folder)
    assert 20_000 == pq.read_metadata(folder / "each" / "scored_activities.parquet").num_rows


def test_a_tick_makes_the_rows_of_the_full_run(folder: Path) -> None:
    assert all(bench_score.compare_tick(folder, way) for way in bench_score.TICKS)


def test_a_row_that_differs_is_told(folder: Path) -> None:
    path = folder / bench_score.TICKS[0] / "person_engagement_factors.parquet"
    rows = pq.read_table(path)
    pq.write_table(rows.slice(1), path)
    with pytest.raises(AssertionError, match="person_engagement_factors"):
        bench_score.compare_tick(folder, bench_score.TICKS[0])
    pq.write_table(rows, path)
