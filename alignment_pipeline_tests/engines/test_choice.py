"""Which engine the setting names."""

from __future__ import annotations

import pytest

from alignment_pipeline.engines import choice
from alignment_pipeline.errors import ConfigurationError


def test_duckdb_is_the_default() -> None:
    assert "duckdb" == choice.name_of({}) == choice.name_of({"ALIGNMENT_ENGINE": " DuckDB "})


def test_an_unknown_engine_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ConfigurationError, match="'oracle'; the engines are duckdb"):
        choice.name_of({"ALIGNMENT_ENGINE": "oracle"})
