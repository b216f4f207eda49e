"""The matcher's unit spreads over Spark unchanged: a broadcast index, batches of leads through `mapInPandas`, equal rows.

Runs under `make test-engines` (pyspark and Java are the user's cluster's, not ours); `make test` does not collect this folder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from alignment_pipeline.matching import match
from alignment_pipeline_tests.matching import factories

DDL = (
    "lead_id string, account_id string, decision string, confidence double, method string, reason string, runner_up_id string, "
    "runner_up_confidence double, margin double, tie_breaker string, rule string, score_micro long, evidence string, candidates long, "
    "rarity_version string, weights_version string, agreement_version string"
)


# pyspark 3.5 itself uses distutils and old pandas calls, and leaves its gateway's socket to the interpreter's end
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning")
def test_spark_gives_the_rows_of_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    index = factories.index(
        {"name": "Quorvex GmbH", "website": "quorvex.de"},
        {"name": "Dalmund"},
        {"name": "Nimbola", "website": "trynimbola.io"},
        {"name": "Nimbola", "website": "getnimbola.com"},
    )
    kinds = [("Quorvex", "quorvex.de"), ("Dalmund Technologies", "gmail.com"), ("Nimbola", ""), ("n/a", ""), ("Verquist", "verquist.com")]
    leads = factories.leads(
        *({"company": company, "email_domain": domain} for number in range(40) for company, domain in [kinds[number % len(kinds)]])
    )
    expected = match.match_leads(leads, index).to_pandas()

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "3")
        .getOrCreate()
    )
    try:
        shared = spark.sparkContext.broadcast(index)

        def matched(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            for batch in batches:
                yield match.match_frame(batch, shared.value)

        actual = spark.createDataFrame(leads).repartition(4).mapInPandas(matched, DDL).toPandas()
    finally:
        spark.stop()

    by_lead = actual.set_index("lead_id").loc[leads["lead_id"]].reset_index()
    pd.testing.assert_frame_equal(_plain(expected), _plain(by_lead))


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Values as Python has them: pandas 3 writes nothing as nan in a text column, Spark as None."""
    return table.astype(object).where(table.notna(), None)
