"""The ledger against a walk over every minute: same starts, stops, due times, states and shares.

`ALIGNMENT_SLA_CASES=10000` runs the whole comparison; the suite runs a few hundred cases.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, date, datetime, timedelta

import holidays
import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla import oracle
from alignment_pipeline_tests.sla.factories import QUEUE, World, rows_of

ZONES = (
    "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "Europe/London",
    "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca",
)  # fmt: skip
# around the changes of clocks: United States, Europe, Lord Howe (half an hour), Morocco (Ramadan)
WEEKS = ("2026-03-05", "2026-03-26", "2026-10-01", "2026-10-22", "2026-10-29", "2026-02-12", "2026-12-21", "2026-06-10")
CASES = int(os.environ.get("ALIGNMENT_SLA_CASES", "96"))
PER_FOLD = 12 if CASES < 1_000 else 250
USERS = {f"0050000000{number:05d}AAA": ZONES[number % len(ZONES)] for number in range(1, 17)}
DAY = [(0, 1440)]
LUNCH = [(8 * 60, 12 * 60), (12 * 60 + 30, 17 * 60)]
HOURS = {"lunch": [LUNCH] * 4 + [[(8 * 60, 12 * 60)], [], []], "night": [[(0, 3 * 60), (22 * 60, 1440)]] * 7}


def _week(hours: list[list[tuple[int, int]]]) -> dict[str, list[str]]:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {
        name: [f"{opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}" for opens, closes in spans]
        for name, spans in zip(names, hours, strict=True)
        if spans
    }


def _agreement(away: dict[str, frozenset[date]]) -> Sla:
    def policy(name: str, **more: object) -> dict[str, object]:
        return {"name": name, "title": name, "trigger": {"event": "activity"}, "stops": [{"event": "touch"}], **more}

    business = {"time": "business", "pauses": ["hold", "leave"]}
    return Sla.model_validate(
        {
            "calendars": [
                {"name": "lunch", "time_zone": "America/New_York", "week": _week(HOURS["lunch"]), "holidays": ["US"]},
                {"name": "night", "time_zone": "America/New_York", "week": _week(HOURS["night"])},
            ],
            "lead_zones": [{"country": zone, "time_zone": zone} for zone in ZONES],
            "leave": [
                {"email": f"u{user[10:15]}@us.example", "first_day": min(days), "last_day": max(days)} for user, days in away.items()
            ],
            "pauses": {"hold_cap_hours": 20, "hold_needs_reason": False},
            "policies": [
                policy("rep", **business, calendar="lunch", zone="rep", target={"minutes": 50}, again="after_due"),
                policy("touch", **business, calendar="lunch", zone="rep", target={"minutes": 200}, start="assignment", pre_touch_hours=2),
                policy("lead", **business, calendar="lunch", zone="lead", target={"minutes": 600}, again="never"),
                policy("night", **business, calendar="night", zone="rep", target={"minutes": 250}, again="after_due"),
                policy("round", time="calendar", target={"minutes": 900}, start="assignment", pauses=["hold"]),
            ],
        }
    )


def _promises() -> list[oracle.Promise]:
    us_holidays = frozenset(holidays.country_holidays("US", years=(2025, 2026, 2027)))
    lunch = oracle.Office(tuple(tuple(spans) for spans in HOURS["lunch"]), us_holidays)
    night = oracle.Office(tuple(tuple(spans) for spans in HOURS["night"]))
    cap, none, two = timedelta(hours=20), timedelta(0), timedelta(hours=2)
    return [
        oracle.Promise("rep", lunch, "rep", 50, 40, False, "after_due", none, True, cap),
        oracle.Promise("touch", lunch, "rep", 200, 160, True, "after_stop", two, True, cap),
        oracle.Promise("lead", lunch, "lead", 600, 480, False, "never", none, True, cap),
        oracle.Promise("night", night, "rep", 250, 200, False, "after_due", none, True, cap),
        oracle.Promise("round", None, "", 900, 720, True, "after_stop", none, True, cap),
    ]


def _case(rng: random.Random, begin: datetime, as_of: datetime) -> tuple[oracle.Case, oracle.Case]:
    """A lead's whole history, and the part of it that is known at as_of (some news arrive late)."""

    def moment() -> datetime:
        return begin + timedelta(minutes=rng.randrange(int((as_of - begin) / oracle.MINUTE) + 60))

    owners: list[str | None] = [*USERS, QUEUE]
    whole = oracle.Case(rng.choice(ZONES), rng.choice(owners))
    whole.raises = sorted({moment() for _ in range(rng.choice((1, 1, 2, 3)))})
    whole.touches = sorted({moment() for _ in range(rng.choice((0, 0, 1, 2)))})
    whole.owners = [(at, rng.choice(owners)) for at in sorted({moment() for _ in range(rng.choice((0, 1, 2, 3)))})]
    switches = sorted({moment() for _ in range(rng.choice((0, 0, 1, 2, 3)))})
    whole.holds = [(at, number % 2 == 0) for number, at in enumerate(switches)]
    if rng.random() < 0.1:
        whole.deleted = moment()
    if whole.deleted is not None and whole.deleted > as_of:
        whole.deleted = None
    if whole.deleted is None and rng.random() < 0.25:
        _convert(whole, rng, moment(), owners, as_of)
    late = timedelta(minutes=rng.choice((0, 0, 0, 5, 90)))
    known = oracle.Case(
        whole.lead_zone,
        whole.first_owner,
        [at for at in whole.raises if at <= as_of],
        [at for at in whole.touches if at + late <= as_of],
        [(at, who) for at, who in whole.owners if at + late <= as_of or at == whole.converted],
        [(at, on) for at, on in whole.holds if at <= as_of],
        whole.deleted,
        whole.converted,
    )
    return whole, known


