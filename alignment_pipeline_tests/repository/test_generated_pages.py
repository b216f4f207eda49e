"""The generated pages say what the command line, the contracts and the schema say, and leave nothing out."""

from __future__ import annotations

import click
import pytest
import yaml

from alignment_pipeline.agreement import keys, loader
from alignment_pipeline.cli.commands import COMMANDS
from alignment_pipeline.cli.main import cli
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline_tests.repository import generated_pages

PAGES = generated_pages.pages()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_page_of_a_command_has_each_of_its_options(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [option for parameter in command.params if isinstance(parameter, click.Option) for option in parameter.opts]

    assert [] == [option for option in options if f"`{option}`" not in PAGES[f"commands/{name}.md"]]


def test_every_table_and_every_column_is_in_the_dictionary() -> None:
    missing = [
        f"{contract.name}.{column.name}"
        for contract in CONTRACTS.values()
        for column in contract.columns
        if f"| `{column.name}` |" not in PAGES[f"tables/{contract.group}.md"].partition(f"## {contract.name}\n")[2].partition("\n## ")[0]
    ]

    assert [] == missing


def test_every_key_of_the_shipped_agreement_is_in_the_reference() -> None:
    known = {key.path for key in keys.all_keys()}
    shipped = yaml.safe_load(loader.default_path().read_text(encoding="utf-8"))

    assert set() == _paths(shipped, "", known) - known


def test_no_table_of_a_page_has_a_row_with_another_number_of_cells() -> None:
    odd = []
    for name, text in PAGES.items():
        width = 0
        for line in text.splitlines():
            cells = line.replace("\\|", "").count("|") if line.startswith("|") else 0
            if cells and width and cells != width:
                odd.append(f"{name}: {line}")
            width = cells

    assert [] == odd


def _paths(value: object, path: str, known: set[str]) -> set[str]:
    """Paths of a file's keys, as the reference writes them: [] for an item, NAME where the reader chooses the name."""
    if isinstance(value, dict):
        found: set[str] = set()
        for name, below in value.items():
            named = f"{path}.{name}" if path else str(name)
            if named not in known and any(one.startswith(f"{path}.NAME") for one in known):
                named = f"{path}.NAME"
            elif named not in known and path in known and not any(one.startswith(f"{path}.") for one in known):
                continue  # a mapping from free names to plain values: the key itself is the one that is described
            else:
                found.add(named)
            found |= _paths(below, named, known)
        return found
    if isinstance(value, list):
        return set().union(*(_paths(item, f"{path}[]", known) for item in value)) if value else set()
    return set()
