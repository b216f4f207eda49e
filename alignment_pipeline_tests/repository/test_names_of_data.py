"""Data bears the field's words: no variable, argument, attribute or function is called by a word that says nothing of what it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alignment_pipeline_tests.repository import naming

FORBIDDEN = frozenset({"found", "told", "made", "purse", "walks", "mended", "told_runs", "house", "rooms"})
"""Words that were names for data once. Say what it is instead: `rows`, `period`, `explained`, `report`, `run_trace`."""


def bound(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that is given, with its line: variables, arguments, attributes that are set, functions, classes, imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((one.asname or one.name.rpartition(".")[2], node.lineno) for one in names)
            case _:
                pass


def misnamed(text: str) -> list[tuple[str, int]]:
    """The names of a module that are forbidden, with their lines."""
    return [(name, line) for name, line in bound(ast.parse(text)) if name.strip("_").lower() in FORBIDDEN]


def test_no_data_of_the_package_bears_a_forbidden_name() -> None:
    paths = sorted(naming.PACKAGE.rglob("*.py"))
    wrong = [f"{path.relative_to(naming.ROOT)}:{line}: {name}" for path in paths for name, line in misnamed(path.read_text())]

    assert len(paths) > 500
    assert [] == wrong


def test_each_way_of_naming_is_looked_at() -> None:
    text = (
        "import json as told\n"
        "class Found:\n    made: int = 0\n"
        "def purse(walks, *, _found=0):\n    self._made = 1\n    if (told := 2): pass\n"
        "    for found in [x for made in y]: pass\n"
        "was_found = not_found = found.rows\n"
    )

    assert ["Found", "_found", "_made", "found", "made", "made", "purse", "told", "told", "walks"] == sorted(
        name for name, _ in misnamed(text)
    )