def _convert(case: oracle.Case, rng: random.Random, moment: datetime, owners: list[str | None], as_of: datetime) -> None:
    """From the moment on a contact stands for the lead, with an owner of its own and no hold; it may be deleted later."""
    if moment > as_of or moment in {at for at, _ in case.owners} | {at for at, _ in case.holds}:
        return
    case.converted = moment
    case.owners = sorted([*case.owners, (moment, rng.choice(owners))], key=lambda one: one[0])
    before = [(at, on) for at, on in case.holds if at < moment]
    case.holds = [*before, (moment, False)] if before and before[-1][1] else before
    if rng.random() < 0.2 and moment + timedelta(hours=5) <= as_of:
        case.deleted = moment + timedelta(hours=5)


def _tell(world: World, number: int, case: oracle.Case, begin: datetime) -> str:
    lead, contact = f"00Q{number:012d}AAA", f"003{number:012d}AAA"
    key, created = f"lead:{lead}", begin - timedelta(days=3)
    owner, its_record, its_object = case.first_owner, lead, "Lead"
    lead_owner = owner
    for at, new in case.owners:
        if at == case.converted:
            lead_owner, its_record, its_object = owner, contact, "Contact"
        elif new != owner:
            world.change(at, "OwnerId", owner, new, record=its_record, object_=its_object)
        owner = new
    held = False
    for at, on in case.holds:
        if at != case.converted:
            world.change(at, "Alignment_On_Hold__c", str(held).lower(), str(on).lower(), record=lead)
            held = on
    if case.converted is None:
        world.lead(lead, owner=owner, created=created, is_on_hold=held)
    else:
        world.lead(lead, owner=lead_owner, created=created, is_on_hold=held, is_converted=True, converted_at=case.converted)
        world.contact(contact, person=key, owner=owner, created=case.converted)
    next(row for row in world.rows["people"] if row["person_id"] == key)["country"] = case.lead_zone
    for at in case.raises:
        world.hand_raise(at, source=key)
    for at in case.touches:
        world.touch(at, source=f"contact:{contact}" if case.converted and at >= case.converted else key)
    if case.deleted:
        _delete(world, case, its_object, its_record, created)
    return key


def _delete(world: World, case: oracle.Case, object_: str, record: str, created: datetime) -> None:
    world.add("crm_record_states", object=object_, record_id=record, is_deleted=True, survivor_id=record, modified_at=case.deleted)
    world.rows["leads" if object_ == "Lead" else "contacts"].pop()
    began = case.converted or created
    owner = dict(case.owners)[case.converted] if case.converted else case.first_owner
    # the history names the moment at which the deleted record was created and the owner that it had
    world.change(began, "created", None, None, record=record, object_=object_)
    world.change(began, "OwnerId", owner, owner, record=record, object_=object_)


@pytest.mark.parametrize("fold", range(max(1, CASES // PER_FOLD)))
def test_ledger_equals_a_walk_over_every_minute(crm: Crm, fold: int) -> None:
    rng = random.Random(4_711 + fold)
    begin = datetime.fromisoformat(WEEKS[fold % len(WEEKS)]).replace(tzinfo=UTC)
    as_of = begin + timedelta(minutes=rng.randrange(1_440, 7 * 1_440))
    watermark = as_of - timedelta(minutes=rng.choice((0, 0, 30, 600)))
    away = {user: frozenset({begin.date() + timedelta(days=2), begin.date() + timedelta(days=3)}) for user in rng.sample(sorted(USERS), 4)}
    world = World()
    world.rows["users"] = []
    for user, zone in USERS.items():
        world.user(user, time_zone=zone, email=f"u{user[10:15]}@us.example")
    cases = {}
    for number in range(PER_FOLD):
        known = _case(rng, begin, as_of)[1]
        cases[_tell(world, number, known, begin)] = known
    for rows in world.rows.values():
        rng.shuffle(rows)

    ledger = world.ledger(_agreement(away), crm, as_of, watermark=watermark)
    shares: dict[str, dict[object, float]] = {}
    for row in rows_of(ledger.slices):
        if row["elapsed_minutes"]:
            mine = shares.setdefault(str(row["clock_id"]), {})
            mine[row["owner_id"]] = mine.get(row["owner_id"], 0.0) + float(str(row["elapsed_minutes"]))
    actual = {}
    for row in rows_of(ledger.clocks):
        actual[row["subject_id"], row["policy"], row["started_at"]] = (
            row["state"], row["trigger_at"], row["due_at"], row["at_risk_at"], row["stopped_at"], row["elapsed_minutes"],
            row["paused_minutes"], row["is_pre_touched"], shares.get(str(row["clock_id"]), {}),
        )  # fmt: skip
    expected = {}
    for key, case in cases.items():
        for promise in _promises():
            for clock in oracle.walk(case, promise, as_of=as_of, zone_of=USERS, away=away if promise.office else {}):
                state = oracle.state_of(clock, as_of=as_of, watermark=watermark, paused=oracle.is_paused(case, promise, as_of))
                stop = clock.stop if clock.cancel is None or (clock.stop and clock.stop <= clock.cancel) else None
                expected[key, promise.name, clock.start] = (
                    state, clock.trigger, clock.due, clock.at_risk, stop, clock.used_then,
                    clock.paused_then, clock.pre_touched, clock.by_owner,
                )  # fmt: skip

    assert len(expected) > PER_FOLD
    assert sorted(expected) == sorted(actual)
    for key, wanted in expected.items():
        assert wanted == actual[key], key
