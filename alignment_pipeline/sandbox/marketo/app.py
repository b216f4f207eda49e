"""The embedded Marketo as an ASGI app: routing, the token check, limits and the form of refusals.

What each endpoint answers lives in the module its route names. `/__sandbox__/marketo/` routes, which no vendor has, are in
`control.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from alignment_pipeline.sandbox.marketo import activities, assets, export_calls, leads, merging, statistics, sync
from alignment_pipeline.sandbox.marketo.answers import Refusal, failure, json_response, success
from alignment_pipeline.sandbox.marketo.call import Call
from alignment_pipeline.sandbox.marketo.control import control_routes
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.world import World

__all__ = ["control_routes", "marketo_app"]

MOST_URI_BYTES = 8192
MOST_BODY_BYTES = 1_000_000
MOST_BULK_BODY_BYTES = 10_000_000

Handler = Callable[..., dict[str, object] | Response]
Parameters = dict[str, list[str]]


@dataclass(frozen=True)
class Endpoint:
    """One route. `is_slow` handlers take the store's lock by themselves, for as long as they need it."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    is_slow: bool = False


def _endpoint(method: str, path: str, handler: Handler, *, is_slow: bool = False) -> Endpoint:
    return Endpoint(method, re.compile(path.replace(".json", r"\.json") + "$"), handler, is_slow)


_KIND = "(?P<kind>leads|activities)"
_JOB = f"/bulk/v1/{_KIND}/export/(?P<export_id>[^/]+)"
ENDPOINTS = (
    _endpoint("GET", "/rest/v1/leads.json", leads.by_filter),
    _endpoint("POST", "/rest/v1/leads.json", sync.sync_leads),
    _endpoint("DELETE", "/rest/v1/leads.json", sync.delete_leads),
    _endpoint("POST", "/rest/v1/leads/delete.json", sync.delete_leads),
    _endpoint("POST", "/rest/v1/leads/submitForm.json", sync.submit_form),
    _endpoint("GET", "/rest/v1/leads/describe.json", leads.describe),
    _endpoint("GET", "/rest/v1/leads/describe2.json", leads.describe2),
    _endpoint("POST", "/rest/v1/leads/(?P<winner_id>[^/]+)/merge.json", merging.merge_leads),
    _endpoint("GET", "/rest/v1/lead/(?P<lead_id>[^/]+).json", leads.by_id),
    _endpoint("GET", "/rest/v1/lists.json", leads.lists),
    _endpoint("GET", "/rest/v1/lists?/(?P<list_id>[^/]+)/leads.json", leads.by_list),
    _endpoint("GET", "/rest/v1/activities.json", activities.activities),
    _endpoint("GET", "/rest/v1/activities/types.json", activities.types),
    _endpoint("GET", "/rest/v1/activities/pagingtoken.json", activities.paging_token),
    _endpoint("GET", "/rest/v1/activities/leadchanges.json", activities.lead_changes),
    _endpoint("GET", "/rest/v1/activities/deletedleads.json", activities.deleted_leads),
    _endpoint("GET", "/rest/v1/stats/usage.json", statistics.usage_today),
    _endpoint("GET", "/rest/v1/stats/usage/last7days.json", statistics.usage_week),
    _endpoint("GET", "/rest/v1/stats/errors.json", statistics.errors_today),
    _endpoint("GET", "/rest/v1/stats/errors/last7days.json", statistics.errors_week),
    _endpoint("GET", "/rest/asset/v1/programs.json", assets.programs),
    _endpoint("GET", "/rest/asset/v1/program/(?P<program_id>[^/]+).json", assets.program),
    _endpoint("POST", f"/bulk/v1/{_KIND}/export/create.json", export_calls.create, is_slow=True),
    _endpoint("GET", f"/bulk/v1/{_KIND}/export.json", export_calls.listing, is_slow=True),
    _endpoint("POST", f"{_JOB}/enqueue.json", export_calls.enqueue, is_slow=True),
    _endpoint("POST", f"{_JOB}/cancel.json", export_calls.cancel, is_slow=True),
    _endpoint("GET", f"{_JOB}/status.json", export_calls.status, is_slow=True),
    _endpoint("GET", f"{_JOB}/file.json", export_calls.file, is_slow=True),
)


