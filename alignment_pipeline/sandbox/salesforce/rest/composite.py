"""/composite (with references) and /composite/batch: up to 25 calls in one.

Belongs here: running sub-requests through the same routes. Collections are in `collections.py`.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from alignment_pipeline.sandbox.salesforce.failures import ApiError, json_parser
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call
from alignment_pipeline.sandbox.salesforce.rest.dispatch import Routes, answer_of

_LIMIT = 25
_QUERIES = 5
_REFERENCE = re.compile(r"@\{([^}]+)\}")


class Composite:
    """The two resources, over a table of routes."""

    def __init__(self, routes: Routes) -> None:
        self.routes = routes

    def batch(self, call: Call) -> Answer:
        """POST /composite/batch: independent calls, one after another."""
        body = call.json_object()
        requests = body.get("batchRequests")
        if not isinstance(requests, list) or not requests:
            raise ApiError(400, "REQUIRED_FIELD_MISSING", "batchRequests is required", ["batchRequests"])
        self._check_count(requests)
        halt = bool(body.get("haltOnError", False))
        results: list[dict[str, Any]] = []
        failed = False
        for one in requests:
            if failed and halt:
                halted = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
                results.append({"statusCode": 412, "result": [halted]})
                continue
            answer = self._run(call, str(one.get("method", "GET")), str(one.get("url", "")), one.get("richInput"), {})
            failed = failed or answer.status >= 400
            results.append({"statusCode": answer.status, "result": answer.body})
        return Answer(body={"hasErrors": failed, "results": results})

    def composite(self, call: Call) -> Answer:
        """POST /composite: calls that may refer to earlier answers by `@{reference.field}`."""
        body = call.json_object()
        requests = body.get("compositeRequest")
        if not isinstance(requests, list) or not requests:
            raise ApiError(400, "REQUIRED_FIELD_MISSING", "compositeRequest is required", ["compositeRequest"])
        self._check_count(requests)
        queries = sum(1 for one in requests if "/query" in str(one.get("url", "")).lower())
        if queries > _QUERIES:
            raise ApiError(400, "LIMIT_EXCEEDED", f"Composite limit exceeded: at most {_QUERIES} query operations in one request")
        known: dict[str, Any] = {}
        results: list[dict[str, Any]] = []
        for one in requests:
            name = one.get("referenceId")
            if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in known:
                raise ApiError(400, "INVALID_INPUT", f"referenceId {name!r} is missing, malformed or used twice")
            if not isinstance(one.get("httpHeaders") or {}, dict):
                raise ApiError(400, "INVALID_INPUT", f"httpHeaders of {name} must be an object")
            known[name] = None
        for one in requests:
            name = str(one["referenceId"])
            try:
                url, rich = _filled(str(one.get("url", "")), known), _filled(one.get("body"), known)
                answer = self._run(call, str(one.get("method", "GET")), url, rich, one.get("httpHeaders") or {})
            except KeyError as error:
                failure = [{"errorCode": "PROCESSING_HALTED", "message": f"Invalid reference specified. No value for {error} found"}]
                answer = Answer(400, failure)
            if answer.status < 400:
                known[name] = answer.body
            results.append({"body": answer.body, "httpHeaders": dict(answer.headers), "httpStatusCode": answer.status, "referenceId": name})
        return Answer(body={"compositeResponse": results})

    def _check_count(self, requests: list[Any]) -> None:
        if len(requests) > _LIMIT:
            raise ApiError(400, "LIMIT_EXCEEDED", f"Too many subrequests: {len(requests)}; the limit is {_LIMIT}")
        if not all(isinstance(one, dict) for one in requests):
            raise json_parser("Cannot deserialize subrequest: objects are expected at [line:1, column:1]")

    def _run(self, call: Call, method: str, url: str, rich: Any, headers: dict[str, str]) -> Answer:
        split = urlsplit(url)
        path = split.path if split.path.startswith("/services/data/") else f"/services/data/{split.path.lstrip('/')}"
        match = re.match(r"^/services/data/v(\d+\.\d)(/.*)?$", path)
        if match is None:
            return Answer(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
        inner = replace(
            call,
            method=method.upper(),
            path=unquote(match[2] or "/"),
            version=match[1],
            query=dict(parse_qsl(split.query, keep_blank_values=True)),
            headers=_inherited(call, headers),
            body=b"" if rich is None else json.dumps(rich).encode(),
        )
        if re.match(r"^/(composite(/batch)?|jobs)(/|$)", inner.path, re.IGNORECASE) and "/sobjects" not in inner.path:
            return Answer(400, [{"errorCode": "INVALID_INPUT", "message": f"{inner.path} is not allowed as a subrequest"}])
        answer = answer_of(self.routes, inner)
        body = answer.body if not isinstance(answer.body, bytes) else answer.body.decode("utf-8")
        return replace(answer, body=body)


def _inherited(call: Call, headers: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in call.headers.items()
        if name not in ("content-type", "if-unmodified-since", "if-match", "if-modified-since")
    }
    return kept | {name.lower(): str(value) for name, value in headers.items()}


def _filled(value: Any, known: dict[str, Any]) -> Any:
    """Replace `@{name.path}` by what the named answer holds. Raises KeyError when it holds nothing there."""
    if isinstance(value, dict):
        return {key: _filled(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _lookup(whole[1], known)
    return _REFERENCE.sub(lambda match: str(_lookup(match[1], known)), value)


def _lookup(path: str, known: dict[str, Any]) -> Any:
    level: Any = known
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(level, list) and part.isdigit() and int(part) < len(level):
            level = level[int(part)]
        elif isinstance(level, dict) and part in level and level[part] is not None:
            level = level[part]
        else:
            raise KeyError(path)
    return level
