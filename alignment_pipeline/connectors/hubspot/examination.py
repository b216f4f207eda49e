"""What `alignment doctor` looks at in HubSpot: login, portal, readable properties, calls left, and a native sync with Salesforce.

Belongs here: asking and advice. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.hubspot import describe, objects, preparation
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.form_signs import CONTACTS, CONVERSIONS
from alignment_pipeline.connectors.hubspot.objects import results
from alignment_pipeline.connectors.hubspot.page_view_extraction import EVENT
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused
from alignment_pipeline.connectors.hubspot.webhooks_journal import READ, SUBSCRIPTIONS, VARIABLES, App, WebhooksJournal, subscribed
from alignment_pipeline.contracts.systems.hubspot import HUBSPOT, MERGED_INTO
from alignment_pipeline.errors import Permanent, QuotaExhausted, Retryable

_OBJECTS = tuple(stream for stream in HUBSPOT.streams if MERGED_INTO in stream.fields or "contactIds" in stream.fields)
_LOGS = {"form submissions": "/marketing/v3/forms", "e-mail events": "/email/public/v1/events", "owners": "/crm/v3/owners"}
_OPTIONAL = {
    "page views": ("/events/v3/events", {"objectType": "contact", "eventType": EVENT, "objectId": "1", "limit": "1"}),
    "lists": ("/crm/v3/lists/search", None),
}
_MOST_USED = 0.8
_ACTIONS = {"CREATE", "UPDATE"}
_SYNC_IDS = ("salesforceleadid", "salesforcecontactid")


def examine(environ: Mapping[str, str], clock: Clock, agreement: Agreement) -> Iterator[Finding]:
    """Login, portal, objects, logs and limits."""
    session = HubSpotSession(Credentials.from_env(environ), clock)
    portal = session.portal_id()
    yield Finding("hubspot", "ok", f"logged in to {session.credentials.host.name}, portal {portal}")
    if session.credentials.expected_portal_id is None:
        yield Finding("hubspot", "warn", "any portal would be accepted", f"set HUBSPOT_PORTAL_ID={portal}")
    for stream in _OBJECTS:
        try:
            chosen = describe.choose(stream, describe.describe(session, stream.object))
        except (HubSpotRefused, Permanent) as error:
            yield Finding(f"read {stream.object}", "fail", str(error), "give the app the scope that the message names")
            continue
        if chosen.missing:
            yield Finding(f"read {stream.object}", "warn", f"not there: {', '.join(chosen.missing)}", "nothing, unless you need them")
        else:
            yield Finding(f"read {stream.object}", "ok", "all properties visible")
    for what, path in _LOGS.items():
        try:
            session.get(path, what, {"limit": "1"})
            yield Finding(f"read {what}", "ok", "can be read")
        except HubSpotRefused as error:
            yield Finding(f"read {what}", "fail", str(error), "give the app the scope that the message names")
    yield from _optional(session)
    yield from _journal(session, App.from_env(environ))
    yield from _native_sync(session, agreement)
    if session.credentials.is_crm:
        yield from _prepared(session, agreement)
    yield from _usage(session)


def _optional(session: HubSpotSession) -> Iterator[Finding]:
    """What not every portal and token has."""
    for what, (path, params) in _OPTIONAL.items():
        try:
            if params is None:
                session.ask(path, what, {"count": 1, "query": ""})
            else:
                session.get(path, what, params)
            yield Finding(f"read {what}", "ok", "can be read")
        except HubSpotRefused as error:
            yield Finding(f"read {what}", "warn", str(error), "nothing, unless they are to count as activities")


def _journal(session: HubSpotSession, app: App | None) -> Iterator[Finding]:
    """The Webhooks Journal, by which the fast lane polls forms less often."""
    subject = "webhooks journal"
    if app is None:
        yield Finding(subject, "ok", f"not used: the fast lane polls every form each time ({VARIABLES[0]} is not set)")
        return
    try:
        WebhooksJournal(session, app).latest()
    except (Permanent, Retryable, QuotaExhausted) as error:
        fix = f"until then the fast lane polls every form each time; the app needs the scope {READ}"
        yield Finding(subject, "warn", str(error), fix)
        return
    yield Finding(subject, "ok", "used: the fast lane polls the forms when it tells of a submission, and every 10 seconds")
    try:
        known = subscribed(WebhooksJournal(session, app, SUBSCRIPTIONS).subscriptions(), CONTACTS)
    except (Permanent, Retryable, QuotaExhausted) as error:
        yield Finding("journal subscription", "warn", str(error), f"give the app the scope {SUBSCRIPTIONS} to have this looked at")
        return
    serving = [one for one in known if _ACTIONS <= set(one.get("actions") or ()) and CONVERSIONS & set(one.get("properties") or ())]
    if serving:
        yield Finding("journal subscription", "ok", "tells of contacts that send a form in")
    else:
        text = "no subscription tells of contacts that send a form in (CREATE and UPDATE, property recent_conversion_date)"
        yield Finding("journal subscription", "warn", text, "docs/fast-lane.md shows the call that makes one")


def _native_sync(session: HubSpotSession, agreement: Agreement) -> Iterator[Finding]:
    """HubSpot's own sync with Salesforce: one system for each field, else both overwrite each other for ever."""
    synced = objects.total(session, "contacts", *_SYNC_IDS)
    if not synced:
        return
    if session.credentials.is_crm:
        text = f"{synced:,} contacts are synced with a Salesforce organisation that is not connected here"
        fix = "connect that Salesforce (SALESFORCE_DOMAIN): it is the CRM then, and HubSpot stands beside it"
        yield Finding("native sync", "fail", text, fix)
        return
    doubled = []
    for kind, mine in (("contacts", ("Lead", "Contact")), ("companies", ("Account",))):
        known = {name.lower() for name in describe.describe(session, kind)}
        names = dict.fromkeys(one.field for one in agreement.crm.fields if one.object in mine)
        doubled += [f"{kind}.{name.lower()}" for name in names if name.lower() in known]
    if doubled:
        text = f"the native sync also maps {', '.join(sorted(doubled))}, which this agreement writes in Salesforce"
        yield Finding("native sync", "fail", text, "take them out of the field mappings in HubSpot (Settings > Integrations > Salesforce)")
    else:
        yield Finding("native sync", "ok", f"{synced:,} contacts are synced with Salesforce; it maps no field that is written here")


def _prepared(session: HubSpotSession, agreement: Agreement) -> Iterator[Finding]:
    """Our properties are there, and the app may write."""
    needed = preparation.missing(session, agreement.crm)
    if needed:
        text = f"{len(needed)} properties or labels of the agreement are missing: {', '.join(one.name for one in needed[:5])}"
        yield Finding("properties", "fail", text, "`alignment init --prepare` shows them, `--prepare --yes` makes them")
    else:
        yield Finding("properties", "ok", "every property that the agreement names is there")


def _usage(session: HubSpotSession) -> Iterator[Finding]:
    path = "/account-info/v3/api-usage/daily/private-apps"
    for row in results(session.get(path, "usage"), "usage"):
        used, allowed = int(row.get("currentUsage") or 0), int(row.get("usageLimit") or 0)
        is_high = bool(allowed) and used >= allowed * _MOST_USED
        text = f"{used:,} of today's {allowed:,} are used; they begin again at {row.get('resetsAt')}"
        yield Finding("hubspot API calls", "fail" if is_high else "ok", text, "wait until then" if is_high else "")
