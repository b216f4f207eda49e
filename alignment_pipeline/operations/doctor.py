"""The examinations of `alignment doctor`: each looks at one thing and says what is wrong and how to fix it.

Belongs here: asking. Nothing is written to any system; `--repair` moves damaged tables of our own aside.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator

from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.registry import Connector
from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.installation import stream_states
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import backup
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.write_back.sending import attempt_log, marker

_MOST_SHOWN = 10


def agreement(home: Home) -> Iterator[Finding]:
    """The agreement loads, and nobody else may edit it unseen."""
    found = home.agreement
    yield Finding("agreement", "ok", f"{found.name}, version {found.version}, from {home.agreement_path}")
    unsigned = [party.team for party in (found.parties.marketing, found.parties.sales) if party.signed_on is None]
    if unsigned:
        yield Finding("agreement", "warn", f"not signed by {' and '.join(unsigned)}", "put the day of signing into parties.*.signed_on")


def state(home: Home, *, repair: bool = False) -> Iterator[Finding]:
    """The home folder is private, the journal opens, and no table is damaged."""
    folder = home.folder(".")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield Finding("home", "fail", f"{folder} can be read by others (mode {mode:04o})", f"chmod 700 {folder}")
    with home.journal() as journal:
        yield Finding("journal", "ok", f"opens ({journal.backend})")
        yield from _attempts(journal)
        yield from _backups(home, journal)
    warehouse = home.warehouse()
    damaged = warehouse.damaged()
    for name, problems in damaged.items():
        if repair:
            aside = warehouse.move_aside(name)
            yield Finding("warehouse", "warn", f"table {name} was damaged and lies in {aside.name} now", _rebuild(home, name))
        else:
            yield Finding("warehouse", "fail", f"table {name}: {'; '.join(problems)}", "alignment doctor --repair")
    if not damaged:
        yield Finding("warehouse", "ok", "every published table has its checksums")


def _attempts(journal: Journal) -> Iterator[Finding]:
    broken = attempt_log.problems(journal, noted=marker.noted_log(journal))
    for problem in broken[:_MOST_SHOWN]:
        yield Finding("journal", "fail", problem, "find out who wrote to it; then restore the last backup and run `alignment plan --adopt`")
    if not broken:
        with journal.read() as connection:
            end = attempt_log.head(connection)
        yield Finding("journal", "ok", f"its log of attempts is whole: {end.seq} links, the last is {end.link[:12]}")


def _backups(home: Home, journal: Journal) -> Iterator[Finding]:
    if journal.path is None:
        yield Finding("backup", "ok", "the journal lies in PostgreSQL: its own tools back it up")
        return
    folder = backup.folder_of(home.path, home.environ)
    made = backup.copies(folder)
    age = home.clock.now() - made[0][1] if made else None
    if age is None or age > backup.STALE:
        told = (
            "the journal was never backed up" if age is None else f"the journal's last copy is {age.total_seconds() / 3600:.0f} hours old"
        )
        fix = f"turn on the schedule journal_backup_at_four, or `alignment backup`; {backup.ENVIRONMENT_VARIABLE} names another disk"
        yield Finding("backup", "warn", told, fix)
    else:
        yield Finding("backup", "ok", f"{len(made)} copies in {folder}, the last {age.total_seconds() / 3600:.0f} hours old")


def _rebuild(home: Home, name: str) -> str:
    """Make the next run rebuild a table: a raw table's stream is forgotten, so that it is loaded whole again."""
    for stream in STREAMS:
        if stream.table == name:
            with home.journal() as journal:
                stream_states.forget(journal, stream.system, stream.object)
            return "alignment run reads it whole again from its source"
    return "alignment run makes it anew"


def system(home: Home, connector: Connector) -> Iterator[Finding]:
    """One system: login, permissions, fields, limits; one warning when it is not configured and need not be."""
    if not connector.is_configured(home.environ) and not connector.is_required:
        fix = f"set {', '.join(connector.variables)}"
        yield Finding(connector.system.name, "warn", f"not configured: {connector.without}", fix)
        return
    yield from connector.examine(home.environ, home.clock, home.agreement)
