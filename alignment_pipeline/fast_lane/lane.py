"""One round of the fast lane: look, remember, read, decide, plan, write, forget.

Belongs here: the order of a round and what it may do. A round is idempotent: whatever it is interrupted in, the next one goes on, and the
journal's keys (the Task's external key, the operation's key) keep anything from being written twice. It writes only what a signed
standing approval covers; its batches take the CRM lease in turn with a full run's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import ibis

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.activity_types import HAND_RAISE
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.loader import AgreementError
from alignment_pipeline.connectors.crm import Crm
from alignment_pipeline.connectors.listening import Log
from alignment_pipeline.connectors.registry import crm_of, listened_to
from alignment_pipeline.contracts.systems.registry import MARKETING
from alignment_pipeline.errors import ConfigurationError, QuotaExhausted, Retryable
from alignment_pipeline.fast_lane import decisions, overlay, polling, writing
from alignment_pipeline.fast_lane.arrivals import PersonIds, Reader, open_reader
from alignment_pipeline.fast_lane.decisions import Decider, Tables
from alignment_pipeline.fast_lane.memory import LONGEST_WAIT, OVERLAP, HandRaise, Memory
from alignment_pipeline.fast_lane.overlay import CATALOGUES, People
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.fast_lane.writing import Tick
from alignment_pipeline.installation import stream_states
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import acquire, is_held
from alignment_pipeline.line.run import maker
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.operations import write_back
from alignment_pipeline.staging import versions

LEASE = "fast-lane"
#: Held by the one process that is warm and waits for the lane's lease.
STANDBY = "fast-lane-standby"
# the last tables of a full run are published last: once they are new, all are
REHEARSED = (*CATALOGUES, "crm_record_states", "record_changes", "accounts", "users", "field_updates")
_MOST_PEOPLE = 50
NO_RECORD = "has no lead or contact in the CRM yet: the clock runs, the Task waits for the record"
GONE = "is no person of the marketing system now (not yet, or merged or deleted)"
NO_LOG = "the fast lane listens to a marketing system, and none is configured that it can poll: set its credentials"
IN_QUEUE = "is owned by a queue: the Task waits for a rep"


class NeverRead(ConfigurationError):
    """No full run has read this system's log yet."""