def marketo_app(world: World) -> ASGIApp:
    """The app over `world.marketo`, a MarketoStore."""
    running: list[None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        running.append(None)
        try:
            response = await run_in_threadpool(_answer, world, request, body, len(running))
        finally:
            running.pop()
        await response(scope, receive, send)

    return app


def _answer(world: World, request: Request, body: bytes, running: int) -> Response:
    store: MarketoStore = world.marketo
    too_large = _too_large(request, body)
    if too_large is not None:
        return too_large
    query = parse_qs(request.url.query, keep_blank_values=True)
    if request.url.path.rstrip("/") == "/identity/oauth/token":
        return _token(world, request, query, body)
    now = world.clock.now()
    with store.lock:
        request_id = store.request_ids.next(now)
    try:
        answer = _serve(world, request, query, body, request_id, running)
    except Refusal as refusal:
        with store.lock:
            store.limits.note_error(refusal.code, now)
        answer = failure(request_id, refusal)
    if isinstance(answer, Response):
        return answer
    return json_response(answer, accept_encoding=request.headers.get("accept-encoding", ""))


def _too_large(request: Request, body: bytes) -> Response | None:
    if len(request.url.path) + len(request.url.query) > MOST_URI_BYTES:
        return PlainTextResponse("Request-URI Too Long", status_code=414)
    most = MOST_BULK_BODY_BYTES if request.url.path.startswith("/bulk/") else MOST_BODY_BYTES
    return PlainTextResponse("Request Entity Too Large", status_code=413) if len(body) > most else None


def _token(world: World, request: Request, query: Parameters, body: bytes) -> Response:
    store: MarketoStore = world.marketo
    if request.method not in ("GET", "POST"):
        return PlainTextResponse("Method Not Allowed", status_code=405)
    given = query | (parse_qs(body.decode("latin-1")) if request.method == "POST" else {})
    fields = {name: values[-1] for name, values in given.items() if values}
    if fields.get("grant_type") != "client_credentials":
        problem = {"error": "unsupported_grant_type", "error_description": f"Unsupported grant type: {fields.get('grant_type')}"}
        return json_response(dict(problem), status=400)
    with store.lock:
        token = store.identity.issue(fields.get("client_id", ""), fields.get("client_secret", ""), world.clock.now())
    if token is None:
        return json_response({"error": "invalid_client", "error_description": "Bad client credentials"}, status=401)
    return json_response(token)


def _serve(world: World, request: Request, query: Parameters, body: bytes, request_id: str, running: int) -> dict[str, object] | Response:
    store: MarketoStore = world.marketo
    method, parameters = _method(request, query, body)
    endpoint, groups = _route(method, request.url.path)
    now = world.clock.now()
    with store.lock:
        user = _user(world, request)
        if running > store.settings.concurrent_calls:
            raise Refusal("615", "Concurrent access limit reached")
        limits = world.faults.standing("daily_limit", "marketo")
        per_day = int(limits[0].options.get("max", 0)) if limits else None
        store.limits.admit(user, now, per_day=per_day)
    call = Call(world, store, now, user, request_id, method, request.url.path, parameters, request.headers, body)
    if endpoint.is_slow:
        members = endpoint.handler(call, **groups)
    else:
        with store.lock:
            members = endpoint.handler(call, **groups)
    return members if isinstance(members, Response) else success(request_id, **members)


def _method(request: Request, query: Parameters, body: bytes) -> tuple[str, Parameters]:
    """The method meant: a POST whose query or form says `_method=GET` is a GET with the form's parameters."""
    form: Parameters = {}
    if request.method == "POST" and "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    both = query | form
    if request.method == "POST" and [value.upper() for value in both.pop("_method", [])] == ["GET"]:
        return "GET", both
    return request.method, query


def _route(method: str, path: str) -> tuple[Endpoint, dict[str, Any]]:
    matching = [(endpoint, groups) for endpoint in ENDPOINTS if (groups := endpoint.pattern.match(path)) is not None]
    if not matching:
        raise Refusal("610", "Requested resource not found")
    for endpoint, groups in matching:
        if endpoint.method == method:
            return endpoint, groups.groupdict()
    raise Refusal("605", f"HTTP Method '{method}' not supported")


def _user(world: World, request: Request) -> str:
    """Who calls. The token counts only in the Authorization header. Raises Refusal 600, 601 or 602."""
    store: MarketoStore = world.marketo
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Refusal("600", "Empty access token")
    if world.faults.fire("expire_token", system="marketo", method=request.method, path=request.url.path) is not None:
        store.identity.expire(token)
    return store.identity.user_of(token, world.clock.now())
