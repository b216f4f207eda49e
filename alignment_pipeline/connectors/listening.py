"""What the fast lane needs of connectors: the log of a marketing system, and the CRM's records of a few people.

Belongs here: the form. A marketing system that can be listened to gives a `Log` (`connectors/marketo/listening.py`), a CRM gives
`CrmPeople` (`connectors/salesforce/people.py`). What is done with the rows: `fast_lane/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from alignment_pipeline.agreement.activity_types import ActivitySource
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.retries import RetryPolicy
from alignment_pipeline.contracts.systems.system import ActivityFeed, System

#: A poll is tried again by the lane itself, which goes on with other systems meanwhile.
RETRY = RetryPolicy(tries=3, tries_of_timeouts=1, cap_seconds=4.0, longest_retry_after_seconds=10.0)
Values = Mapping[str, str | None]
Raw = dict[str, pa.Table]
#: The rows of a system's catalogue of types, `id` and `name`, as last published; empty where it has none.
Catalogue = Callable[[], Sequence[Mapping[str, str]]]


@dataclass(frozen=True)
class Entry:
    """One row of a log. `key` is its id in the raw table; `person` the person's id, or address where the feed names people so."""

    key: str
    person: str
    happened_at: datetime
    values: Values


class Log(Protocol):
    """The log of one marketing system. Entries come in no order, and some come again: the caller knows what it has seen.

    `calls_a_poll` is what one poll costs, of `calls_a_day` that are counted from midnight in `zone`. `remark`: what a person should know of
    the last poll though it succeeded, as that a cheaper way did not work.
    """

    @property
    def counter(self) -> CallCounter: ...

    @property
    def system(self) -> System: ...

    @property
    def feed(self) -> ActivityFeed: ...

    @property
    def calls_a_poll(self) -> float: ...

    @property
    def calls_a_day(self) -> int: ...

    @property
    def zone(self) -> ZoneInfo: ...

    @property
    def remark(self) -> str | None: ...

    def prepare(self) -> None:
        """Ask for what changes rarely, when it is not known or old."""
        ...

    def token(self, since: datetime) -> str:
        """From where a poll reads that is to bring everything since a moment."""
        ...

    def poll(self, token: str) -> tuple[list[Entry], str]:
        """What may be a hand-raise since the token, and the token to ask with later. Permanent or DataLoss when it is refused."""
        ...

    def persons(self, persons: Sequence[str]) -> pa.Table:
        """Raw rows of these people, as entries name them."""
        ...

    def rows(self, values: Iterable[Values]) -> pa.Table:
        """Raw rows of entries, from their values."""
        ...


class CrmPeople(Protocol):
    """People of the CRM, read now with what reps did with them."""

    @property
    def counter(self) -> CallCounter: ...

    def prepare(self) -> None:
        """Ask for what changes rarely, when it is not known or old."""
        ...

    def read(self, ids: Mapping[str, set[str]], emails: set[str]) -> Raw:
        """Raw rows of these leads and contacts (object -> ids), of everybody with one of these addresses, and of their work."""
        ...


class Listen(Protocol):
    """Opens a marketing system's log, for what the agreement calls hand-raises. ConfigurationError when that cannot be polled for."""

    def __call__(self, environ: Mapping[str, str], clock: Clock, sources: Sequence[ActivitySource], catalogue: Catalogue) -> Log: ...


class OpenPeople(Protocol):
    """Opens the CRM for reading single people."""

    def __call__(self, environ: Mapping[str, str], clock: Clock, agreement: Agreement) -> CrmPeople: ...


def known_addresses(table: pa.Table, email: str, more_emails: str | None) -> dict[str, str]:
    """Address in lower case -> the smallest id of the people in raw rows who have it."""
    by_address: dict[str, str] = {}
    columns = [email, *([more_emails] if more_emails else [])]
    for row in sorted(table.select(["record_id", *columns]).to_pylist(), key=lambda one: str(one["record_id"])):
        for column in columns:
            for address in str(row[column] or "").split(";"):
                if address.strip():
                    by_address.setdefault(address.strip().lower(), str(row["record_id"]))
    return by_address
