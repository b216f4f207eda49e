"""The ASGI app of the embedded Salesforce.

Belongs here: HTTP in and out, sessions, versions, limits. The resources are listed in `routes.py`, login in `login.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from alignment_pipeline.sandbox.salesforce import login
from alignment_pipeline.sandbox.salesforce.bulk import ingest
from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.identities import Session
from alignment_pipeline.sandbox.salesforce.organisation import Org
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call, encoded
from alignment_pipeline.sandbox.salesforce.rest.dispatch import answer_of
from alignment_pipeline.sandbox.salesforce.rest.objects import versions
from alignment_pipeline.sandbox.salesforce.routes import all_routes
from alignment_pipeline.sandbox.world import World

_DATA = re.compile(r"^/services/data/v(\d+)\.(\d)(/.*)?$", re.IGNORECASE)
_LONGEST_REQUEST_LINE = 16_384


def salesforce_app(world: World) -> ASGIApp:
    """The app over a world's Salesforce store."""
    return _App(Org(world))


class _App:
    def __init__(self, org: Org) -> None:
        self.org = org
        self.routes = all_routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the store's lock is held while it is worked out, so a request is one transaction."""
        if scope["type"] != "http":
            return
        parts: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        with self.org.store.lock:
            self.org.begin()
            for job in self.org.jobs.values():
                ingest.settle(self.org, job)
            answer = self._answer(scope, headers, b"".join(parts))
        await _send(answer, send)

    def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        path, method = scope["path"], scope["method"]
        host = headers.get("host", "")
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size > _LONGEST_REQUEST_LINE:
            return Answer(414, b"<html><body><h1>URI Too Long</h1></body></html>", content_type="text/html")
        lowered = path.lower().rstrip("/")
        if lowered == "/services/oauth2/token" and method == "POST":
            return login.token(self.org, host, headers, body)
        if lowered.startswith("/services/soap/") and method == "POST":
            return login.soap(self.org, host, path, body)
        if lowered == "/services/data" and method in ("GET", "HEAD"):
            return Answer(body=versions(self.org.store.settings))
        if lowered == "/services/oauth2/revoke" and method == "POST":
            self.org.store.identities.end(dict(parse_qsl(body.decode("utf-8", "replace"))).get("token", ""))
            return Answer(200)
        try:
            if lowered == "/services/oauth2/userinfo" or lowered.startswith("/id/"):
                return login.identity(self.org, host, self._session(scope, headers))
            return self._data(scope, headers, body)
        except ApiError as error:
            return self._limited(Answer(error.status, error.to_json()))

    def _data(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        match = _DATA.match(scope["path"])
        if match is None:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        settings = self.org.store.settings
        if int(match[1]) < settings.minimum_version:
            raise ApiError(410, "UNSUPPORTED_API_VERSION", f"The requested API version {match[1]}.0 has been retired")
        if int(match[1]) > settings.maximum_version or match[2] != "0":
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        session = self._session(scope, headers)
        self.org.charge()
        call = Call(
            org=self.org,
            method=scope["method"],
            path=match[3] or "/",
            version=f"{match[1]}.0",
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            body=body,
            username=session.username,
            number=next(self.org.numbers),
        )
        return self._limited(answer_of(self.routes, call))

    def _session(self, scope: Scope, headers: dict[str, str]) -> Session:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if self.org.world.faults.fire("expire_token", system="salesforce", method=scope["method"], path=scope["path"]) is not None:
            self.org.store.identities.end(token.strip())
        session = (
            self.org.store.identities.session(token.strip(), self.org.world.clock.now()) if kind.lower() in ("bearer", "oauth") else None
        )
        if session is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return session

    def _limited(self, answer: Answer) -> Answer:
        info = f"api-usage={self.org.used()}/{self.org.daily_limit}"
        return replace(answer, headers={**answer.headers, "Sforce-Limit-Info": info})


async def _send(answer: Answer, send: Send) -> None:
    body, kind = encoded(answer)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    is_empty = answer.status in (204, 304) or (isinstance(body, bytes) and not body)
    if not is_empty:
        headers.append((b"content-type", kind.encode()))
    if isinstance(body, Iterator):
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for piece in body:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
