"""Pages of the docs that are generated: commands from their help, tables from the contracts, the agreement's keys from its schema.

Belongs here: Markdown. The pages exist only in the built site; `docs_site.py` adds them when it is built.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

import click

from alignment_pipeline.agreement import keys
from alignment_pipeline.cli.commands import COMMANDS, GROUPS
from alignment_pipeline.cli.main import cli
from alignment_pipeline.contracts import CONTRACTS, Contract


def pages() -> dict[str, str]:
    """Path below `docs/` -> text of every generated page."""
    found = {"commands/README.md": _commands()}
    found |= {f"commands/{name}.md": _command(name) for name in COMMANDS}
    found["tables/README.md"] = _tables()
    found |= {f"tables/{group}.md": _group(group, list(members)) for group, members in _groups()}
    found["agreement/README.md"] = _agreement()
    found |= {f"agreement/{section}.md": _section(section, list(below)) for section, below in _sections()}
    return found


def _commands() -> str:
    lines = ["# Commands\n", "Each command has `--help`. Results go to stdout, progress and errors to stderr.\n"]
    for group in GROUPS:
        rows = [f"| [`alignment {name}`]({name}.md) | {entry.summary} |" for name, entry in COMMANDS.items() if entry.group == group]
        lines += [f"## {group}\n", "| command | what it does |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _command(name: str) -> str:
    context = click.Context(cli, info_name="alignment")
    command = cli.get_command(context, name)
    assert command is not None
    return "\n".join([f"# alignment {name}\n", *_described(command, click.Context(command, context, info_name=name))])


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"    {context.command_path} {' '.join(command.collect_usage_pieces(context))}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden]
    yield "| option | meaning | default |"
    yield "|---|---|---|"
    for option in options:
        yield f"| {_option(option)} | {_cell(option.help or '')} | {_default(option)} |"
    yield ""
    if command.epilog:
        yield f"{_epilog(command.epilog)}\n"
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield f"## {context.command_path} {name}\n"
            yield from _described(below, click.Context(below, context, info_name=name))


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if option.is_flag:
        return names
    metavar = option.make_metavar(click.Context(cli)).replace("|", ", ")
    return f"{names} {_cell(metavar)}"


def _default(option: click.Option) -> str:
    value = option.default
    if option.is_flag or option.required or not isinstance(value, str | int | float) or value == "":
        return "required" if option.required else ""
    return f"`{value}`"


def _epilog(text: str) -> str:
    """Examples as code, the rest as it is."""
    example, _, rest = text.partition("Exit codes: ")
    lines = [f"    {line.strip().rstrip('.')}" for line in re.split(r"Example: |; (?=alignment )", example) if line.strip()]
    return "Example:\n\n" + "\n".join(lines) + (f"\n\nExit codes: {rest}" if rest else "")


def _groups() -> Iterator[tuple[str, Iterable[Contract]]]:
    order = list(dict.fromkeys(contract.group for contract in CONTRACTS.values()))
    return groupby(sorted(CONTRACTS.values(), key=lambda one: (order.index(one.group), one.name)), key=lambda one: one.group)


def _tables() -> str:
    lines = [
        "# Tables\n",
        "Every table of the warehouse, from its contract. `ALIGNMENT_HOME/warehouse/<table>/` holds it as Parquet.\n",
    ]
    for group, members in _groups():
        lines += [f"## {group}\n", "| table | content |", "|---|---|"]
        lines += [f"| [`{one.name}`]({group}.md#{one.name}) | {_cell(one.description)} |" for one in members]
        lines.append("")
    return "\n".join(lines)


def _group(group: str, members: list[Contract]) -> str:
    lines = [f"# Tables: {group}\n", "Columns marked *personal* hold data about a person; `alignment erase` removes it.\n"]
    for one in members:
        lines += [f"## {one.name}\n", f"{one.description}\n", f"Key: {', '.join(f'`{name}`' for name in one.key) or 'none'}.\n"]
        lines += ["| column | type | content |", "|---|---|---|"]
        for column in one.columns:
            marks = [column.type, *([] if column.nullable else ["never empty"]), *(["*personal*"] if column.personal else [])]
            lines.append(f"| `{column.name}` | {', '.join(marks)} | {_cell(column.description)} |")
        lines.append("")
    return "\n".join(lines)


def _sections() -> Iterator[tuple[str, Iterable[keys.Key]]]:
    return groupby(keys.all_keys(), key=lambda key: key.path.partition(".")[0])


def _agreement() -> str:
    lines = [
        "# The agreement, key by key\n",
        "All keys that an agreement may have, from its schema. The shipped agreement, with comments, is",
        "`alignment_pipeline/agreement/default.yaml`. In a path, `[]` is an item of a list, and `NAME` is a name that you choose.\n",
        "| section | content |",
        "|---|---|",
    ]
    for section, below in _sections():
        lines.append(f"| [`{section}`]({section}.md) | {_cell(next(iter(below)).description)} |")
    return "\n".join([*lines, ""])


def _section(section: str, below: list[keys.Key]) -> str:
    lines = [f"# Agreement: {section}\n", f"{below[0].description}\n", "| key | value | default | meaning |", "|---|---|---|---|"]
    for key in below:
        value = _cell(", ".join(part for part in (key.type, key.range) if part))
        default = key.default if key.default in ("", "required") else f"`{_cell(key.default)}`"
        lines.append(f"| `{key.path}` | {value} | {default} | {_cell(key.description)} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    """Text that is safe in a table's cell."""
    plain = " ".join(text.split())
    return plain.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*") if "`" not in plain else plain.replace("|", "\\|")
