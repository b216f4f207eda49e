"""Before any row is read: what is there, what is new, and by which way each stream is best read.

Belongs here: the few combined calls that answer this for all streams at once (describes, record counts, first pages, delete
logs). Reading the streams: `extraction.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alignment_pipeline.connectors.salesforce import composite, deletes, rest_query, soql
from alignment_pipeline.connectors.salesforce.composite import Part
from alignment_pipeline.connectors.salesforce.describe import Describer, ObjectDescription
from alignment_pipeline.connectors.salesforce.selection import REQUIRED_OBJECTS, Selection, choose
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.connectors.salesforce.soql import Window
from alignment_pipeline.connectors.streams import Job, StreamState
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import Permanent

_MEMORY = timedelta(days=1)


@dataclass
class Prepared:
    """One stream, ready to be read. `selection` is None when the object is not there for this user.

    `mark`: the watermark after this reading, the earlier of both clocks, while `window` ends after the later of them.

    `is_first`: no watermark yet, so rows are reconstructed. `reload` says why everything is read although there is a watermark.
    """

    stream: RawStream
    state: StreamState
    selection: Selection | None
    window: Window
    mark: datetime
    is_first: bool
    reload: str | None = None
    expected_rows: int | None = None
    job: Job | None = None
    first: Part | None = None
    deleted: Part | None = None
    census: int | None = None
    is_described: bool = True
    is_replicateable: bool = True
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Preparation:
    """Prepares streams. `lookback` re-reads rows that became visible late; `bulk_rows_from` is where Bulk costs fewer calls."""

    session: SalesforceSession
    describer: Describer
    states: Mapping[str, StreamState]
    custom_fields: Mapping[str, Sequence[str]]
    lookback: timedelta
    bulk_rows_from: int

    def prepare(self, streams: Sequence[RawStream]) -> list[Prepared]:
        """All streams, in three calls or so. Permanent lists every required field that is missing, over all objects."""
        descriptions = self.describer.describe_all([stream.object for stream in streams], self._remembered(streams))
        now = self.session.earliest_now
        prepared, problems = [], []
        for stream in streams:
            description = descriptions[stream.object]
            try:
                if description is None and stream.object in REQUIRED_OBJECTS:
                    raise Permanent(
                        f"Salesforce {stream.object}: the object is not there, or the integration user may not read it: give its "
                        "permission set read access, then run `alignment doctor`"
                    )
                selection = choose(stream, description, self.custom_fields.get(stream.object, ())) if description else None
            except Permanent as problem:
                problems.append(problem)
                continue
            prepared.append(self._window(stream, selection, now))
            prepared[-1].is_described = not (description and description.is_remembered)
            prepared[-1].is_replicateable = description is not None and description.is_replicateable
        if problems:
            raise Permanent("\n".join(str(problem) for problem in problems))
        self._count([one for one in prepared if one.selection and one.window.start is None])
        self._take_census([one for one in prepared if one.is_first and one.selection])
        self._look([one for one in prepared if one.selection and not self.goes_by_bulk(one)], prepared, now)
        return prepared

    def goes_by_bulk(self, prepared: Prepared) -> bool:
        """True when the stream is known to be large, or a Bulk job of it is to be taken up again."""
        return prepared.job is not None or (prepared.expected_rows or 0) >= self.bulk_rows_from

    def _remembered(self, streams: Sequence[RawStream]) -> dict[str, ObjectDescription]:
        """What the last runs saw, where it answers for all that is wanted now and is less than a day old."""
        descriptions = {}
        for stream in streams:
            state = self.states.get(stream.object)
            if state is None or state.described_at is None or self.session.clock.now() - state.described_at > _MEMORY:
                continue
            wanted = {*stream.fields, *self.custom_fields.get(stream.object, ())}
            if wanted <= {*state.field_types, *state.missing}:
                descriptions[stream.object] = ObjectDescription.remembered(stream.object, state.field_types)
        return descriptions

    def _window(self, stream: RawStream, selection: Selection | None, now: datetime) -> Prepared:
        state = self.states.get(stream.object) or StreamState(stream.object)
        end = self.session.latest_now + timedelta(seconds=1)
        if selection is None or selection.stamp is None:
            return Prepared(stream, state, selection, Window(), now, state.watermark is None)
        new = sorted(set(selection.types) - set(state.field_types)) if state.field_types else []
        reload = f"read again, since {', '.join(new)} became visible or wanted" if new and state.watermark else None
        start = None if reload or state.watermark is None else state.watermark - self.lookback
        return Prepared(stream, state, selection, Window(start, end), now, state.watermark is None, reload)

    def _count(self, full: Sequence[Prepared]) -> None:
        """Cached record counts, one call for all; an object that is not counted shows its size with its first page."""
        if not full:
            return
        names = ",".join(one.stream.object for one in full)
        part = composite.get_one(self.session, composite.path_of("/limits/recordCount", {"sObjects": names}), "record counts")
        entries = part.body.get("sObjects") if part.is_success and isinstance(part.body, Mapping) else None
        counts = {str(entry.get("name")): int(entry.get("count") or 0) for entry in entries or () if isinstance(entry, Mapping)}
        for one in full:
            one.expected_rows = counts.get(one.stream.object)

    def _take_census(self, first: Sequence[Prepared]) -> None:
        """Living records of streams that are loaded for the first time, to compare with what was read. Only where it costs one call."""
        if not self.session.serves_batches or len(first) < 2:
            return
        paths = [composite.path_of("/query", {"q": soql.count(one.stream.object)}) for one in first]
        for one, part in zip(first, composite.get_all(self.session, paths, "census"), strict=True):
            if part.is_success and isinstance(part.body, Mapping) and part.body.get("totalSize") is not None:
                one.census = int(part.body["totalSize"])

    def _look(self, small: Sequence[Prepared], everyone: Sequence[Prepared], now: datetime) -> None:
        """First pages of the streams read by REST, and the delete logs of those that have a watermark."""
        asked: list[tuple[Prepared, str, str]] = []
        for one in small:
            if one.selection is None:
                continue
            query = one.selection.query(one.window, is_ordered=True)
            asked.append((one, "first", composite.path_of(rest_query.path(with_deleted=one.selection.with_deleted), {"q": query})))
        for one in everyone:
            since = one.state.watermark
            if one.selection is None or since is None or not one.stream.has_deleted:
                continue
            path = deletes.path(one.stream.object, since - self.lookback, now)
            if path is not None and self._has_log(one):
                asked.append((one, "deleted", path))
        for (one, kind, _), part in zip(asked, composite.get_all(self.session, [path for *_, path in asked], "look"), strict=True):
            if kind == "first":
                one.first = part
            else:
                one.deleted = part

    def _has_log(self, one: Prepared) -> bool:
        """Where batches are not served each log costs a call of its own: then only the objects that decisions rest on are asked."""
        return one.is_replicateable and (self.session.serves_batches or one.stream.object in REQUIRED_OBJECTS)
