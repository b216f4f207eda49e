"""Queries by REST: the first page, and the following ones by the server's locator.

Belongs here: pages of one query. Restarting from a watermark and splitting windows: `windows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alignment_pipeline.connectors.answers import JSON
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.errors import DataLoss, Retryable

Record = Mapping[str, Any]


def path(*, with_deleted: bool) -> str:
    """`/queryAll` adds soft-deleted and merged records and archived activities."""
    return "/queryAll" if with_deleted else "/query"


def first_page(session: SalesforceSession, query: str, endpoint: str, *, with_deleted: bool = False) -> JSON:
    """The first page of a query, as the server gives it."""
    return session.get(path(with_deleted=with_deleted), endpoint, params={"q": query}).json()


def records(
    session: SalesforceSession, query: str, endpoint: str, *, with_deleted: bool = False, first: JSON | None = None
) -> Iterator[Record]:
    """All records of a query, pages followed by `nextRecordsUrl` only (page sizes are not promised).

    DataLoss when fewer records came than `totalSize` said: a page was cut without an error.
    """
    page = first if first is not None else first_page(session, query, endpoint, with_deleted=with_deleted)
    total, seen, links = None, 0, set[str]()
    while True:
        if not isinstance(page, Mapping) or not isinstance(page.get("records"), list):
            raise Retryable(f"{endpoint}: a page without records")
        total = int(page["totalSize"]) if total is None and page.get("totalSize") is not None else total
        seen += len(page["records"])
        yield from page["records"]
        if page.get("done", True):
            break
        link = str(page.get("nextRecordsUrl") or "")
        if not link or link in links:
            raise DataLoss(f"{endpoint}: the query is not done, but its next page is {'the same again' if link else 'not named'}")
        links.add(link)
        page = session.follow(link, endpoint).json()
    if total is not None and seen < total:
        raise DataLoss(f"{endpoint}: the query has {total} records, its pages hold {seen}")
