"""HubSpot as a connector."""

from __future__ import annotations

from collections.abc import Mapping

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.capabilities import Capabilities
from alignment_pipeline.connectors.connector import Connector, Draft, Remember
from alignment_pipeline.connectors.hubspot import crm, deletion, draft, examination, listening, people, preparation, writes
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.crm_portal import properties_of
from alignment_pipeline.connectors.hubspot.extraction import HubSpotExtraction
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.streams import Reading, StreamState
from alignment_pipeline.contracts.systems.hubspot import CRM_STREAMS
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT as SYSTEM

_WITH_OUR_FIELDS = {"Contact": "contacts", "Account": "companies", "Opportunity": "deals"}


def _open(environ: Mapping[str, str], clock: Clock) -> HubSpotSession:
    return HubSpotSession(Credentials.from_env(environ), clock)


def _read(session: HubSpotSession, states: Mapping[str, StreamState], remember: Remember, mapped: Crm) -> list[Reading]:
    if not session.credentials.is_crm:
        return HubSpotExtraction(session, states).readings(SYSTEM.streams)
    custom = {kind: properties_of(mapped, object_) for object_, kind in _WITH_OUR_FIELDS.items()}
    custom |= {"tasks": [mapped.tasks.external_key_field]}
    inputs = {_WITH_OUR_FIELDS[object_]: names for object_, names in mapped.input_fields.items() if object_ in ("Contact", "Opportunity")}
    ids = frozenset(one.field for one in mapped.fields if one.value == "person.matched_account_id")
    source = HubSpotExtraction(session, states, custom_fields=custom, history=inputs, plays_crm=True, company_ids=ids)
    return source.readings((*SYSTEM.streams, *CRM_STREAMS))


HUBSPOT = Connector(
    system=SYSTEM,
    capabilities=Capabilities(
        bulk_read="list of all records, 100 a call (50 with history)",
        changes_by="search by lastmodifieddate, hs_lastmodifieddate; logs latest first",
        overlap="15 minutes; e-mail events 6 hours",
        deletions="list",
        merges="new id",
        history="every value of a property with its source and user, some twenty versions deep",
        writes=("Contact", "Account", "Task"),
        rows_per_write=100,
        creates_once="unique property (batch upsert)",
        conditional_write="none; the history of a property says who set it since",
        read_after_write_seconds=0,
        quota="X-HubSpot-RateLimit-Daily on each answer but search's; GET /account-info/v3/api-usage",
        burst="190 calls in 10 seconds, 5 searches in a second",
    ),
    description="Contacts, companies, deals and engagements of HubSpot with their history; form submissions and e-mail events.",
    variables=("HUBSPOT_ACCESS_TOKEN",),
    configured_by=("HUBSPOT_ACCESS_TOKEN", "HUBSPOT_CLIENT_ID"),
    open=_open,
    read=_read,
    examine=examination.examine,
    known_codes=writes.KNOWN,
    fills=CRM_STREAMS,
    open_crm=crm.open_crm,
    prepare=preparation.prepare,
    draft=Draft(draft.EXAMPLE, draft.fit, "hubspot-as-the-only-crm"),
    listen=listening.listen,
    open_people=people.open_people,
    open_deletion=deletion.open_deletion,
    without="nothing is read from HubSpot",
)
