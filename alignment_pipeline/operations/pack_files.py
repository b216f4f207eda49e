"""The two files that people keep for the meeting: disputes.csv and actions.csv in the home.

Belongs here: reading them, with errors that name the file, line and column. What they mean: `meeting/sections/`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.meeting.sections.actions import Action
from alignment_pipeline.meeting.sections.disputes import DECISIONS, KINDS, OTHER, Dispute, id_of

DISPUTES, ACTIONS = "disputes.csv", "actions.csv"
_DISPUTE_COLUMNS = ("kind", "subject", "team", "raised_by", "raised_on", "reason", "decision", "decided_by", "decided_on")
_ACTION_COLUMNS = ("action", "owner", "due_on", "raised_on", "done_on", "note")
# a file of people, not of machines: what is longer was pasted by mistake
_MOST_ROWS, _MOST_TEXT = 10_000, 500


def disputes(path: Path) -> list[Dispute]:
    """The disputes of a file; none when there is no file. Raises ConfigurationError with the line that cannot be used."""
    listed = []
    for where, row in _rows(path, _DISPUTE_COLUMNS, needed=("kind", "subject", "team", "raised_by", "raised_on", "reason")):
        kind, team, decision = (row[name].lower() for name in ("kind", "team", "decision"))
        _one_of(where, "kind", kind, KINDS)
        _one_of(where, "team", team, tuple(OTHER))
        if decision:
            _one_of(where, "decision", decision, DECISIONS)
            if not row["decided_by"]:
                raise ConfigurationError(f"{where}: a decision needs decided_by: who of the other team decided")
        raised = _date(where, "raised_on", row["raised_on"])
        assert raised is not None
        decided = _date(where, "decided_on", row["decided_on"]) or (raised if decision else None)
        listed.append(
            Dispute(id_of(kind, row["subject"]), kind, row["subject"], team, row["raised_by"], raised, row["reason"], decision,
                    row["decided_by"], decided)
        )  # fmt: skip
    return listed


def actions(path: Path) -> list[Action]:
    """The actions of a file; none when there is no file. Raises ConfigurationError with the line that cannot be used."""
    listed = []
    for where, row in _rows(path, _ACTION_COLUMNS, needed=("action", "owner", "due_on")):
        due = _date(where, "due_on", row["due_on"])
        assert due is not None
        raised, done = _date(where, "raised_on", row["raised_on"]), _date(where, "done_on", row["done_on"])
        listed.append(Action(row["action"], row["owner"], due, raised, done, row["note"]))
    return listed


def _rows(path: Path, columns: tuple[str, ...], *, needed: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each row with its place, every known column as trimmed text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path.name} is not UTF-8; save it as CSV in UTF-8") from error
    try:
        dialect = csv.Sniffer().sniff(text.partition("\n")[0], delimiters=",;\t")
        delimiter = dialect.delimiter
    except csv.Error:
        delimiter = ","
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter)
    named = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = named
    missing = [name for name in needed if name not in named]
    if named and missing:
        raise ConfigurationError(f"{path.name}: has no column {', '.join(missing)}; its columns are {', '.join(columns)}")
    for number, row in enumerate(reader, start=2):
        where = f"{path.name}:{number}"
        if number > _MOST_ROWS:
            raise ConfigurationError(f"{where}: the file has more than {_MOST_ROWS:,} rows; move what is settled into another file")
        values = {name: " ".join((row.get(name) or "").split())[:_MOST_TEXT] for name in columns}
        if not any(values.values()):
            continue
        empty = next((name for name in needed if not values[name]), None)
        if empty is not None:
            raise ConfigurationError(f"{where}: {empty} is empty")
        yield where, values


def _one_of(where: str, column: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigurationError(f"{where}: {column} is {value!r}; it is one of {', '.join(allowed)}")


def _date(where: str, column: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {column} is {text!r}; write a day as 2026-11-23") from error
