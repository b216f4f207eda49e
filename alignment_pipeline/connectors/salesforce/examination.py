"""What `alignment doctor` looks at in Salesforce: login, organisation, readable and writable fields, least privilege, API calls.

Belongs here: asking and advice. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.findings import Finding, Status, checked
from alignment_pipeline.connectors.salesforce import cascade, currencies, selection
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.describe import Describer, ObjectDescription
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import Permanent

_WRITTEN = ("Lead", "Contact", "Account")
_PACKAGE = (
    "deploy the metadata package (alignment_pipeline/connectors/salesforce/package) and assign the permission set Alignment_Integration"
)


def examine(environ: Mapping[str, str], clock: Clock, agreement: Agreement) -> Iterator[Finding]:
    """Login, organisation, readable objects and fields, writable mapped fields, least privilege, API calls left."""
    reader = SalesforceSession(Credentials.from_env(environ), clock)
    login = reader.login()
    yield Finding(
        "salesforce", "ok", f"logged in to {login.host.name} by {reader.credentials.method}, organisation {reader.organization_id}"
    )
    if reader.credentials.method == "soap_login":
        yield Finding("salesforce", "warn", "SOAP login ends with Summer '27", "use OAuth client credentials or JWT bearer")
    yield from checked("salesforce organisation", lambda: _organization(reader))
    yield from checked("salesforce objects", lambda: _objects(reader, environ, clock, agreement))
    yield from checked("salesforce reactions", lambda: cascade.findings(cascade.scan(reader)))
    yield from checked("salesforce API calls", lambda: _calls(reader, agreement))


def _organization(reader: SalesforceSession) -> Iterator[Finding]:
    reader.check_organization()
    if reader.credentials.expected_organization_id is None:
        yield Finding("salesforce", "warn", "any organisation would be accepted", f"set SALESFORCE_ORG_ID={reader.organization_id}")


def _objects(reader: SalesforceSession, environ: Mapping[str, str], clock: Clock, agreement: Agreement) -> Iterator[Finding]:
    # what only some organisations have is looked at by itself
    streams = [stream for stream in SALESFORCE.streams if stream.only_with is None]
    descriptions = Describer(reader).describe_all([stream.object for stream in streams])
    yield from _readable(streams, descriptions)
    deals = descriptions.get("Opportunity")
    has_field = deals is not None and deals.field(agreement.crm.currency_field or currencies.FIELD) is not None
    yield from checked("currencies", lambda: currencies.findings(reader, agreement, has_field=has_field))
    yield from checked("salesforce writer", lambda: _writer(environ, clock, agreement, descriptions))


def _calls(reader: SalesforceSession, agreement: Agreement) -> Iterator[Finding]:
    limits = reader.limits().get("DailyApiRequests", {})
    used = 100 * (1 - limits.get("Remaining", 0) / limits["Max"]) if limits.get("Max") else 0.0
    most = agreement.write_back.budget.org_used_pct
    status: Status = "ok" if used < most else "fail"
    yield Finding(
        "salesforce API calls",
        status,
        f"{used:.0f} % of today's {limits.get('Max', 0):,} are used",
        "wait, or raise the limit" if used >= most else "",
    )


def _readable(streams: Sequence[RawStream], descriptions: Mapping[str, ObjectDescription | None]) -> Iterator[Finding]:
    for stream in streams:
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


def _writer(
    environ: Mapping[str, str], clock: Clock, agreement: Agreement, seen: Mapping[str, ObjectDescription | None]
) -> Iterator[Finding]:
    credentials = Credentials.from_env(environ, "writer")
    if credentials.is_shared:
        yield Finding(
            "writer", "warn", "reading and writing share one user", "give the writer its own: SALESFORCE_WRITER_CLIENT_ID and _SECRET"
        )
        described = seen
    else:
        described = Describer(SalesforceSession(credentials, clock)).describe_all([*_WRITTEN, "Task"])
    mapped = {(mapping.object, mapping.field.lower()) for mapping in agreement.crm.fields}
    for object_ in _WRITTEN:
        description = described.get(object_)
        wanted = [mapping for mapping in agreement.crm.fields if mapping.object == object_]
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
    key = agreement.crm.tasks.external_key_field
    field = task.field(key) if task else None
    if field is None or not (field.is_unique and field.is_external_id):
        yield Finding(
            "write Task", "warn", f"Task.{key} is no unique external id: tasks are made once by looking for their key first", _PACKAGE
        )
    else:
        yield Finding("write Task", "ok", f"Task.{key} is a unique external id")
