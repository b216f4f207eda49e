"""Many reads in one call: `/composite/batch`, 25 independent GETs each, one call of the day's quota.

Belongs here: batching GETs, and doing them one by one where the server has no batches. Conditional and dependent composites are
not used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from alignment_pipeline.connectors.salesforce.results import error_of
from alignment_pipeline.connectors.salesforce.session import CLIENT, SalesforceSession
from alignment_pipeline.connectors.salesforce.verdicts import SalesforceRefused
from alignment_pipeline.connectors.transport import Call

MOST_PARTS = 25


@dataclass(frozen=True)
class Part:
    """One sub-request's answer."""

    status: int
    body: Any

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The vendor's error code, "" when there is none."""
        return "" if self.is_success else error_of(self.body)[0]

    @property
    def detail(self) -> str:
        """The vendor's message."""
        return "" if self.is_success else error_of(self.body)[1]


def path_of(path: str, params: Mapping[str, str]) -> str:
    """A path below `base` with its query string."""
    return f"{path}?{urlencode(params)}" if params else path


def get_all(session: SalesforceSession, paths: Sequence[str], endpoint: str) -> list[Part]:
    """GET all paths (below `base`), answers in order. One path goes alone; more go in batches of 25.

    A part that the batch could not answer for a passing reason (5xx, an expired token) is asked again on its own.
    """
    parts = get_batches(session, paths, endpoint) or []
    return parts + [get_one(session, path, endpoint) for path in paths[len(parts) :]]


def get_batches(session: SalesforceSession, paths: Sequence[str], endpoint: str) -> list[Part] | None:
    """As `get_all`, but None where the server has shown that it serves no batches."""
    if len(paths) == 1:
        return [get_one(session, paths[0], endpoint)]
    answers: list[Part] = []
    for first in range(0, len(paths), MOST_PARTS):
        parts = _batch(session, paths[first : first + MOST_PARTS], endpoint) if session.serves_batches else None
        if parts is None:
            return None
        answers += parts
    return answers


def get_one(session: SalesforceSession, path: str, endpoint: str) -> Part:
    """GET one path; a refusal is a value."""
    try:
        answer = session.send(Call("GET", session.base + path, endpoint, headers=CLIENT))
    except SalesforceRefused as refused:
        return Part(refused.status, [{"errorCode": refused.code, "message": refused.detail, "fields": list(refused.fields)}])
    return Part(answer.status, answer.json())


def _batch(session: SalesforceSession, paths: Sequence[str], endpoint: str) -> list[Part] | None:
    version = f"v{session.credentials.api_version}"
    body = {"batchRequests": [{"method": "GET", "url": version + path} for path in paths]}
    try:
        answer = session.ask("/composite/batch", f"{endpoint} (batch)", body).json()
    except SalesforceRefused:
        # Whatever it dislikes, it is said of the batch: asked one by one, each part gets an answer of its own.
        session.serves_batches = False
        return None
    results = answer.get("results") if isinstance(answer, Mapping) else None
    if not isinstance(results, list) or len(results) != len(paths):
        session.serves_batches = False
        return None
    return [_part(session, path, result, endpoint) for path, result in zip(paths, results, strict=True)]


def _part(session: SalesforceSession, path: str, result: Any, endpoint: str) -> Part:
    status = int(result.get("statusCode") or 0) if isinstance(result, Mapping) else 0
    part = Part(status, result.get("result") if isinstance(result, Mapping) else None)
    passing = status in (0, 401, 408, 429) or status >= 500 or part.code in ("REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE")
    return get_one(session, path, endpoint) if passing and part.code != "QUERY_TIMEOUT" else part
