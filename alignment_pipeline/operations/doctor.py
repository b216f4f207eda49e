"""The checks of `alignment doctor`: each looks at one thing and says what is wrong and how to fix it.

Belongs here: our own state, and the order of all checks. Each system's checks are in its connector. Nothing is written to any system;
`--repair` moves damaged tables of our own aside. What to do first: `next_steps.py`.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from functools import partial

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.connectors.findings import Finding, checked
from alignment_pipeline.connectors.notify import sinks
from alignment_pipeline.connectors.registry import CONNECTORS, Connector, crm_of
from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.installation import stream_states
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import backup
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.operations import tidy
from alignment_pipeline.write_back.sending import attempt_log, marker

_MOST_SHOWN = 10
_SHOWN_BYTES = 1_000_000


def examine(home: Home, *, repair: bool = False) -> Iterator[Finding]:
    """All checks, one after the other; an error in one does not keep the others from running.

    Without a usable agreement the systems are checked against the packaged one, so that logins and permissions can be fixed meanwhile.
    """
    yield from checked("agreement", lambda: agreement(home))
    yield from checked("state", lambda: state(home, repair=repair))
    yield from checked("notifications", lambda: notifications(home))
    for name, connector in CONNECTORS.items():
        yield from checked(name, partial(system, home, connector))


def agreement(home: Home) -> Iterator[Finding]:
    """The agreement loads, and both parties have signed it."""
    loaded = home.agreement
    yield Finding("agreement", "ok", f"{loaded.name}, version {loaded.version}, from {home.agreement_path}")
    unsigned = [party.team for party in (loaded.parties.marketing, loaded.parties.sales) if party.signed_on is None]
    if unsigned:
        yield Finding(
            "agreement", "warn", f"not signed by {' and '.join(unsigned)}", "put the day of signing into `signed_on` of each party"
        )


def state(home: Home, *, repair: bool = False) -> Iterator[Finding]:
    """The home folder is private, the journal opens, and no table is damaged."""
    folder = home.folder(".")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        yield Finding("home", "fail", f"{folder} can be read by others (mode {mode:04o})", f"chmod 700 {folder}")
        return
    with home.journal() as journal:
        yield Finding("journal", "ok", f"opens ({journal.backend})")
        yield from _attempts(journal)
        yield from _backups(home, journal)
    warehouse = home.warehouse()
    damaged = warehouse.damaged()
    for name, problems in damaged.items():
        if repair:
            aside = warehouse.move_aside(name)
            yield Finding("warehouse", "warn", f"table {name} was damaged and is now in {aside.name}", _rebuild(home, name))
        else:
            yield Finding("warehouse", "fail", f"table {name}: {'; '.join(problems)}", "`alignment doctor --repair`")
    if not damaged:
        yield Finding("warehouse", "ok", "every published table has its checksums")
    yield from _sizes(home)


def _sizes(home: Home) -> Iterator[Finding]:
    """How large each part of the home is, the largest first."""
    parts = sorted(tidy.sizes(home).items(), key=lambda part: -part[1])
    large = [(name, size) for name, size in parts if size >= _SHOWN_BYTES]
    shown = ", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in large) or "nothing above 1 MB"
    yield Finding("home", "ok", f"{sum(size for _, size in parts) / 1e6:,.1f} MB: {shown}. `alignment tidy` deletes what is old")


def _attempts(journal: Journal) -> Iterator[Finding]:
    broken = attempt_log.problems(journal, noted=marker.noted_log(journal))
    for problem in broken[:_MOST_SHOWN]:
        yield Finding("journal", "fail", problem, "find out who wrote to it; then restore the last backup and run `alignment plan --adopt`")
    if not broken:
        with journal.read() as connection:
            end = attempt_log.head(connection)
        yield Finding("journal", "ok", f"its log of attempts is complete: {end.seq} links, the last is {end.link[:12]}")


def _backups(home: Home, journal: Journal) -> Iterator[Finding]:
    if journal.path is None:
        yield Finding("backup", "ok", "the journal is in PostgreSQL; back it up with its own tools")
        return
    folder = backup.folder_of(home.path, home.environ)
    copies = backup.copies(folder)
    age = home.clock.now() - copies[0][1] if copies else None
    if age is None or age > backup.STALE:
        text = (
            "the journal was never backed up" if age is None else f"the journal's last copy is {age.total_seconds() / 3600:.0f} hours old"
        )
        fix = f"turn on the schedule journal_backup_at_four, or `alignment backup`; {backup.ENVIRONMENT_VARIABLE} names another disk"
        yield Finding("backup", "warn", text, fix)
    else:
        yield Finding("backup", "ok", f"{len(copies)} copies in {folder}, the last {age.total_seconds() / 3600:.0f} hours old")


def _rebuild(home: Home, name: str) -> str:
    """Make the next run rebuild a table: the position in a raw table's stream is removed, so that the whole stream is loaded again."""
    for stream in STREAMS:
        if stream.table == name:
            with home.journal() as journal:
                for system in (stream.system, *(name for name, one in CONNECTORS.items() if one.fills)):
                    stream_states.forget(journal, system, stream.object)
            return "`alignment run` reads it again from its source"
    return "`alignment run` makes it again"


def notifications(home: Home) -> Iterator[Finding]:
    """Every address in ALIGNMENT_NOTIFY_URLS has a form that can be sent to. No message is sent."""
    urls = home.environ.get(sinks.ENVIRONMENT_VARIABLE, "").strip()
    if not urls:
        fix = f"set {sinks.ENVIRONMENT_VARIABLE} to e-mail, Slack or Teams addresses (Apprise URLs)"
        yield Finding("notifications", "warn", f"messages go to files in {home.path / 'notifications'}", fix)
        return
    configured = sinks.sinks_of(urls, home.path / "notifications")
    yield Finding("notifications", "ok", f"{len(configured)} addresses can be read: {', '.join(one.name for one in configured)}")


def system(home: Home, connector: Connector) -> Iterator[Finding]:
    """One system: login, permissions, fields, limits; one warning when it is not configured and need not be."""
    if not connector.is_configured(home.environ) and crm_of(home.environ) is not connector:
        other = _in_place_of(home, connector)
        if other is not None:
            what = "CRM" if connector.system.role == "crm" else "marketing system"
            yield Finding(connector.system.name, "ok", f"not connected: {other.system.title} is the {what}")
            return
        fix = f"set {', '.join(connector.variables)}"
        yield Finding(connector.system.name, "warn", f"not configured: {connector.without}", fix)
        return
    yield from connector.examine(home.environ, home.clock, _agreement_or_default(home))


def _in_place_of(home: Home, connector: Connector) -> Connector | None:
    """The configured system that has the role of one that is not."""
    if connector.system.role == "crm":
        return crm_of(home.environ)
    others = (one for one in CONNECTORS.values() if one.system.role == connector.system.role)
    return next((one for one in others if one.is_configured(home.environ)), None)


def _agreement_or_default(home: Home) -> Agreement:
    try:
        return home.agreement
    except loader.AgreementError:
        return loader.load(loader.default_path())
