"""Salesforce as a connector."""

from __future__ import annotations

from collections.abc import Mapping

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors import streams
from alignment_pipeline.connectors.capabilities import Capabilities
from alignment_pipeline.connectors.connector import Connector, Remember
from alignment_pipeline.connectors.salesforce import codes, crm, examination, people
from alignment_pipeline.connectors.salesforce.credentials import Credentials
from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.streams import Reading, StreamState
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE as SYSTEM

_WITH_OUR_FIELDS = ("Lead", "Contact", "Account", "Opportunity")


def _open(environ: Mapping[str, str], clock: Clock) -> SalesforceSession:
    return SalesforceSession(Credentials.from_env(environ), clock)


def _read(session: SalesforceSession, states: Mapping[str, StreamState], remember: Remember, mapped: Crm) -> list[Reading]:
    custom = {object_: _custom_fields(mapped, object_) for object_ in (*_WITH_OUR_FIELDS, "Task")}
    wanted = [stream for stream in SYSTEM.streams if stream.only_with is None or getattr(mapped, stream.only_with)]
    readings = SalesforceExtraction(session, states, remember, custom_fields=custom).readings(wanted)
    left_out = [streams.left_out(stream, session.clock.now) for stream in SYSTEM.streams if stream not in wanted]
    return [*readings, *left_out]


def _custom_fields(mapped: Crm, object_: str) -> list[str]:
    if object_ == "Task":
        return [mapped.tasks.external_key_field]
    return list(mapped.fields_of(object_)) if object_ in _WITH_OUR_FIELDS else []


SALESFORCE = Connector(
    system=SYSTEM,
    capabilities=Capabilities(
        bulk_read="Bulk API 2.0 query",
        changes_by="SystemModstamp",
        overlap="15 minutes",
        deletions="feed",
        merges="survivor id",
        history="field history tracking, where it is switched on: field, old, new, by whom",
        writes=("Lead", "Contact", "Account", "Task"),
        rows_per_write=200,
        creates_once="unique external id (upsert)",
        conditional_write="If-Unmodified-Since, one record a call",
        read_after_write_seconds=0,
        quota="GET /limits; Sforce-Limit-Info on each answer",
        burst="25 long calls at once",
    ),
    description="Everything once, then what changed: each object's versions as they came, and when we learned of them.",
    variables=("SALESFORCE_DOMAIN", "SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET"),
    configured_by=("SALESFORCE_DOMAIN",),
    open=_open,
    read=_read,
    examine=examination.examine,
    custom_fields=_custom_fields,
    known_codes=codes.KNOWN,
    is_required=True,
    open_people=people.open_people,
    without="another system is the CRM",
    open_crm=crm.open_crm,
)
