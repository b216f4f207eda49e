"""query, queryMore, queryAll.

Belongs here: pages and locators. Running a query is in `soql/`.
"""

from __future__ import annotations

import re
from typing import Any

from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.organisation import Cursor
from alignment_pipeline.sandbox.salesforce.rest import tooling
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call
from alignment_pipeline.sandbox.salesforce.soql.run import Result, run

_LOCATOR = re.compile(r"^([0-9A-Za-z]{15,18})-(\d+)$")
_WIDE_BATCH = 200
_SMALLEST, _LARGEST = 200, 2000


def query(call: Call) -> Answer:
    """GET /query?q= : the first page."""
    if tooling.is_asked(call.query.get("q") or ""):
        return tooling.query(call)
    return _first(call, all_rows=False)


def query_all(call: Call) -> Answer:
    """GET /queryAll?q= : with deleted and archived rows."""
    return _first(call, all_rows=True)


def _first(call: Call, *, all_rows: bool) -> Answer:
    text = call.query.get("q")
    if not text:
        raise (
            ApiError(400, "MALFORMED_QUERY", "SOQL statement is empty")
            if text is not None
            else ApiError(400, "INVALID_QUERY", "q is required")
        )
    result = run(call.org.store, call.schema, text, now=call.org.world.clock.now(), version=call.version, all_rows=all_rows)
    check_timeout(call, result, text)
    batch = _batch(call, result)
    body: dict[str, Any] = {"totalSize": result.total, "done": True}
    if len(result.rows) > batch:
        locator = call.org.keep(Cursor(result, call.username, call.org.world.clock.now(), batch))
        body |= {"done": False, "nextRecordsUrl": _url(call, locator, batch)}
    body["records"] = [result.render(row) for row in result.rows[:batch]]
    return Answer(body=body)


def check_timeout(call: Call, result: Result, text: str) -> None:
    """The fault `query_timeout`: queries that find too many rows do not end in time."""
    fault = call.org.world.faults.fire("query_timeout", system="salesforce", method=call.method, path=call.path, body=text)
    if fault is not None and len(result.rows) > int(fault.options.get("rows", 0)):
        raise ApiError(400, "QUERY_TIMEOUT", "Your query request was running for too long.")


def _batch(call: Call, result: Result) -> int:
    """The page size: asked for by header within limits; wide rows come in small pages."""
    if result.wide:
        return _WIDE_BATCH
    match = re.search(r"batchsize\s*=\s*(\d+)", call.headers.get("sforce-query-options", ""), re.IGNORECASE)
    return min(max(int(match[1]), _SMALLEST), _LARGEST) if match else _LARGEST


def _url(call: Call, locator: str, start: int) -> str:
    return f"/services/data/v{call.version}/query/{locator}-{start}"


def query_more(call: Call) -> Answer:
    """GET /query/<locator>-<start> : a further page."""
    match = _LOCATOR.match(call.parts["locator"])
    if match is None:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    if call.org.world.faults.fire("expire_locator", system="salesforce", method=call.method, path=call.path) is not None:
        call.org.cursors.pop(match[1], None)
    cursor = call.org.cursor(match[1], call.username)
    start = int(match[2])
    result, end = cursor.result, int(match[2]) + cursor.batch
    if start > len(result.rows):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    body: dict[str, Any] = {"totalSize": result.total, "done": end >= len(result.rows)}
    if end < len(result.rows):
        body["nextRecordsUrl"] = _url(call, match[1], end)
    body["records"] = [result.render(row) for row in result.rows[start:end]]
    return Answer(body=body)
