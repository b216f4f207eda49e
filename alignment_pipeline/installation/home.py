"""The home folder and the settings of one process.

Belongs here: environment, `.env` file, paths. Secrets stay in the environment mapping and reach only the connectors.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from dotenv import dotenv_values

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import ENVIRONMENT_VARIABLE as CLOCK_VARIABLE
from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts.systems.registry import SYSTEMS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import memory
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.warehouse.connection import Connection
from alignment_pipeline.warehouse.warehouse import Warehouse

FIRST_DAY, DEFAULT_FIRST_DAY = "ALIGNMENT_HISTORY_FROM", date(2025, 1, 1)
DEFAULT_HOME = ".alignment"
#: Names of the systems that are read, separated by commas; empty: all that are configured.
CONNECTORS = "ALIGNMENT_CONNECTORS"
#: DuckDB's share of the memory; a fold in Python gets the rest.
DUCKDB_SHARE = 0.6

_OURS = ("ALIGNMENT_", *(f"{name.upper()}_" for name in SYSTEMS))


def first_day(environ: Mapping[str, str]) -> date:
    """The first day that can be kept as a snapshot. Raises ConfigurationError when ALIGNMENT_HISTORY_FROM is no date."""
    text = environ.get(FIRST_DAY, "").strip()
    try:
        return date.fromisoformat(text) if text else DEFAULT_FIRST_DAY
    except ValueError as error:
        raise ConfigurationError(f"{FIRST_DAY} is {text!r}, which is no date; write it as 2025-01-31, or remove it") from error


@dataclass(frozen=True)
class Home:
    """Where state lives and what the environment says. Nothing is opened before it is asked for."""

    path: Path
    environ: Mapping[str, str] = field(repr=False)
    clock: Clock

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, over: Mapping[str, str] | None = None) -> Home:
        """Settings of the environment, with those of a `.env` file in the working folder below them and `over` above them.

        Raises ConfigurationError when the clock's setting, or the first day of snapshots, cannot be read.
        """
        given = os.environ if environ is None else environ
        from_file = _from_file(Path(".env")) if environ is None else {}
        settings = {**from_file, **given, **(over or {})}
        clock_text = settings.get(CLOCK_VARIABLE, "").strip()
        clock = Clock.parse(clock_text) if clock_text else Clock()
        first_day(settings)
        return cls(
            path=Path(settings.get("ALIGNMENT_HOME", "").strip() or DEFAULT_HOME).expanduser().resolve(), environ=settings, clock=clock
        )

    @cached_property
    def agreement(self) -> Agreement:
        """The agreement that ALIGNMENT_AGREEMENT names, or the packaged default. Raises AgreementError."""
        return loader.load(self.agreement_path)

    @property
    def agreement_path(self) -> Path:
        """Path of the agreement in force."""
        named = self.environ.get(loader.ENVIRONMENT_VARIABLE, "").strip()
        return Path(named).expanduser() if named else loader.default_path()

    def reads(self, system: str) -> bool:
        """Whether this installation reads a system at all: ALIGNMENT_CONNECTORS names it, or nothing."""
        named = [name.strip() for name in self.environ.get(CONNECTORS, "").split(",") if name.strip()]
        return not named or system in named

    def warehouse(self, backend: type[Connection] = Connection) -> Warehouse:
        """The store, on a new connection of this kind."""
        share = int(memory.limit(self.environ) * DUCKDB_SHARE)
        return Warehouse(self.path, clock=self.clock, memory_limit=f"{share // 10**6}MB", backend=backend)

    def journal(self) -> Journal:
        """The journal: SQLite in the home folder, or the database that ALIGNMENT_DATABASE_URL names."""
        url = self.environ.get("ALIGNMENT_DATABASE_URL", "").strip()
        return Journal.open(url or self.path / "journal.sqlite", home=self.path, clock=self.clock)

    def folder(self, name: str) -> Path:
        """A private folder below home, made when missing."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = self.path / name
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder


def _from_file(path: Path) -> dict[str, str]:
    """The settings of a `.env` file. Raises ConfigurationError when it holds ours and others can read it."""
    values = {name: value for name, value in dotenv_values(path).items() if value is not None}
    if any(name.startswith(_OURS) for name in values):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise ConfigurationError(f"{path} can be read by others (mode {mode:04o}), and it holds credentials: chmod 600 {path}")
    return values
