"""Marketo as a connector."""

from __future__ import annotations

from collections.abc import Mapping

from alignment_pipeline.agreement.field_map import MARKETO_LEAD, Crm
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.capabilities import Capabilities
from alignment_pipeline.connectors.connector import Connector, Remember
from alignment_pipeline.connectors.marketo import codes, examination, listening
from alignment_pipeline.connectors.marketo.credentials import Credentials
from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.streams import Reading, StreamState
from alignment_pipeline.contracts.systems.marketo import MARKETO as SYSTEM


def _open(environ: Mapping[str, str], clock: Clock) -> MarketoSession:
    return MarketoSession(Credentials.from_env(environ), clock)


def _read(session: MarketoSession, states: Mapping[str, StreamState], remember: Remember, crm: Crm) -> list[Reading]:
    return MarketoExtraction(session, states, remember, _custom_fields(crm, "leads")).readings(SYSTEM.streams)


def _custom_fields(crm: Crm, object_: str) -> list[str]:
    return list(crm.fields_of(MARKETO_LEAD)) if object_ == "leads" else []


MARKETO = Connector(
    system=SYSTEM,
    capabilities=Capabilities(
        bulk_read="bulk extract, 31 days a job, 500 MB a day",
        changes_by="paging token; leads by logged changes and a daily sweep of updatedAt",
        overlap="1 day, or 30 minutes where a day costs too many pages",
        deletions="feed",
        merges="survivor id",
        history="activity log: Change Data Value",
        writes=("MarketoLead",),
        rows_per_write=300,
        creates_once=None,
        conditional_write=None,
        read_after_write_seconds=0,
        quota="GET /stats/usage.json; 50,000 calls a day",
        burst="100 calls in 20 seconds, 10 at once",
    ),
    description="People, activities and activity types of Marketo: by bulk extract when much is new, by paging tokens when little is.",
    variables=("MARKETO_DOMAIN", "MARKETO_CLIENT_ID", "MARKETO_CLIENT_SECRET"),
    configured_by=("MARKETO_DOMAIN", "MARKETO_CLIENT_ID"),
    open=_open,
    read=_read,
    examine=examination.examine,
    custom_fields=_custom_fields,
    known_codes=codes.KNOWN,
    listen=listening.listen,
    without="people and activities come from the CRM alone",
)
