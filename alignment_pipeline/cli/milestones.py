"""What a run says while it goes on: a line for each part of the line that is done, with its counts and the seconds so far.

Belongs here: which tables make a part, and the words for their rows. On a terminal the table that was just published stands below the
lines; in a log there are the lines alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from alignment_pipeline.cli.context import terminal
from alignment_pipeline.connectors import registry
from alignment_pipeline.wording import forms

#: Parts in the order of the line, after what was read: what was done, and its tables with the word for their rows.
_DECIDED: Sequence[tuple[str, Mapping[str, str]]] = (
    ("cleaned", {"leads": "leads", "contacts": "contacts", "activities": "activities"}),
    ("identified", {"people": "people", "person_records": "records"}),
    ("leads matched", {"lead_account_matches": "leads"}),
    ("scored", {"person_scores": "people", "account_scores": "accounts"}),
    ("stages and MQAs decided", {"person_stages": "people", "account_mqa_statuses": "accounts"}),
    ("SLA clocks timed", {"sla_clocks": "clocks", "sla_escalations": "reminders"}),
    ("pipeline measured", {"pipeline_metrics": "figures"}),
    ("CRM values worked out", {"field_updates": "values", "record_creates": "tasks"}),
    ("plan made and judged", {"write_plans": ""}),
)
_LOGS = {"form_submissions": "forms", "email_events": "e-mail events"}
_OF_CRM = {"Account": "accounts", "Contact": "contacts", "Lead": "leads"}


def parts(environ: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
    """All parts, of the systems that are connected by their own names."""
    crm = registry.crm_of(environ)
    streams = {one.object: one.table for one in (crm.fills or crm.system.streams)}
    read: dict[str, dict[str, str]] = {
        f"new in {crm.system.title}": {streams[object_]: word for object_, word in _OF_CRM.items() if object_ in streams}
    }
    for one in registry.CONNECTORS.values():
        system = one.system
        if system.role == "marketing" and system.people is not None and one.is_configured(environ):
            # a line fits eighty columns: two logs are named; of a system that is the CRM too, whose people are the contacts, one
            logs = [feed.table for feed in system.feeds[: 1 if one is crm else 2]]
            people = {} if one is crm else {system.people.table: "people"}
            words = {stream.table: _LOGS.get(stream.object, stream.object) for stream in system.streams if stream.table in logs}
            read.setdefault(f"new in {system.title}", {}).update(people | words)
    return [*read.items(), *_DECIDED]


def reading(environ: Mapping[str, str]) -> str:
    """What a run does first, which takes longest without a table to show: `reading Salesforce and Marketo`."""
    crm = registry.crm_of(environ)
    others = [one for one in registry.CONNECTORS.values() if one is not crm and one.is_configured(environ)]
    return f"reading {forms.listed([one.system.title for one in (crm, *others)], 'and')}"


@dataclass
class Milestones:
    """Hears of each published table; `say` gets a line for every part whose tables are all there."""

    say: Callable[[str], None]
    begun: float = field(default_factory=time.monotonic)
    parts: Sequence[tuple[str, Mapping[str, str]]] = _DECIDED
    _rows: dict[str, int] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def __call__(self, table: str, rows: int) -> None:
        """A table was published."""
        self._rows[table] = rows
        for title, words in self.parts:
            if title not in self._said and words.keys() <= self._rows.keys():
                self._said.add(title)
                counts = ", ".join(f"{self._rows[name]:,} {word}" for name, word in words.items() if word)
                self.line(f"{title}{': ' if counts else ''}{counts}")

    def line(self, text: str) -> None:
        """A line with the seconds since the command began."""
        self.say(f"{time.monotonic() - self.begun:4.0f} s  {text}")


@contextmanager
def milestones(label: str, environ: Mapping[str, str], *, begun: float | None = None, first: str = "") -> Iterator[Milestones]:
    """Milestones on stderr while a run goes on; on a terminal with the last table below them, before there is one with `first`.

    `begun` is on the monotonic clock.
    """
    named = parts(environ)
    start = time.monotonic() if begun is None else begun
    if not sys.stderr.isatty():
        yield Milestones(lambda text: click.echo(text, err=True), start, named)
        return
    with terminal() as console, console.status(f"{label}: {first} ..." if first else f"{label} ...") as status:
        yield _OnTerminal(console.print, start, named, show=lambda name, rows: status.update(f"{label}: {_progress(name, rows)}"))


def _progress(name: str, rows: int) -> str:
    """A table that was published, or how many operations are sent."""
    return f"{name} is done ({rows:,} rows)" if rows else name


@dataclass
class _OnTerminal(Milestones):
    show: Callable[[str, int], None] = lambda *_: None

    def __call__(self, table: str, rows: int) -> None:
        self.show(table, rows)
        super().__call__(table, rows)
