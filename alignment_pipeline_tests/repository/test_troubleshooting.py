"""The guide of messages: each message that it explains is one that the program prints."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import alignment_pipeline

PACKAGE = Path(alignment_pipeline.__file__).parent
GUIDE = PACKAGE.parent / "docs" / "guides" / "troubleshooting.md"
MESSAGES = re.findall(r"^### `(.+)`$", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)


@cache
def texts() -> tuple[str, ...]:
    """Every text of the package, with `...` in the place of each value that is put in."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return tuple(found)


def test_the_guide_explains_a_good_number() -> None:
    assert len(MESSAGES) == len(set(MESSAGES)) >= 15


@pytest.mark.parametrize("message", MESSAGES)
def test_the_program_prints_it(message: str) -> None:
    pattern = re.compile(".*?".join(re.escape(part) for part in message.split("...")), flags=re.DOTALL)

    assert any(pattern.search(text) for text in texts()), f"no text of the package is like {message!r}"
