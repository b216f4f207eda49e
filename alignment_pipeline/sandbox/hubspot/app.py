"""The embedded HubSpot as an ASGI app: routing, versions, the token and its scopes, limits and the form of refusals.

Belongs here: the table of routes and what all calls share. What each endpoint answers lives in the module its route names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from alignment_pipeline.sandbox.hubspot import associations, events, lists, metadata, objects, search, webhooks_journal
from alignment_pipeline.sandbox.hubspot.answers import Refusal, json_response, not_found
from alignment_pipeline.sandbox.hubspot.call import Call
from alignment_pipeline.sandbox.hubspot.objects import Answer
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.hubspot.tokens import App
from alignment_pipeline.sandbox.world import World

#: How date versions spell the classic paths.
_DATED = re.compile(r"^/crm/(objects|properties|owners|pipelines|associations|lists)/(\d{4}-\d\d)(?=/|$)")
_KIND, _ID = "(?P<kind>[a-z_]+)", "(?P<record_id>[^/]+)"
_OBJECTS = f"/crm/v3/objects/{_KIND}"
_ENGAGEMENTS = frozenset({"calls", "emails", "meetings", "tasks", "notes"})
Handler = Callable[..., Answer]


@dataclass(frozen=True)
class Route:
    """One route. `scope` may hold `{kind}`; None needs no scope beyond a valid token. `is_of_app`: for the app itself, not for a portal."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    scope: str | None
    is_search: bool = False
    is_of_app: bool = False


def _route(method: str, path: str, handler: Handler, scope: str | None = None, *, is_search: bool = False) -> Route:
    return Route(method, re.compile(f"^{path}/?$"), handler, scope, is_search)


def _journal(method: str, path: str, handler: Handler, scope: str) -> Route:
    pattern = re.compile(f"^/webhooks-journal/{path}$")
    return Route(method, pattern, handler, f"developer.webhooks_journal.{scope}", is_of_app=True)


_PAIRS = f"/crm/v4/associations/{_KIND}/(?P<other>[a-z_]+)"
_LIST = "/crm/v3/lists/(?P<list_id>\\d+)"
_VERSION, _COUNT = "(?P<version>\\d{4}-\\d\\d)", "(?P<count>\\d+)"
_READ, _WRITE = "crm.objects.{kind}.read", "crm.objects.{kind}.write"
ROUTES = (
    _route("POST", f"{_OBJECTS}/search", search.search, _READ, is_search=True),
    _route("POST", f"{_OBJECTS}/batch/read", objects.batch_read, _READ),
    _route("POST", f"{_OBJECTS}/batch/create", objects.batch_create, _WRITE),
    _route("POST", f"{_OBJECTS}/batch/update", objects.batch_update, _WRITE),
    _route("POST", f"{_OBJECTS}/batch/upsert", objects.batch_upsert, _WRITE),
    _route("POST", f"{_OBJECTS}/batch/archive", objects.batch_archive, _WRITE),
    _route("POST", f"{_OBJECTS}/merge", objects.merge, _WRITE),
    _route("POST", f"{_OBJECTS}/gdpr-delete", objects.gdpr_delete, _WRITE),
    _route("GET", _OBJECTS, objects.listing, _READ),
    _route("POST", _OBJECTS, objects.create, _WRITE),
    _route("GET", f"{_OBJECTS}/{_ID}", objects.read, _READ),
    _route("PATCH", f"{_OBJECTS}/{_ID}", objects.update, _WRITE),
    _route("DELETE", f"{_OBJECTS}/{_ID}", objects.archive, _WRITE),
    _route("POST", f"{_PAIRS}/batch/read", associations.associations, _READ),
    _route("POST", f"{_PAIRS}/batch/create", associations.batch_create, _WRITE),
    _route("POST", f"{_PAIRS}/batch/associate/default", associations.associate_default, _WRITE),
    _route("POST", f"{_PAIRS}/batch/labels/archive", associations.end_labels, _WRITE),
    _route("GET", f"{_PAIRS}/labels", associations.labels, _READ),
    _route("POST", f"{_PAIRS}/labels", associations.make_label, "crm.schemas.{kind}.write"),
    _route("GET", f"/crm/v3/properties/{_KIND}/groups", metadata.groups, _READ),
    _route("POST", f"/crm/v3/properties/{_KIND}/groups", metadata.make_group, "crm.schemas.{kind}.write"),
    _route("GET", f"/crm/v3/properties/{_KIND}", metadata.properties, _READ),
    _route("POST", f"/crm/v3/properties/{_KIND}", metadata.make_property, "crm.schemas.{kind}.write"),
    _route("GET", f"/crm/v3/properties/{_KIND}/(?P<name>[^/]+)", metadata.property_of, _READ),
    _route("GET", "/crm/v3/owners", metadata.owners, "crm.objects.owners.read"),
    _route("GET", f"/crm/v3/pipelines/{_KIND}", metadata.pipelines, _READ),
    _route("GET", "/account-info/v3/details", metadata.account),
    _route("GET", "/account-info/v3/api-usage/daily/private-apps", metadata.usage),
    _route("GET", "/marketing/v3/forms", events.forms, "forms"),
    _route("GET", "/form-integrations/v1/submissions/forms/(?P<guid>[^/]+)", events.submissions, "forms"),
    _route("GET", "/email/public/v1/events", events.email_events, "content"),
    _route("GET", "/events/v3/events", events.page_views, "business-intelligence"),
    _route("POST", "/crm/v3/lists/search", lists.search, "crm.lists.read"),
    _route("POST", "/crm/v3/lists/records/memberships/batch/read", lists.of_records, "crm.lists.read"),
    _route("GET", f"{_LIST}/memberships/join-order", lists.memberships, "crm.lists.read"),
    _route("PUT", f"{_LIST}/memberships/add-and-remove", lists.add_and_remove, "crm.lists.write"),
    _route("POST", "/crm/v3/lists", lists.create, "crm.lists.write"),
    _journal("GET", f"journal-local/{_VERSION}/batch/latest/{_COUNT}", webhooks_journal.latest, "read"),
    _journal("GET", f"journal-local/{_VERSION}/batch/(?P<offset>[^/]+)/next/{_COUNT}", webhooks_journal.following, "read"),
    _journal("GET", f"subscriptions/{_VERSION}", webhooks_journal.subscriptions, "subscriptions.read"),
    _journal("POST", f"subscriptions/{_VERSION}", webhooks_journal.subscribe, "subscriptions.write"),
)


