"""What runs the rules of the line: the three verbs of an engine.

Belongs here: the protocol, and the engine that calls each rule as it is over the tables it gets. DuckDB part by part, Spark and
databases: `engines/`.
"""

from __future__ import annotations

from typing import Any, Protocol

from alignment_pipeline.line.job import Job


class Engine(Protocol):
    """Runs a rule by its kind. Tables that come back can be read by the caller until `release`."""

    name: str
    kinds: frozenset[str]

    def expression(self, job: Job) -> dict[str, Any]:
        """The expressions of a rule; they are evaluated when they are published."""

    def publish(self, name: str, rows: Any) -> Any:
        """Evaluate the rows and publish them as the table's new version."""

    def fold(self, job: Job) -> dict[str, Any]:
        """The tables of a rule that needs all rows of a key together."""

    def match(self, job: Job) -> dict[str, Any]:
        """The tables of a rule that compares batches with an index."""

    def release(self) -> None:
        """Delete what was kept for the caller."""


class Direct:
    """Calls every rule over whole tables. For small tables: the fast lane, replays of one day, tests."""

    name = "direct"
    kinds = frozenset({"duckdb"})

    def expression(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return job.whole()

    def publish(self, name: str, rows: Any) -> Any:
        """There is no store."""
        return rows

    def fold(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return job.whole()

    def match(self, job: Job) -> dict[str, Any]:
        """See `Engine`."""
        return job.whole()

    def release(self) -> None:
        """Nothing is kept."""
