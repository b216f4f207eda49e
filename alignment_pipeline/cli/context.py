"""What every command takes: the home, its clients, and how results and progress are shown.

Belongs here: opening things for a command. No decision. Results go to stdout, progress and remarks to stderr.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.warehouse.warehouse import Warehouse


@dataclass
class Context:
    """One command's surroundings."""

    home: Home = field(default_factory=Home.from_env)
    is_json: bool = False

    def journal(self) -> Journal:
        """The journal, opened."""
        return self.home.journal()

    def warehouse(self) -> Warehouse:
        """The store, opened."""
        return self.home.warehouse()

    def result(self, content: dict[str, Any], human: Callable[[Console], None]) -> None:
        """Show a command's result on stdout: JSON with --json, else what `human` prints."""
        if self.is_json:
            click.echo(json.dumps(content, default=plain, ensure_ascii=False, indent=2))
        else:
            human(console())

    def say(self, text: str) -> None:
        """A remark on stderr."""
        click.echo(text, err=True)


def console() -> Console:
    """Stdout as rich prints on it; no markup is read from data."""
    return Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)


def table(title: str, *columns: str) -> Table:
    """A plain table for a terminal."""
    shown = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    return shown


def screen_width() -> int:
    """Columns that text may take: the terminal's, and no more than one reads comfortably."""
    return min(shutil.get_terminal_size().columns, 110)


@contextmanager
def terminal() -> Iterator[Console]:
    """The terminal that stderr is. While a step runs, Dagster sends file descriptor 2 to the step's log: a status that asked stderr
    whether it is a terminal would not be erased."""
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as file:
        yield Console(file=file, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def progress(label: str, *, every: float = 10.0, now: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str, int], None]]:
    """What was just finished, on stderr: one changing line on a terminal; in pipes and schedules a line at most every `every` seconds."""
    if not sys.stderr.isatty():
        started = said = now()
        click.echo(f"{label} ...", err=True)

        def line(name: str, rows: int) -> None:
            nonlocal said
            moment = now()
            if moment - said >= every:
                said = moment
                click.echo(f"{label}: {_counted(name, rows)} after {said - started:.0f} s", err=True)

        yield line
        click.echo(f"{label}: done after {now() - started:.0f} s", err=True)
        return
    with terminal() as console, console.status(label) as status:

        def tell(name: str, rows: int) -> None:
            status.update(f"{label}: {_counted(name, rows)}")

        yield tell


def _counted(name: str, rows: int) -> str:
    return f"{name} ({rows:,} rows)" if rows else name


def operations(report: Callable[[str, int], None]) -> Callable[[int, int], None]:
    """Progress of writing, as a line of the progress display."""
    return lambda done, total: report(f"{done:,} of {total:,} operations", 0)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`."""
    return click.option("--json", "is_json", is_flag=True, help="Print the result as JSON on stdout.")(command)


def as_of_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--as-of`."""
    return click.option(
        "--as-of", "as_of", metavar="MOMENT", help="Decide as of this moment (ISO 8601, UTC unless it says otherwise); default: now."
    )(command)


def as_of_moment(text: str | None) -> datetime | None:
    """A `--as-of` value. A bare date is the end of that UTC day, so that the whole day counts."""
    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), datetime.max.time(), UTC).replace(microsecond=0)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--as-of {text!r} is not a moment; write 2026-11-21 or 2026-11-21T08:00:00Z") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def plain(value: Any) -> Any:
    """A value as JSON has it: moments in UTC with Z, days as ISO dates, anything else as its text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
