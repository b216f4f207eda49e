"""The session with the user's cluster.

Belongs here: where the cluster is, and the settings that the rows depend on. What is run there: `spark.py`.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from typing import Any

from alignment_pipeline.errors import ConfigurationError

SETTING, DEFAULT = "ALIGNMENT_SPARK", "local[*]"
#: Settings of the session that rows depend on, the same on every cluster.
SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.caseSensitive": "true",
}


def session(environ: Mapping[str, str]) -> Any:
    """The session of `ALIGNMENT_SPARK`: `local[2]`, `spark://host:7077`, `yarn`, `sc://host:15002` (Spark Connect), `databricks`.

    Raises ConfigurationError when a package is missing.
    """
    address = environ.get(SETTING, "").strip() or DEFAULT
    if address == "databricks":
        _require("databricks.connect", "databricks-connect", "the version of your cluster's runtime")
        from databricks.connect import DatabricksSession  # type: ignore[import-not-found]

        started = DatabricksSession.builder.getOrCreate()
    else:
        _require("pyspark", "alignment_pipeline[spark]", "pyspark of your cluster's version")
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("alignment_pipeline")
        if address.startswith("sc://"):
            _require("grpc", "pyspark[connect]", "of your cluster's version")
            builder = builder.remote(address)
        else:
            builder = builder.master(address).config("spark.ui.showConsoleProgress", "false")
            if address.startswith("local"):
                # workers on this machine have what this process has; Spark reads this variable alone
                os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        started = builder.getOrCreate()
    for name, value in SESSION.items():
        started.conf.set(name, value)
    return started


def _require(module: str, package: str, which: str) -> None:
    try:
        is_there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        is_there = False
    if not is_there:
        raise ConfigurationError(f"ALIGNMENT_ENGINE is 'spark', and {module} is not installed: pip install '{package}' ({which})")
