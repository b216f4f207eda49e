"""The whole line gives the same rows on Spark as on DuckDB: every table from staging to field updates, by sorted-row hash.

Runs under `make test-spark` (pyspark and Java are the user's cluster's, not ours); `make test` does not collect it. With `WHOLE=1` the
organisation is the demo's.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.engines.spark.session import session
from alignment_pipeline.engines.spark.spark import Spark
from alignment_pipeline_tests.engines.organisation import TABLES, Organisation

IS_WHOLE = bool(os.environ.get("WHOLE"))


# pyspark itself uses distutils and old pandas calls, and leaves its gateway's socket to the interpreter's end
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_every_table_of_the_line_is_the_same_on_spark(tmp_path: Path) -> None:
    organisation = Organisation.demo if IS_WHOLE else Organisation.small
    here, there = organisation(tmp_path / "here"), organisation(tmp_path / "there")
    here.walk(DuckDb(here.warehouse))
    spark = session({"ALIGNMENT_SPARK": os.environ.get("ALIGNMENT_SPARK") or "local[2]"})
    try:
        if not IS_WHOLE:
            spark.conf.set("spark.sql.shuffle.partitions", "3")
            # queries over a few hundred rows are interpreted instead of compiled
            spark.conf.set("spark.sql.codegen.wholeStage", "false")
        there.walk(Spark(DuckDb(there.warehouse), spark))
    finally:
        spark.stop()

    expected, actual = here.hashes(), there.hashes()
    assert [] == [(name, expected[name][0], actual[name][0]) for name in TABLES if expected[name] != actual[name]]
    assert sum(1 for rows, _ in actual.values() if rows) > 50
