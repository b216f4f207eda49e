"""Every file, link, command, make target and module that a text of this repository names exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline_tests.repository import naming

TEXTS = list(naming.texts())


@pytest.mark.parametrize(
    ("find", "what"),
    [
        (naming.missing_files, "file"),
        (naming.missing_links, "link"),
        (lambda _path, text: naming.missing_modules(text), "module"),
        (lambda _path, text: naming.missing_targets(text), "make target"),
        (lambda _path, text: naming.missing_commands(text), "command"),
    ],
    ids=["files", "links", "modules", "make-targets", "commands"],
)
def test_everything_that_a_text_names_exists(find, what) -> None:
    missing = [f"{path.relative_to(naming.ROOT)}: no {what} {name}" for path, text in TEXTS for name in find(path, text)]

    assert [] == missing


def test_the_search_finds_what_is_missing() -> None:
    text = (
        "See `sync/guard.py`, `runtime/`, [here](gone.md); `alignment init --schema`, `alignment runn`, `make it-so`,\n"
        "    python -m alignment_pipeline_tests.nothing\n"
    )
    page = naming.ROOT / "docs" / "page.md"

    assert ["runtime/", "sync/guard.py"] == naming.missing_files(page, text)
    assert ["gone.md"] == naming.missing_links(page, text)
    assert ["alignment init --schema", "alignment runn"] == naming.missing_commands(text)
    assert ["it-so"] == naming.missing_targets(text)
    assert ["alignment_pipeline_tests.nothing"] == naming.missing_modules(text)


def test_what_exists_is_found_beside_a_text_above_it_and_from_the_package() -> None:
    text = (
        "`hosts.py`, `errors.py`, `sla/ledger.py`, `alignment_pipeline/clock.py`, `docs/style.md`, `contracts/`, "
        "`alignment run --json`, `make demo`"
    )

    assert [] == naming.missing_files(Path(naming.PACKAGE / "connectors" / "transport.py"), text)
    assert [] == naming.missing_commands(text)
    assert [] == naming.missing_targets(text)
