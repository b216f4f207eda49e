"""The matrix is whole: 86 rows, each with a proof that exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from alignment_pipeline_tests.faults import beside, cases_wire, rows, test_config, test_crash, test_portal, test_values

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT / "alignment_pipeline_tests" / "connectors" / "conformance.py"
_PARAMETERS = {
    "test_wire.py": cases_wire.CASES,
    "test_config.py": test_config.ROWS,
    "test_crash.py": test_crash.ROWS,
    "test_values.py": test_values.ROWS,
    "test_portal.py": test_portal.CASES,
}


def _names(path: Path, kind: type[ast.ClassDef] | type[ast.FunctionDef]) -> list[str]:
    return [node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kind)]


def test_every_row_is_there_once() -> None:
    assert [row.number for row in rows.ROWS] == list(range(1, 87))


@pytest.mark.parametrize("row", [*rows.ROWS, *beside.BESIDE], ids=lambda row: f"{row.group} {row.number}")
def test_every_proof_exists(row: rows.Row) -> None:
    assert row.proofs
    for proof in row.proofs:
        file, _, name = proof.partition("::")
        path = ROOT / file
        assert path.is_file(), proof
        function, _, parameter = name.partition("[")
        suite, _, method = function.rpartition("::")
        if suite:
            assert suite in _names(path, ast.ClassDef), proof
        names = _names(CONFORMANCE if suite else path, ast.FunctionDef)
        function = method
        assert not function or any(one.startswith(function) for one in names), proof
        assert not parameter or parameter.removesuffix("]") in _PARAMETERS[path.name], proof