def hubspot_app(world: World) -> ASGIApp:
    """The app over `world.hubspot`, a HubSpotStore."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        response = await run_in_threadpool(_answer, world, request, body)
        await response(scope, receive, send)

    return app


def _answer(world: World, request: Request, body: bytes) -> Response:
    store: HubSpotStore = world.hubspot
    headers: dict[str, str] = {}
    with store.lock:
        if request.url.path.startswith(webhooks_journal.FILES):
            return webhooks_journal.file(store, request, world.clock.now())
        try:
            path = classic(request.url.path, store.settings.versions)
            if path in ("/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token") and request.method == "POST":
                return json_response(store.tokens.issue(dict(parse_qsl(body.decode("latin-1"))), world.clock.now()))
            status, answer = _serve(world, store, request, path, body, headers)
        except Refusal as refusal:
            return refusal.response(headers)
    return Response(status_code=204, headers=headers) if status == 204 else json_response(answer, status=status, headers=headers)


def classic(path: str, versions: tuple[str, ...]) -> str:
    """The v3 (or v4) spelling of a path. Raises Refusal 404 for a date version that is not served."""
    dated = _DATED.match(path)
    if dated is None:
        return path
    if dated[2] not in versions:
        raise not_found(f"version {dated[2]} does not exist")
    return f"/crm/{'v4' if dated[1] == 'associations' else 'v3'}/{dated[1]}{path[dated.end() :]}"


def _serve(world: World, store: HubSpotStore, request: Request, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found")
    if world.faults.fire("expire_token", system="hubspot", method=request.method, path=request.url.path) is not None:
        store.tokens.rotate(token.strip())
    now = world.clock.now()
    app = store.tokens.app_of(token.strip(), now)
    route, groups = _matched(request.method, path)
    if route.is_of_app is not app.is_itself:
        raise Refusal(401, "INVALID_AUTHENTICATION", "This token is not accepted here: it is of the app itself or of a portal")
    limits = world.faults.standing("daily_limit", "hubspot")
    # the batch endpoints of the journal are exempt from the portal's limits
    headers |= (
        {}
        if route.is_of_app
        else store.limits.admit(now, is_search=route.is_search, per_day=int(limits[0].options.get("max", 0)) if limits else None)
    )
    _check_scope(route, groups, app)
    # lists come as `a,b` or as several parameters of one name, as the vendor's own client sends them
    query = {name: ",".join(request.query_params.getlist(name)) for name in request.query_params}
    call = Call(world, store, now, app, query, body, request.headers.get("host", ""))
    return route.handler(call, **groups)


def _matched(method: str, path: str) -> tuple[Route, dict[str, str]]:
    matching = [(route, matched) for route in ROUTES if (matched := route.pattern.match(path)) is not None]
    for route, matched in matching:
        if route.method == method:
            return route, matched.groupdict()
    raise Refusal(405, "METHOD_NOT_ALLOWED", "HTTP method not allowed") if matching else not_found("No endpoint here")


def _check_scope(route: Route, groups: dict[str, str], app: App) -> None:
    if route.scope is None:
        return
    kind = groups.get("kind", "")
    # engagements are read and written with the contacts' scope
    needed = route.scope.replace("{kind}", "contacts" if kind in _ENGAGEMENTS else kind)
    if needed not in app.scopes:
        message = "This app hasn't been granted all required scopes to make this call."
        context = {"requiredGranularScopes": [needed]}
        raise Refusal(
            403, "MISSING_SCOPES", message, errors=[{"message": "One or more of the following scopes are required.", "context": context}]
        )
