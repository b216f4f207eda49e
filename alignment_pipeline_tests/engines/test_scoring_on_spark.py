"""The scoring rules give the same rows on Spark as on DuckDB.

Runs under `make test-engines` (pyspark and Java are the user's cluster's, not ours); `make test` does not collect this folder.
"""

from __future__ import annotations

from pathlib import Path

import ibis
import pytest
from pyspark.sql import SparkSession

from alignment_pipeline_tests.engines import scoring


# pyspark itself uses distutils and old pandas calls, and leaves its gateway's socket to the interpreter's end
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_spark_gives_the_rows_of_duckdb(tmp_path: Path) -> None:
    here = ibis.duckdb.connect()
    here.raw_sql("SET TimeZone='UTC'")
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", str(tmp_path / "warehouse"))
        .getOrCreate()
    )
    try:
        expected, actual = scoring.decided(here), scoring.decided(ibis.pyspark.connect(session))
    finally:
        session.stop()

    for name in scoring.KEYS:
        assert expected[name] == actual[name], name
