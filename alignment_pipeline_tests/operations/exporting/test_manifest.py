"""How two exports differ for somebody whose queries read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations.exporting import manifest
from alignment_pipeline.operations.exporting.manifest import Difference, TableFile

ONE = TableFile("tables/a.parquet", 10, "x", "1.0", {"id": "string", "score": "int64"})
UNCHANGED_MAJOR = Difference("a", "its contract still has version 1.0: the next major one is due", True)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"a": ONE}, []),
        ({"a": replace(ONE, rows=15)}, [Difference("a", "rows 10 -> 15 (+50.0%)")]),
        ({"a": replace(ONE, rows=0)}, [Difference("a", "rows 10 -> 0 (-100.0%)", True)]),
        ({"a": replace(ONE, columns={"id": "string"})}, [Difference("a", "column score is gone", True), UNCHANGED_MAJOR]),
        ({"a": replace(ONE, columns={"id": "string"}, contract_version="2.0")}, [Difference("a", "column score is gone", True)]),
        (
            {"a": replace(ONE, columns={"id": "string", "score": "float64"})},
            [Difference("a", "column score: int64 -> float64", True), UNCHANGED_MAJOR],
        ),
        ({"a": replace(ONE, columns={**ONE.columns, "more": "date"})}, [Difference("a", "new column more")]),
        ({"b": ONE}, [Difference("a", "the table is gone", True), Difference("b", "new table, 10 rows")]),
    ],
)
def test_what_changed_is_said_and_what_breaks_a_query_is_marked(now: dict[str, TableFile], expected: list[Difference]) -> None:
    assert expected == manifest.differences({"a": ONE}, now)


def test_a_manifest_is_read_back(tmp_path: Path) -> None:
    (tmp_path / manifest.FILE).write_text(manifest.text({"a": ONE}, {"as_of": "the last run"}), encoding="utf-8")

    assert {"a": ONE} == manifest.read(tmp_path)
    assert manifest.read(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("text", ["{not json", "[]", '{"kind": "manifest of another tool", "tables": {}}', '{"kind": 1}'])
def test_another_tool_s_manifest_is_no_export(tmp_path: Path, text: str) -> None:
    (tmp_path / manifest.FILE).write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="give another folder"):
        manifest.read(tmp_path)
