"""An independent reading of the promises: it walks minute by minute and asks each one what the wall clock shows.

Shares no code with `alignment_pipeline/sla/`: no interval, no sum table, no array. Slow on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
LIMIT = timedelta(days=45)


@dataclass(frozen=True)
class Office:
    """Open hours by wall clock."""

    week: tuple[tuple[tuple[int, int], ...], ...]
    closed: frozenset[date] = frozenset()
    seen: dict[tuple[str, frozenset[date]], dict[datetime, bool]] = field(default_factory=dict, compare=False)

    def is_open(self, moment: datetime, zone: str, away: frozenset[date] = frozenset()) -> bool:
        mine = self.seen.setdefault((zone, away), {})
        found = mine.get(moment)
        if found is None:
            found = mine[moment] = self._is_open(moment, zone, away)
        return found

    def _is_open(self, moment: datetime, zone: str, away: frozenset[date]) -> bool:
        local = moment.astimezone(_zone(zone))
        if local.date() in self.closed or local.date() in away:
            return False
        minute = local.hour * 60 + local.minute
        return any(opens <= minute < closes for opens, closes in self.week[local.weekday()])


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@dataclass(frozen=True)
class Promise:
    """One policy."""

    name: str
    office: Office | None
    zone: str  # rep, lead, or a zone's name
    target: int
    at_risk: int
    starts_at_assignment: bool
    again: str
    pre_touch: timedelta
    holds_pause: bool
    hold_cap: timedelta


@dataclass
class Case:
    """What happened to one lead, as known."""

    lead_zone: str
    first_owner: str | None
    raises: list[datetime] = field(default_factory=list)
    touches: list[datetime] = field(default_factory=list)
    owners: list[tuple[datetime, str | None]] = field(default_factory=list)
    holds: list[tuple[datetime, bool]] = field(default_factory=list)
    deleted: datetime | None = None
    converted: datetime | None = None


@dataclass
class Clock:
    """A clock on its way."""

    trigger: datetime
    start: datetime
    owner: str | None
    used: int = 0
    paused: int = 0
    due: datetime | None = None
    at_risk: datetime | None = None
    stop: datetime | None = None
    cancel: datetime | None = None
    pre_touched: bool = False
    frozen: tuple[str | None, bool] | None = None
    by_owner: dict[str | None, int] = field(default_factory=dict)
    used_then: int | None = None
    paused_then: int | None = None

    end: datetime | None = None

    def ends(self, moment: datetime, state: tuple[str | None, bool], *, cancelled: bool) -> None:
        self.end, self.frozen = moment, state
        if cancelled:
            self.cancel = moment
        else:
            self.stop = moment


def is_human(owner: str | None) -> bool:
    return owner is not None and owner.startswith("005")


def walk(case: Case, promise: Promise, *, as_of: datetime, zone_of: dict[str, str], away: dict[str, frozenset[date]]) -> list[Clock]:
    """All clocks of one lead under one promise, in order of their start."""
    clocks: list[Clock] = []
    owner, hold_since, waiting = case.first_owner, None, None
    changes = sorted(case.owners, key=lambda one: one[0])
    holds = sorted(case.holds, key=lambda one: one[0])
    moments = [*case.raises, *case.touches, *(one[0] for one in changes), *(one[0] for one in holds)]
    touches, raises = set(case.touches), set(case.raises)
    now = min(moments, default=as_of)
    # in all other minutes nothing happens to the lead: only its clocks run on
    eventful = {now, *moments, *(at + promise.hold_cap for at, _ in holds), case.deleted, case.converted}
    free_after: datetime | None = None

    def held(moment: datetime) -> bool:
        return promise.holds_pause and hold_since is not None and is_human(owner) and moment - hold_since < promise.hold_cap

    state = (owner, False)
    while now < as_of + LIMIT:
        if now not in eventful:
            for clock in clocks:
                _minute(clock, promise, case, now, as_of, state, zone_of, away)
            now += MINUTE
            if now > as_of and _are_told(clocks):
                break
            continue
        for clock in clocks:
            if clock.end is None and now in touches:
                clock.ends(now, state, cancelled=False)
            if clock.end is None and case.deleted is not None and now >= case.deleted:
                clock.ends(now, state, cancelled=True)
        while changes and changes[0][0] <= now:
            owner = changes.pop(0)[1]
        while holds and holds[0][0] <= now:
            switched = holds.pop(0)[1]
            hold_since = (hold_since or now) if switched else None
        state = (owner, held(now))
        alive = case.deleted is None or now < case.deleted
        blocking = clocks[-1] if clocks else None
        if blocking is not None and free_after is None and now in raises:
            ends = [moment for moment in (blocking.end, blocking.due if promise.again == "after_due" else None) if moment]
            free_after = min(ends, default=None)
        is_free = blocking is None or (free_after is not None and now > free_after and promise.again != "never")
        if now in raises and is_free and waiting is None and alive:
            waiting = now
        if waiting is not None and (not promise.starts_at_assignment or is_human(owner)):
            if not promise.starts_at_assignment or alive or waiting < (case.deleted or now):
                clocks.append(_started(case, promise, waiting, now, owner))
                free_after = None
                if clocks[-1].pre_touched or now in touches:
                    clocks[-1].ends(now, state, cancelled=False)
                elif not alive:
                    clocks[-1].ends(now, state, cancelled=True)
            waiting = None
        for clock in clocks:
            _minute(clock, promise, case, now, as_of, state, zone_of, away)
        now += MINUTE
        if now > as_of and _are_told(clocks):
            break
    for clock in clocks:
        if clock.used_then is None:
            clock.used_then, clock.paused_then = clock.used, clock.paused
    return clocks


def _are_told(clocks: list[Clock]) -> bool:
    """Every clock has come due; what ended during a hold never does."""
    return all(clock.due is not None or (clock.frozen is not None and clock.frozen[1]) for clock in clocks)


def _started(case: Case, promise: Promise, trigger: datetime, now: datetime, owner: str | None) -> Clock:
    window = min(trigger - promise.pre_touch, now)
    return Clock(trigger, now, owner, pre_touched=any(window <= touch < now for touch in case.touches))


def _minute(
    clock: Clock, promise: Promise, case: Case, now: datetime, as_of: datetime, state: tuple[str | None, bool],
    zone_of: dict[str, str], away: dict[str, frozenset[date]],
) -> None:  # fmt: skip
    ended = clock.end is not None
    if (ended or now >= as_of) and clock.used_then is None:
        clock.used_then, clock.paused_then = clock.used, clock.paused
    if clock.due is not None and ended:
        return
    owner, is_held = clock.frozen if clock.frozen is not None else state
    if is_held:
        clock.paused += 1
        return
    if promise.office is not None:
        zone = promise.zone
        if zone == "rep":
            zone = zone_of[owner] if is_human(owner) else "America/New_York"
        elif zone == "lead":
            zone = case.lead_zone
        if not promise.office.is_open(now, zone, away.get(owner or "", frozenset()) if is_human(owner) else frozenset()):
            return
    clock.used += 1
    if clock.used_then is None:
        clock.by_owner[owner] = clock.by_owner.get(owner, 0) + 1
    if clock.used == promise.at_risk and clock.at_risk is None:
        clock.at_risk = now + MINUTE
    if clock.used == promise.target and clock.due is None:
        clock.due = now + MINUTE


def state_of(clock: Clock, *, as_of: datetime, watermark: datetime, paused: bool) -> str:
    """The state's name."""
    if clock.stop is not None and (clock.cancel is None or clock.stop <= clock.cancel):
        if clock.due is None or clock.stop <= clock.due:
            return "met"
        return "met_late" if clock.due < watermark else "unknown"
    if clock.cancel is not None:
        return "cancelled"
    if clock.due is not None and clock.due <= as_of:
        return "breached" if clock.due < watermark else "unknown"
    if paused:
        return "paused"
    return "at_risk" if clock.at_risk is not None and clock.at_risk <= as_of else "pending"


def is_paused(case: Case, promise: Promise, as_of: datetime) -> bool:
    """Whether a hold keeps the lead's clocks still at the moment."""
    owner, since = case.first_owner, None
    events: Iterable[tuple[datetime, str, object]] = sorted(
        [(at, "owner", who) for at, who in case.owners] + [(at, "hold", on) for at, on in case.holds], key=lambda one: one[0]
    )
    for at, kind, value in events:
        if at > as_of:
            break
        if kind == "owner":
            owner = value if isinstance(value, str) else None
        elif value:
            since = since or at
        else:
            since = None
    return promise.holds_pause and is_human(owner) and since is not None and as_of - since < promise.hold_cap


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
