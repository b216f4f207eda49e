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
from rich.console import Console

#: Parts in the order of the line: what was done, and its tables with the word for their rows.
PARTS: Sequence[tuple[str, Mapping[str, str]]] = (
    (
        "new in Salesforce",
        {
            "raw_salesforce_accounts": "accounts",
            "raw_salesforce_contacts": "contacts",
            "raw_salesforce_leads": "leads",
        },
    ),
    ("new in Marketo", {"raw_marketo_leads": "people", "raw_marketo_activities": "activities"}),
    ("cleaned", {"leads": "leads", "contacts": "contacts", "activities": "activities"}),
    ("identified", {"people": "people", "person_records": "records"}),
    ("leads matched", {"lead_account_matches": "leads"}),
    ("scored", {"person_scores": "people", "account_scores": "accounts"}),
    ("stages and MQAs decided", {"person_stages": "people", "account_mqa_statuses": "accounts"}),
    ("SLA clocks timed", {"sla_clocks": "clocks", "sla_escalations": "reminders"}),
    ("pipeline measured", {"pipeline_metrics": "figures"}),
    ("CRM values worked out", {"field_updates": "values", "record_creates": "tasks"}),
    ("plan made and judged", {"write_plans": "plans so far"}),
)


@dataclass
class Milestones:
    """Hears of each published table; `say` gets a line for every part whose tables are all there."""

    say: Callable[[str], None]
    begun: float = field(default_factory=time.monotonic)
    _rows: dict[str, int] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def __call__(self, table: str, rows: int) -> None:
        """A table was published."""
        self._rows[table] = rows
        for title, words in PARTS:
            if title not in self._said and words.keys() <= self._rows.keys():
                self._said.add(title)
                counts = ", ".join(f"{self._rows[name]:,} {word}" for name, word in words.items() if word)
                self.line(f"{title}{': ' if counts else ''}{counts}")

    def line(self, text: str) -> None:
        """A line with the seconds since the command began."""
        self.say(f"{time.monotonic() - self.begun:4.0f} s  {text}")


@contextmanager
def milestones(label: str, *, begun: float | None = None) -> Iterator[Milestones]:
    """Milestones on stderr while a run goes on; on a terminal with the last table below them. `begun` is on the monotonic clock."""
    start = time.monotonic() if begun is None else begun
    if not sys.stderr.isatty():
        yield Milestones(lambda text: click.echo(text, err=True), start)
        return
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with console.status(f"{label} ...") as status:
        yield _OnTerminal(console.print, start, show=lambda table, rows: status.update(f"{label}: {table} ({rows:,} rows)"))


@dataclass
class _OnTerminal(Milestones):
    show: Callable[[str, int], None] = lambda *_: None

    def __call__(self, table: str, rows: int) -> None:
        self.show(table, rows)
        super().__call__(table, rows)
