"""The same Dagster assets run on Spark: the setting is all that changes.

Runs under `make test-spark`; `make test` does not collect it.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from alignment_pipeline.defs import rules
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.line.run import needed
from alignment_pipeline_tests.engines.organisation import Organisation

# an expression, and a fold of whole keys
WANTED = ("contacts", "account_mqa_changes")


# pyspark itself uses distutils and old pandas calls, and leaves its gateway's socket to the interpreter's end
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_assets_are_materialized_on_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Organisation.small(tmp_path / "home")
    found.walk(DuckDb(found.warehouse), needed(WANTED))
    for name, value in {
        "ALIGNMENT_HOME": str(tmp_path / "home"),
        "ALIGNMENT_ENGINE": "spark",
        "ALIGNMENT_SPARK": os.environ.get("ALIGNMENT_SPARK") or "local[2]",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ALIGNMENT_CLOCK", raising=False)
    before = {name: found.warehouse.manifest(name) for name in WANTED}
    assets = [asset for asset in rules.rules().assets or () if isinstance(asset, dg.AssetsDefinition) and _makes(asset) & set(WANTED)]

    assert all({"spark", "parquet"} == spec.kinds for asset in assets for spec in asset.specs)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(assets, instance=instance, resources={"line": LineResource()})

    assert result.success
    for name in WANTED:
        old, new = before[name], found.warehouse.manifest(name)
        assert old is not None and new is not None
        assert (old.version + 1, old.rows) == (new.version, new.rows)


def _makes(asset: dg.AssetsDefinition) -> set[str]:
    return {key.to_user_string() for key in asset.keys}
