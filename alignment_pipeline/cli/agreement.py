"""`alignment agreement`: what the agreement says, where each value comes from, and what a key does."""

from __future__ import annotations

import difflib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from alignment_pipeline.agreement import keys, loader, provenance
from alignment_pipeline.cli.context import Context, json_option
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.line.step import published
from alignment_pipeline.line.steps import LINE

_FILE = click.option(
    "--agreement", "file", type=click.Path(path_type=Path), metavar="FILE", help="Use this agreement; default: the current one."
)


@click.group(epilog="Example: alignment agreement show --diff; alignment agreement explain-key scoring.engagement.decay")
def agreement() -> None:
    """Show the agreement with the source of each value, or explain one of its keys."""


@agreement.command(short_help="Print the agreement, or what differs", epilog="Example: alignment agreement show --diff")
@click.option("--effective", "kind", flag_value="effective", default="effective", help="Print all values, each with its source (default).")
@click.option("--diff", "kind", flag_value="diff", help="Print only what differs from the agreement that it extends.")
@_FILE
@json_option
def show(kind: str, file: Path | None, is_json: bool) -> None:
    """Print the whole agreement, or with --diff what differs from the one it extends.

    Each value has its source: a file with its line, or "built in" when no file has it.
    """
    context = Context(is_json=is_json)
    loaded = loader.load_with_places(file or context.home.agreement_path)
    if kind == "diff":
        differences = provenance.differences(loaded)
        context.result({"differences": [asdict(one) for one in differences]}, lambda console: _differences(console, differences))
    else:
        rows = [asdict(one) for one in provenance.values(loaded)] if is_json else []
        context.result({"values": rows}, lambda console: console.print(provenance.effective(loaded).rstrip()))


@agreement.command(
    "explain-key",
    short_help="What a key does, its range, and what it changes",
    epilog="Example: alignment agreement explain-key matching.match_confidence",
)
@click.argument("path")
@_FILE
@json_option
def explain_key(path: str, file: Path | None, is_json: bool) -> None:
    """Explain a key: what it does, which values it may have, its value now, and which tables it changes.

    PATH has dots between the levels, such as scoring.engagement.decay; [] stands for an item of a list.
    """
    context = Context(is_json=is_json)
    key = _key(path)
    loaded = loader.load_with_places(file or context.home.agreement_path)
    now = [one for one in provenance.values(loaded) if one.path == path or _generic(one.path) == key.path]
    below = [one.path for one in keys.all_keys() if one.path.startswith(f"{key.path}.") and one.path.count(".") == key.path.count(".") + 1]
    content = {
        "key": asdict(key),
        "values": [asdict(one) for one in now],
        "keys": below,
        "changes": _changes(key.path),
    }
    context.result(content, lambda console: _explained(console, content))


def _key(path: str) -> keys.Key:
    wanted = _generic(path)
    known = {one.path: one for one in keys.all_keys()}
    if wanted in known:
        return known[wanted]
    last = wanted.rpartition(".")[2]
    alike = [one for one in known if one.rpartition(".")[2] == last][:3] or difflib.get_close_matches(wanted, known, n=3)
    hint = f"did you mean {' or '.join(alike)}?" if alike else "`alignment agreement show` lists all keys"
    raise ConfigurationError(f"an agreement has no key {path!r}; {hint}")


def _generic(path: str) -> str:
    """A path with every item of a list written as []."""
    parts, depth = [], 0
    for character in path:
        if character == "[":
            depth += 1
            parts.append("[" if depth == 1 else "")
        elif character == "]":
            depth -= 1
            parts.append("]" if depth == 0 else "")
        elif depth == 0:
            parts.append(character)
    return "".join(parts)


def _changes(path: str) -> list[str]:
    """Published tables whose rule takes this part of the agreement, or reads a value of the run that is made from it."""
    changed = {step.name for step in LINE if any(_takes(place, path) for place in step.takes.values())}
    for step in LINE:  # in an order in which they can run
        is_made_from = any(one.table in changed for one in step.inputs if one.table in _UNPUBLISHED)
        if is_made_from:
            changed.add(step.name)
    return sorted(table for step in LINE if step.name in changed for table in published([step]))


_UNPUBLISHED = frozenset(table for step in LINE if not step.is_published for table in step.makes)


def _takes(place: str, path: str) -> bool:
    """Whether a part of the agreement holds a key, or lies below it. Rules that take the whole agreement are not counted."""
    return bool(place) and (path == place or path.startswith((f"{place}.", f"{place}[")) or place.startswith(f"{path}."))


def _differences(console: Console, differences: list[provenance.Difference]) -> None:
    if not differences:
        console.print("nothing differs")
    for one in differences:
        console.print(f"{one.path}: {_shown(one.before)} -> {_shown(one.after)}  # {one.source}")


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _explained(console: Console, content: dict[str, Any]) -> None:
    key = content["key"]
    console.print(key["path"], style="bold")
    console.print(f"  {key['description'] or 'no description'}")
    console.print(f"  value: {', '.join(part for part in (key['type'], key['range']) if part)}")
    if key["default"]:
        console.print(f"  {'required' if key['default'] == 'required' else 'default: ' + key['default']}")
    for one in content["values"][:10]:
        console.print(f"  now: {one['path']} = {_shown(one['value'])}  # {one['source']}")
    if len(content["values"]) > 10:
        console.print(f"  and {len(content['values']) - 10} more")
    if content["keys"]:
        console.print(f"  keys: {', '.join(one.rpartition('.')[2] for one in content['keys'])}")
    if content["changes"]:
        console.print(f"  changes: {', '.join(content['changes'])}, and what is made from them")
