"""Salesforce as the write-back's CRM.

Belongs here: the pieces of this connector put into the form of `connectors/crm.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from alignment_pipeline.agreement import field_map
from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.crm import Crm, Limits, Newest
from alignment_pipeline.connectors.salesforce import cascade, rest_query
from alignment_pipeline.connectors.salesforce.bulk_ingest import BulkIngest
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.describe import Describer
from alignment_pipeline.connectors.salesforce.identifiers import api_name
from alignment_pipeline.connectors.salesforce.reads import SalesforceReader
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.salesforce.writes import SalesforceWriter


def open_crm(environ: Mapping[str, str], clock: Clock, mapped: field_map.Crm, *, may_write: bool) -> Crm:
    """The organisation that the environment names, by the writer's credentials where it may write."""
    return crm(SalesforceSession(Credentials.from_env(environ, "writer" if may_write else "reader"), clock), may_write=may_write)


def crm(session: SalesforceSession, *, may_write: bool = True) -> Crm:
    """The Salesforce organisation of a session. Raises ConfigurationError when it is not the expected one (SALESFORCE_ORG_ID)."""
    session.check_organization()
    return Crm(
        organization_id=session.organization_id,
        reader=SalesforceReader(session),
        writer=SalesforceWriter(session) if may_write else None,
        bulk=BulkIngest(session) if may_write else None,
        describe_all=lambda names: Describer(session).describe_all([name for name in names if name != MARKETO_LEAD]),
        limits=lambda: _limits(session),
        calls=lambda: session.counter.total,
        newest=lambda object_, field: _newest(session, object_, field),
        reactions=lambda objects: reactions(session, objects),
    )


def _newest(session: SalesforceSession, object_: str, field: str) -> Newest | None:
    if object_ == MARKETO_LEAD:
        return None
    name = api_name(field)
    columns = f"Id,{name},LastModifiedBy.Name"
    query = f"SELECT {columns} FROM {api_name(object_)} WHERE {name} != null ORDER BY {name} DESC LIMIT 1"
    try:
        rows = list(rest_query.records(session, query, f"newest {object_}"))
    except SalesforceRefused as error:
        if error.code in ("INVALID_FIELD", "INVALID_TYPE"):
            # missing or hidden: the checks of the schema say so, and block
            return None
        raise
    return next((Newest(str(row["Id"]), row[field], (row.get("LastModifiedBy") or {}).get("Name")) for row in rows), None)


def _limits(session: SalesforceSession) -> Limits:
    answer = session.get("/limits", "limits")
    day = answer.json().get("DailyApiRequests") or {}
    allowed, remaining = day.get("Max"), day.get("Remaining")
    return Limits(
        allowed=int(allowed) if allowed is not None else None,
        remaining=int(remaining) if remaining is not None else None,
        server_now=answer.date,
    )


def reactions(session: SalesforceSession, objects: Collection[str]) -> list[str]:
    """What starts in Salesforce when records of some objects are saved, what is unknown included."""
    asked = [name for name in cascade.OBJECTS if name in objects]
    if not asked:
        return []
    scanned = cascade.scan(session, asked)
    unknown = [f"it is not known whether {kind} react: {why}" for kind, why in scanned.unknown.items()]
    return [cascade.sentence(scanned, name) for name in asked] + unknown
