"""A small embedded Marketo for tests: a standing clock, three people, a client that speaks plain HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.marketo.settings import ApiClient, MarketoSettings
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
CLIENTS = {"one": ApiClient("secret-one", "one@api.example"), "two": ApiClient("secret-two", "two@api.example")}


def lead(lead_id: int, **values: object) -> dict[str, object]:
    """One lead as the generator gives it."""
    return {"id": lead_id, "email": f"p{lead_id}@example.com", "createdAt": "2026-10-01T08:00:00Z", "isAnonymous": False} | values


def visit(lead_id: int, moment: str, **values: object) -> dict[str, object]:
    """One page visit."""
    common = {"leadId": lead_id, "activityTypeId": 1, "activityDate": moment, "primaryAttributeValue": "pricing"}
    return common | {"attributes": [{"name": "Webpage URL", "value": "/pricing"}]} | values


def world(**settings: Any) -> World:
    """A world whose clock stands at NOW until it is advanced."""
    store = MarketoStore(MarketoSettings(**({"clients": CLIENTS, "short_page_every": 0} | settings)))
    return World(sandbox_clock(NOW, base=lambda: 1_000_000.0), Faults(), SalesforceStore(), store)


def no_salesforce(_: World) -> ASGIApp:
    """Stands where nothing of Salesforce is asked."""
    return PlainTextResponse("not served here", status_code=404)


class MarketoClient:
    """Plain requests against one served world."""

    def __init__(self, served: World, url: str, client: str = "one") -> None:
        self.world, self.url, self.client = served, url, client
        self.session = requests.Session()
        self.session.trust_env = False
        self._bearer = ""

    @property
    def store(self) -> MarketoStore:
        found: MarketoStore = self.world.marketo
        return found

    def emptied(self) -> MarketoClient:
        """This client over the same server, its world as new: so tests share a server and nothing else."""
        self.world.faults.clear()
        self.world.audit.clear()
        self.world.calls.clear()
        self.world.clock.unix_time.shift = 0.0  # type: ignore[attr-defined]
        self.store.clear()
        self._bearer = ""
        return self

    def token(self, **changes: str) -> requests.Response:
        """Ask for a token."""
        form = {"grant_type": "client_credentials", "client_id": self.client, "client_secret": f"secret-{self.client}"} | changes
        return self.session.get(f"{self.url}/identity/oauth/token", params=form, timeout=60)

    def bearer(self) -> dict[str, str]:
        """The header of a call; the token is asked for once."""
        if not self._bearer:
            self._bearer = self.token().json()["access_token"]
        return {"Authorization": f"Bearer {self._bearer}"}

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """A call with the token."""
        headers = self.bearer() | more.pop("headers", {})
        return self.session.request(method, f"{self.url}{path}", headers=headers, timeout=60, **more)

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The JSON of a GET; it came with HTTP 200."""
        return _json(self.ask("GET", path, params=parameters))

    def post(self, path: str, body: object = None, **parameters: Any) -> dict[str, Any]:
        """The JSON of a POST; it came with HTTP 200."""
        if body is None:
            return _json(self.ask("POST", path, params=parameters))
        headers = {"Content-Type": "application/json"}
        return _json(self.ask("POST", path, data=json.dumps(body), headers=headers, params=parameters))


def _json(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def refusal(answer: dict[str, Any]) -> str:
    """The code of a refused call."""
    assert answer["success"] is False
    code: str = answer["errors"][0]["code"]
    assert isinstance(code, str)
    assert answer["errors"][0]["message"]
    return code


@contextmanager
def serving(served: World) -> Iterator[MarketoClient]:
    """Serve a world's Marketo and give a client for it."""
    with Sandbox(served, apps={"salesforce": no_salesforce}) as sandbox:
        yield MarketoClient(served, sandbox.url("marketo"))


def drain(client: MarketoClient, path: str, token: str, **parameters: Any) -> tuple[list[dict[str, Any]], list[int], str]:
    """All records behind a token, the sizes of the pages, and the last token."""
    records: list[dict[str, Any]] = []
    sizes: list[int] = []
    for _ in range(1000):
        page = client.get(path, nextPageToken=token, **parameters)
        token = page["nextPageToken"]
        sizes.append(len(page.get("result", [])))
        records += page.get("result", [])
        if not page["moreResult"]:
            return records, sizes, token
    raise AssertionError("the log has no end")
