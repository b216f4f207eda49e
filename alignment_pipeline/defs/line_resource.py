"""The resource every asset takes: it opens the line of a run for each of the run's steps.

Belongs here: one line per run and process, and the lease of runs. What a line is: `line.py`.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import ClassVar

import dagster as dg
from pydantic import PrivateAttr

from alignment_pipeline.defs import progress
from alignment_pipeline.defs.line import Line
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import lease

AS_OF_TAG = "alignment/as_of"


class LineResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Opens the line for one step. Takes nothing from run config, nor from tags: who launches a run cannot widen what it may do.

    `settings` are environment variables that the code location sets for this line (a home, an agreement); no secrets, since Dagster shows
    them. `key_prefix` stands before the key of every asset.

    The steps of a run that share a process share its line: one connection, one reading of the agreement. They hold the home's lease
    for runs until the run ends: two runs that publish the same tables at once would decide on a mixture of both.
    """

    #: How long a run that Dagster started waits for another one of this home; then it fails and is reported as a failed run.
    TURN_SECONDS: ClassVar[float] = 1800.0
    settings: dict[str, str] = {}
    key_prefix: list[str] = []
    _lines: dict[str, Line] = PrivateAttr(default_factory=dict)
    _turn: ExitStack = PrivateAttr(default_factory=ExitStack)

    def open(self, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Line:
        """The line of the run that `context` belongs to."""
        run = context.run
        if run.run_id not in self._lines:
            # a tag can be set by whoever reaches the web server; only the command line may choose the moment
            tag = run.tags.get(AS_OF_TAG) if progress.is_watched() else None
            as_of = datetime.fromisoformat(tag).astimezone(UTC) if tag else None
            home = self.home()
            self._take_turn(home)
            self._lines.clear()
            self._lines[run.run_id] = Line(home, run.run_id, as_of, key_prefix=self.key_prefix)
        return self._lines[run.run_id]

    def home(self) -> Home:
        """The home of this code location."""
        return Home.from_env(over=self.settings)

    def open_beside_runs(self, run_id: str) -> Line:
        """The line without the lease of runs: for what publishes nothing that a run reads, so that neither waits for the other."""
        return Line(self.home(), run_id, None, key_prefix=self.key_prefix)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let the next run begin."""
        for line in self._lines.values():
            for ahead in line.ahead.values():
                ahead.close()
        self._turn.close()

    def _take_turn(self, home: Home) -> None:
        """Raises AnotherWriter when the other run does not end."""
        if progress.is_watched():
            return  # `launch` holds the lease
        self._turn.close()
        journal = self._turn.enter_context(home.journal())
        self._turn.enter_context(lease.acquire(journal, lease.RUN, wait_seconds=self.TURN_SECONDS))
