"""What a tool calls the tables and columns of a system: one file of data for each tool and system, in `mappings/`.

Belongs here: the form of such a file, and reading it. Columns are compared without case and underscores, so a file says only what differs
in more than spelling. What is read with it: `extraction.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from alignment_pipeline.contracts.systems.registry import SYSTEMS
from alignment_pipeline.contracts.systems.system import System
from alignment_pipeline.errors import ConfigurationError

FOLDER = Path(__file__).parent / "mappings"
_KEYS = frozenset("table columns prefix key lookups lists unnest attributes name_from".split())


def folded(name: str) -> str:
    """A name as it is compared: `last_modified_date` and `LastModifiedDate` are one."""
    return re.sub(r"[^0-9a-z]", "", name.lower())


@dataclass(frozen=True)
class Lookup:
    """A value from another table of the tool: where its `key` equals the column `by` of ours."""

    table: str
    by: str
    key: str
    value: str


@dataclass(frozen=True)
class Stream:
    """One of our streams in a tool's tables.

    `table` may end in `*`: then every table that begins so. `columns` are our names to theirs, where they differ in more than spelling;
    `prefix` stands before all others. `key` are the fields that make the record's id. `lookups` are values from other tables, `lists`
    several such values in one field. `unnest` is a column of JSON lists of which each member is a row. `attributes` packs all columns that
    belong to no field into that field as JSON. `name_from` makes a field from the name of the table.
    """

    table: str
    columns: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    key: tuple[str, ...] = ()
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    lists: Mapping[str, Lookup] = field(default_factory=dict)
    unnest: str | None = None
    attributes: str | None = None
    name_from: str | None = None


@dataclass(frozen=True)
class LoadedSystem:
    """A system as a tool loads it.

    `synced` is the tool's column of when it wrote a row, `deleted` its marks of deletion beside the system's own. `dates` are fields
    without a time of day, `milliseconds` moments given as numbers. `missing` says of each stream that the tool does not load, why.
    """

    tool: str
    system: System
    streams: Mapping[str, Stream]
    schema: str
    synced: str | None = None
    deleted: tuple[str, ...] = ()
    dates: frozenset[str] = frozenset()
    milliseconds: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


def shipped() -> dict[tuple[str, str], Path]:
    """The files of this package by tool and system."""
    return {(tool, system): path for path in sorted(FOLDER.glob("*.yaml")) for tool, _, system in [path.stem.partition("_")]}


def load(tool: str, system: str) -> LoadedSystem:
    """The mapping of a tool, or of a file of one's own. Raises ConfigurationError that says what is wrong with it."""
    files = shipped()
    path = files.get((tool, system)) or Path(tool)
    if not path.is_file():
        tools = ", ".join(sorted(name for name, one in files if one == system))
        raise ConfigurationError(f"there is no mapping {tool!r} of {system}: use {tools}, or the path of a file of your own")
    try:
        body = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return _read(body, system)
    except (YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{path}: the mapping cannot be read: {error}") from error


def _read(body: Mapping[str, Any], system: str) -> LoadedSystem:
    known = {stream.object for stream in SYSTEMS[system].streams}
    streams, missing = body["streams"], body.get("missing") or {}
    wrong = (set(streams) | set(missing)) - known
    if wrong or body["system"] != system:
        raise ValueError(f"it is of {body['system']}; unknown: {sorted(wrong)}")
    return LoadedSystem(
        tool=body["tool"],
        system=SYSTEMS[system],
        # an object that the file does not name has a table of its own name, or none
        streams={name: _stream(name, streams.get(name, name)) for name in sorted(known) if name in streams or name not in missing},
        schema=body["schema"],
        synced=body.get("synced"),
        deleted=tuple(body.get("deleted") or ()),
        dates=frozenset(body.get("dates") or ()),
        milliseconds=frozenset(body.get("milliseconds") or ()),
        names=tuple(body.get("names") or ()),
        missing=missing,
    )


def _stream(name: str, said: Mapping[str, Any] | str) -> Stream:
    one: dict[str, Any] = {"table": said} if isinstance(said, str) else dict(said)
    if set(one) - _KEYS:
        raise ValueError(f"{name}: unknown {sorted(set(one) - _KEYS)}")
    for kind in ("lookups", "lists"):
        one[kind] = {column: Lookup(**lookup) for column, lookup in (one.get(kind) or {}).items()}
    return Stream(**one | {"key": tuple(one.get("key") or ()), "columns": one.get("columns") or {}})
