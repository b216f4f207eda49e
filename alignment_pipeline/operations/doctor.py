"""The examinations of `alignment doctor`: each looks at one thing and says what is wrong and how it is mended.

Belongs here: asking. Nothing is written to any system; `--repair` moves damaged tables of our own aside.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.connectors.marketo import describe as marketo_describe
from alignment_pipeline.connectors.salesforce import selection
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.describe import Describer, ObjectDescription
from alignment_pipeline.contracts.raw import MARKETO, SALESFORCE
from alignment_pipeline.errors import Permanent
from alignment_pipeline.installation import marketo as marketo_runtime
from alignment_pipeline.installation import salesforce as salesforce_runtime
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import backup
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.write_back.sending import attempt_log, marker

Status = Literal["ok", "warn", "fail"]
_WRITTEN = ("Lead", "Contact", "Account")
_MOST_SHOWN = 10
_PACKAGE = (
    "deploy the metadata package (alignment_pipeline/connectors/salesforce/package) and assign the permission set Alignment_Integration"
)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and what to do."""

    subject: str
    status: Status
    text: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        """As `--json` shows it."""
        return asdict(self)


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
    from alignment_pipeline.contracts.raw import STREAMS
    from alignment_pipeline.installation import stream_states

    for stream in STREAMS:
        if stream.table == name:
            with home.journal() as journal:
                stream_states.forget(journal, stream.system, stream.object)
            return "alignment run reads it whole again from its source"
    return "alignment run makes it anew"


def salesforce(home: Home) -> Iterator[Finding]:
    """Login, organisation, readable objects and fields, writable mapped fields, least privilege, API calls left."""
    reader = salesforce_runtime.session(home)
    login = reader.login()
    yield Finding(
        "salesforce", "ok", f"logged in to {login.host.name} by {reader.credentials.method}, organisation {reader.organization_id}"
    )
    if reader.credentials.method == "soap_login":
        yield Finding("salesforce", "warn", "SOAP login ends with Summer '27", "use OAuth client credentials or JWT bearer")
    reader.check_organization()
    if reader.credentials.expected_organization_id is None:
        yield Finding("salesforce", "warn", "any organisation would be accepted", f"set SALESFORCE_ORG_ID={reader.organization_id}")
    descriptions = Describer(reader).describe_all([*(stream.object for stream in SALESFORCE)])
    yield from _readable(descriptions)
    yield from _writer(home, descriptions)
    limits = reader.limits().get("DailyApiRequests", {})
    used = 100 * (1 - limits.get("Remaining", 0) / limits["Max"]) if limits.get("Max") else 0.0
    most = home.agreement.write_back.budget.org_used_pct
    status: Status = "ok" if used < most else "fail"
    yield Finding(
        "salesforce API calls",
        status,
        f"{used:.0f} % of today's {limits.get('Max', 0):,} are used",
        "wait, or raise the limit" if used >= most else "",
    )


def _readable(descriptions: Mapping[str, ObjectDescription | None]) -> Iterator[Finding]:
    for stream in SALESFORCE:
        description = descriptions.get(stream.object)
        if description is None:
            status: Status = "warn" if stream.is_history else "fail"
            yield Finding(
                f"read {stream.object}",
                status,
                "the object is hidden or absent",
                f"give the integration user read access to {stream.object}",
            )
            continue
        try:
            chosen = selection.choose(stream, description)
        except Permanent as error:
            yield Finding(f"read {stream.object}", "fail", str(error), _PACKAGE)
            continue
        if chosen.missing:
            yield Finding(
                f"read {stream.object}",
                "warn",
                f"optional fields not visible: {', '.join(chosen.missing)}",
                "give read access where they matter",
            )
        else:
            yield Finding(f"read {stream.object}", "ok", "all fields visible")


def _writer(home: Home, seen: Mapping[str, ObjectDescription | None]) -> Iterator[Finding]:
    credentials = Credentials.from_env(home.environ, "writer")
    if credentials.is_shared:
        yield Finding(
            "writer", "warn", "reading and writing share one user", "give the writer its own: SALESFORCE_WRITER_CLIENT_ID and _SECRET"
        )
        described = seen
    else:
        described = Describer(salesforce_runtime.session(home, "writer")).describe_all([*_WRITTEN, "Task"])
    mapped = {(mapping.object, mapping.field.lower()) for mapping in home.agreement.crm.fields}
    for object_ in _WRITTEN:
        description = described.get(object_)
        wanted = [mapping for mapping in home.agreement.crm.fields if mapping.object == object_]
        missing = [mapping.field for mapping in wanted if description is None or description.field(mapping.field) is None]
        locked = [m.field for m in wanted if description and (one := description.field(m.field)) is not None and not one.is_updateable]
        if missing:
            yield Finding(f"write {object_}", "fail", f"fields are missing or hidden: {', '.join(missing)}", _PACKAGE)
        if locked:
            yield Finding(f"write {object_}", "fail", f"fields cannot be edited: {', '.join(locked)}", _PACKAGE)
        if not missing and not locked:
            yield Finding(f"write {object_}", "ok", f"{len(wanted)} mapped fields can be written")
        extra = [
            name
            for name, one in (description.fields.items() if description else ())
            if one.is_updateable and (object_, name.lower()) not in mapped
        ]
        if extra:
            yield Finding(
                f"write {object_}",
                "warn",
                f"the writer may edit {len(extra)} fields that are not mapped (least privilege)",
                "use the permission set Alignment_Integration on a minimum-access profile",
            )
    task = described.get("Task")
    key = home.agreement.crm.tasks.external_key_field
    field = task.field(key) if task else None
    if field is None or not (field.is_unique and field.is_external_id):
        yield Finding(
            "write Task", "warn", f"Task.{key} is no unique external id: tasks are made once by looking for their key first", _PACKAGE
        )
    else:
        yield Finding("write Task", "ok", f"Task.{key} is a unique external id")


def marketo(home: Home) -> Iterator[Finding]:
    """Login and readable fields, when a Marketo is configured."""
    if not marketo_runtime.is_configured(home):
        yield Finding(
            "marketo",
            "warn",
            "not configured: people and activities come from Salesforce alone",
            "set MARKETO_DOMAIN, MARKETO_CLIENT_ID, MARKETO_CLIENT_SECRET",
        )
        return
    session = marketo_runtime.session(home)
    known = marketo_describe.describe(session)
    yield Finding("marketo", "ok", f"logged in to {session.credentials.host.name}, {len(known)} person fields")
    chosen = marketo_describe.choose(MARKETO[0], known)
    if chosen.missing:
        yield Finding("marketo fields", "warn", f"not there: {', '.join(chosen.missing)}", "nothing, unless the agreement uses them")
    for name in home.agreement.crm.fields_of(MARKETO_LEAD):
        field = known.get(name)
        if field is not None and not field.is_read_only:
            yield Finding("write Marketo", "ok", f"{name} can be written")
            continue
        problem = "is not there, or hidden" if field is None else "is read-only"
        mend = "make it in Marketo (Admin > Field Management), or take its line out of crm.fields"
        yield Finding("write Marketo", "fail", f"{name} {problem}", mend)
