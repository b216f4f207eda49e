"""The embedded organisation as its API sees it: the store, the views, cursors, bulk jobs, and the count of the day's calls.

Belongs here: state that lives beside the records. The resources that use it are in `rest/`.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.salesforce.bulk_job import Job
from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.soql.run import Result
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.salesforce.view import Views
from alignment_pipeline.sandbox.world import World


@dataclass
class Cursor:
    """The rest of a query's result."""

    result: Result
    username: str
    made_at: datetime
    batch: int


class Org:
    """One organisation behind an API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store: SalesforceStore = world.salesforce
        self.views = Views(self.store.schema, world.faults, self.store.settings, self.store.permission_sets)
        self.cursors: OrderedDict[str, Cursor] = OrderedDict()
        self.jobs: dict[str, Job] = {}
        self.numbers = itertools.count(1)
        self._used: deque[datetime] = deque()
        self._generation = self.store.generation
        self._schema_revision = world.faults.revision
        self._schema_at = world.clock.now()

    def begin(self) -> None:
        """Called before each request: late transactions appear, and a reset store forgets cursors and jobs."""
        self.store.settle()
        if self._generation != self.store.generation:
            self._generation = self.store.generation
            self.cursors.clear()
            self.jobs.clear()
            self._used.clear()

    def schema_changed_at(self) -> datetime:
        """When what users see of the schema may last have changed: any switch of a fault counts."""
        if self._schema_revision != self.world.faults.revision:
            self._schema_revision = self.world.faults.revision
            # HTTP dates have whole seconds: a change is always a later second than the one before.
            self._schema_at = max(self.world.clock.now(), self._schema_at + timedelta(seconds=1))
        return self._schema_at.replace(microsecond=0)

    # ---- limits

    @property
    def daily_limit(self) -> int:
        """The calls that the organisation may make in 24 hours."""
        rules = self.world.faults.standing("daily_limit", "salesforce")
        return int(rules[-1].options.get("max", 0)) if rules else self.store.settings.daily_api_requests

    def used(self) -> int:
        """The calls of the last 24 hours."""
        start = self.world.clock.now() - timedelta(days=1)
        while self._used and self._used[0] < start:
            self._used.popleft()
        return len(self._used)

    def charge(self) -> None:
        """Count one call. Raises ApiError 403 REQUEST_LIMIT_EXCEEDED when the day's are used up."""
        if self.used() >= self.daily_limit:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self._used.append(self.world.clock.now())

    # ---- cursors

    def keep(self, cursor: Cursor) -> str:
        """Keep the rest of a result under a locator; a user's oldest cursor is dropped beyond the limit."""
        mine = [locator for locator, one in self.cursors.items() if one.username == cursor.username]
        for locator in mine[: max(0, len(mine) + 1 - self.store.settings.cursors_per_user)]:
            del self.cursors[locator]
        locator = self.store.ids.new("01g")
        self.cursors[locator] = cursor
        return locator

    def cursor(self, locator: str, username: str) -> Cursor:
        """The cursor of a locator. Raises ApiError 400 INVALID_QUERY_LOCATOR."""
        cursor = self.cursors.get(locator)
        life = timedelta(seconds=self.store.settings.locator_seconds)
        if cursor is None or cursor.username != username or self.world.clock.now() - cursor.made_at > life:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor
