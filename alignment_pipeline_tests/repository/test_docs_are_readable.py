"""Pages can be found from their index, and a diff of a page shows the sentence that changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline_tests.repository.naming import ROOT

DOCS = ROOT / "docs"
WIDTH = 130


@pytest.mark.parametrize("folder", ["adr", "guides", "proofs"])
def test_every_page_of_a_folder_is_linked_from_its_index(folder) -> None:
    index = (DOCS / folder / "README.md").read_text(encoding="utf-8")

    assert [] == [page.name for page in sorted((DOCS / folder).glob("*.md")) if f"({page.name})" not in index and page.name != "README.md"]


def test_every_record_of_a_decision_begins_with_its_number() -> None:
    records = sorted((DOCS / "adr").glob("[0-9]*.md"))

    assert [] == [each.name for each in records if not each.read_text(encoding="utf-8").startswith(f"# {each.name[:4]}. ")]


def test_lines_of_prose_wrap() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]

    assert [] == [f"{page.relative_to(ROOT)}:{number}" for page in pages for number in _long_lines(page)]


def test_a_long_line_is_found_outside_code_and_tables_only(tmp_path) -> None:
    page = tmp_path / "page.md"
    long = "word " * 40
    page.write_text(f"short\n\n{long}\n\n| {long} |\n\n    {long}\n\n```\n{long}\n```\n\n![{long}](x.png)\n", encoding="utf-8")

    assert [3] == _long_lines(page)


def _long_lines(page: Path) -> list[int]:
    found: list[int] = []
    is_fenced = is_paragraph = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            is_fenced = not is_fenced
        is_code = is_fenced or (line.startswith("    ") and not is_paragraph)
        is_paragraph = bool(line.strip()) and not is_code
        if len(line) > WIDTH and not is_code and not line.startswith(("|", "![")):
            found.append(number)
    return found