@dataclass
class Lane:
    """The warm state of one process: sessions, published tables, the account index. Use `opened`."""

    home: Home
    journal: Journal
    memory: Memory
    store: Store
    _rehearsed: tuple[object, ...] | None = None
    _agreement_stamp: int = 0
    _index: tuple[tuple[int, ...], AccountIndex] | None = None

    @property
    def agreement(self) -> Agreement:
        """The agreement in force when the lane was opened."""
        return self.home.agreement

    @cached_property
    def reader(self) -> Reader:
        """The marketing systems that can be listened to, and the CRM, read only."""
        return open_reader(self.home.environ, self.home.clock, self.agreement, self._catalogue)

    def _catalogue(self, name: str) -> list[Mapping[str, str]]:
        return self.store.rows(self.store.read(name).select("id", "name").distinct()).to_pylist()

    @cached_property
    def writer(self) -> Crm:
        """The CRM with the writer's credentials."""
        return write_back.crm_alone(self.home)

    def refresh_index(self) -> AccountIndex:
        """The account index of the published accounts; built again only when they were published again."""
        version = self.store.versions(*decisions.INDEX_READS)
        if self._index is None or self._index[0] != version:
            self._index = (version, decisions.account_index(self.store, self.agreement, self.home.clock.now()))
        return self._index[1]

    @property
    def index(self) -> AccountIndex:
        """The index at hand, one version old at most while hand-raisers wait: they do not wait for it to be built."""
        return self._index[1] if self._index is not None else self.refresh_index()

    def is_outdated(self) -> bool:
        """Whether the agreement's file says something else than when the lane was opened; one that is not valid counts as unchanged."""
        try:
            stamp = self.home.agreement_path.stat().st_mtime_ns
            if stamp == self._agreement_stamp:
                return False
            self._agreement_stamp = stamp
            return loader.load(self.home.agreement_path).version != self.agreement.version
        except (AgreementError, OSError):
            return False

    def warm(self) -> None:
        """Do beforehand what the first round would wait for."""
        self.reader.prepare()
        _ = self.writer.organization_id
        self.rehearse()

    def rehearse(self) -> None:
        """Go through the rules for nobody, when tables were published again or the day is another: the next round then finds the index and
        all expressions ready."""
        index = self.refresh_index()
        if self.is_ready():
            return
        now, state = self.home.clock.now(), self._state()
        try:
            nobody = People(frozenset(), frozenset(), {})
            raw = overlay.raw_tables(self.store, nobody, {})
            self._hand_raises([], Tick(at=now))
            Decider(self.store, raw, nobody, self.agreement, index, now).decide()
            self._rehearsed = state
        finally:
            self.store.let_go()

    def is_ready(self) -> bool:
        """Whether the rules were gone through since tables were last published, today."""
        return self._rehearsed == self._state()

    def _state(self) -> tuple[object, ...]:
        return self.home.clock.now().date(), self.store.versions(*REHEARSED)

    def tick(self, *, may_answer: bool = True, logs: Collection[str] | None = None) -> Tick:
        """One round. Retryable errors of the outside are raised; what was learned before them is remembered.

        Without `may_answer` it only looks and remembers. `logs` names the systems to poll, all without it.
        """
        tick = Tick(at=self.home.clock.now())
        before = self._counted()
        try:
            self._look(tick, logs)
            due = self.memory.due(self.home.clock.now())[:_MOST_PEOPLE]
            if due and not may_answer:
                tick.note = "the share of the CRM's calls is used up: hand-raises wait for the full run"
            elif due:
                self._answer(due, tick)
        finally:
            spent = {name: number - before.get(name, 0) for name, number in self._counted().items()}
            tick.calls = {name: number for name, number in spent.items() if number}
            self.memory.spend(self.home.clock.now(), **tick.calls)
            if tick.polled or not tick.is_idle:
                self.memory.save(self.journal)
        return tick

    def _look(self, tick: Tick, logs: Collection[str] | None = None) -> None:
        """Poll, and keep what is new before anything is done about it. A system that cannot be polled now does not hold up the others."""
        failed: list[Exception] = []
        for name in self.reader.logs if logs is None else logs:
            before = list(self.memory.trail(name))
            try:
                arrived = self._poll(self.reader.logs[name])
            except (Retryable, QuotaExhausted, NeverRead) as error:
                failed.append(error)
                tick.unread[name] = str(error)
                continue
            tick.polled += len(arrived)
            if (remark := self.reader.logs[name].remark) is not None:
                tick.remarks[name] = remark
            self.memory.open |= {one.guid: one for one in arrived}
            if arrived or before != self.memory.trails[name]:
                self.memory.save(self.journal)
        if failed and len(failed) == len(self.reader.logs):
            raise failed[0]

    def peek(self) -> list[HandRaise]:
        """What is new in all logs; nothing of it is kept."""
        return [one for log in self.reader.logs.values() for one in self._poll(log)]

    def _poll(self, log: Log) -> list[HandRaise]:
        return polling.poll(log, self.memory, now=self.home.clock.now(), since=self._first_moment(log))

    def _first_moment(self, log: Log) -> datetime:
        """Where the first poll begins: where the full run's reading ended."""
        stream = next(one.object for one in log.system.streams if one.table == log.feed.table)
        mark = stream_states.load(self.journal, log.system.name).get(stream)
        now = self.home.clock.now()
        if mark is None or mark.watermark is None:
            raise NeverRead("the fast lane works over the tables of a full run, and there was none yet: `alignment run` first")
        return max(mark.watermark - OVERLAP, now - LONGEST_WAIT)

    def _answer(self, due: Sequence[HandRaise], tick: Tick) -> None:
        """Read, decide, plan and write for these; then forget those who have their answer."""
        try:
            raised = self._hand_raises(due, tick)
            if not raised:
                return
            persons = self.reader.persons(raised)
            ids = self.reader.person_ids(raised, persons)
            known = overlay.known_records(self.store, {(system, one) for (system, _), one in ids.items()})
            arrivals = persons | self.reader.records(persons, known) | self.reader.log_rows(raised)
            people = overlay.people_of(self.store, arrivals)
            raw = overlay.raw_tables(self.store, people, arrivals)
            decided = Decider(self.store, raw, people, self.agreement, self.index, self.home.clock.now()).decide()
            refused = writing.write(self.home, self.journal, self.writer, self.store, decided, tick)
            self._settle(raised, ids, decided, refused, tick)
        finally:
            self.store.let_go()

    def _hand_raises(self, due: Sequence[HandRaise], tick: Tick) -> list[HandRaise]:
        """Those whom staging's rule calls hand-raises; the others are forgotten here and counted by the full run."""
        polled = self.reader.polled_rows(due)
        # only what was polled: every other table that the rule reads is empty here
        read = dict.fromkeys(one.table for one in maker("activities").inputs if one.table not in CATALOGUES)
        raw = {name: self.store.contract(name, [polled[name]] if name in polled else [], held_as=f"polled_{name}") for name in read}
        catalogues = {name: self.store.read(name) for name in CATALOGUES}

        def hand_raises() -> ibis.Table:
            tables = raw | {name: versions.living(rows, as_of=datetime.max.replace(tzinfo=UTC)) for name, rows in catalogues.items()}
            called = maker("activities").call(lambda one: tables[one.table], agreement=self.agreement, as_of=None)
            activities = called["activities"]
            return activities.filter((activities.category == HAND_RAISE) & ~activities.is_bot)

        wanted = self.store.prepared(("hand_raises", self.agreement.version), hand_raises)
        keys = set(self.store.rows(wanted.select("activity_id"))["activity_id"].to_pylist())
        for one in due:
            if one.activity_id not in keys:
                self.memory.open.pop(one.guid, None)
                tick.no_hand_raise += 1
        return [one for one in due if one.activity_id in keys]

    def _settle(self, raised: Sequence[HandRaise], ids: PersonIds, decided: Tables, refused: str | None, tick: Tick) -> None:
        """Forget the answered, keep the waiting with their reason, give up those who waited a day."""
        now = self.home.clock.now()
        reasons = self._open_reasons(decided)
        for one in raised:
            why = refused or reasons.get((one.system, ids.get((one.system, one.person), "")), GONE)
            if why is None:
                self.memory.open.pop(one.guid, None)
                tick.answered.append(one.guid)
            elif now - one.learned_at > LONGEST_WAIT:
                self.memory.open.pop(one.guid, None)
                tick.given_up.append(one.guid)
            else:
                self.memory.open[one.guid] = one.waiting(now, why)
                tick.waiting[one.guid] = why

    def _open_reasons(self, decided: Tables) -> dict[tuple[str, str], str | None]:
        """(System, person's id) -> what the Task still waits for, None when for nothing."""
        systems = {system.people.object: system.name for system in MARKETING if system.people is not None}
        records, people = (self.store.rows(decided[name]) for name in ("person_records", "people"))
        of_marketing = [row for row in records.to_pylist() if row["object"] in systems]
        person = {(systems[row["object"]], row["record_id"]): row["person_id"] for row in of_marketing}
        in_crm = {row["person_id"] for row in records.to_pylist() if row["is_alive"] and row["object"] in ("Lead", "Contact")}
        queued = {row["person_id"] for row in people.to_pylist() if row["is_owned_by_queue"]}
        return {one: NO_RECORD if who not in in_crm else IN_QUEUE if who in queued else None for one, who in person.items()}

    def _counted(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        if "reader" in self.__dict__:
            totals = self.reader.calls()
        if "writer" in self.__dict__:
            crm = crm_of(self.home.environ).system.name
            totals[crm] = totals.get(crm, 0) + self.writer.calls()
        return totals


@contextmanager
def opened(home: Home) -> Iterator[Lane]:
    """The lane of this process, which may look and get warm; rounds need `leading`. ConfigurationError where there is no log to poll."""
    if not listened_to(home.environ):
        raise ConfigurationError(NO_LOG)
    with home.journal() as journal:
        yield Lane(home, journal, Memory.load(journal), Store.opened(home))


@contextmanager
def leading(lane: Lane) -> Iterator[Lane]:
    """The one process that answers, with what the one before it remembered. Raises AnotherWriter while another one leads."""
    with acquire(lane.journal, LEASE):
        lane.memory = Memory.load(lane.journal)
        yield lane


@contextmanager
def standing_by(lane: Lane) -> Iterator[None]:
    """The one process that waits to lead. Raises AnotherWriter when another one does already."""
    with acquire(lane.journal, STANDBY):
        yield


def processes(home: Home) -> int:
    """How many living processes lead or stand by: 0, 1 or 2."""
    with home.journal() as journal:
        return sum(is_held(journal, name) for name in (LEASE, STANDBY))


def peek(home: Home) -> list[str]:
    """GUIDs of what a round would work on now, for one or two calls; nothing is remembered or written."""
    with home.journal() as journal:
        lane = Lane(home, journal, Memory.load(journal), Store.opened(home))
        arrived = lane.peek()
        return sorted({one.guid for one in arrived} | {one.guid for one in lane.memory.due(home.clock.now())})
