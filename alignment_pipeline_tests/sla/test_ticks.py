"""A tick folds only who was touched, and ends where a full fold ends."""

from __future__ import annotations

import random
from datetime import timedelta

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla import ticks
from alignment_pipeline.sla.ledger import Ledger, sla_ledger
from alignment_pipeline_tests.sla.factories import ACCOUNT, QUEUE, REP, World, at, rows_of

START = at("2026-11-18T10:00:00")
# columns that a clock which nothing happened to keeps from its last fold
MOVING = {
    "as_of", "elapsed_minutes", "raw_minutes", "paused_minutes", "minutes_left",
    "system_minutes", "marketing_minutes", "sales_minutes", "watermark_at", "to_at",
}  # fmt: skip


def story(seed: int) -> World:
    rng = random.Random(seed)
    world = World().account(people=["lead:00Q000000000003AAA", "lead:00Q000000000004AAA"])
    for number in range(12):
        lead = f"00Q{number:012d}AAA"
        world.lead(lead, owner=REP, known_at=START - timedelta(days=9))
        for _ in range(rng.randrange(1, 6)):
            moment = START + timedelta(minutes=rng.randrange(0, 1_400))
            known = moment + timedelta(minutes=rng.choice((0, 0, 7, 300)))
            kind = rng.choice(("raise", "raise", "touch", "stage"))
            if kind == "raise":
                world.hand_raise(moment, source=f"lead:{lead}", known_at=known)
            elif kind == "touch":
                world.touch(moment, source=f"lead:{lead}", known_at=known)
            else:
                world.stage(moment, "MQL", person=f"lead:{lead}")
    world.change(
        START + timedelta(minutes=200), "OwnerId", QUEUE, REP, record="00Q000000000005AAA", known_at=START + timedelta(minutes=400)
    )
    world.deal(created=START + timedelta(minutes=300), known_at=START + timedelta(minutes=310), is_closed=False)
    return world.mqa(START + timedelta(minutes=90), ACCOUNT)


def still(table: ibis.Table) -> list[dict[str, object]]:
    rows = [{name: value for name, value in row.items() if name not in MOVING} for row in rows_of(table)]
    return sorted(rows, key=lambda row: str(sorted(row.items(), key=lambda item: item[0])))


@pytest.mark.parametrize("seed", [1])
def test_ticks_end_where_a_full_fold_ends(sla: Sla, crm: Crm, seed: int) -> None:
    world = story(seed)
    sources = world.sources(known_at=START)
    marks = {"salesforce": START, "marketo": START}
    ledger = sla_ledger(sources, sla=sla, crm=crm, as_of=START, agreement_version="test", watermarks=marks)
    folded, since = [], START
    for minutes in (5, 330, 460, 1_800):
        as_of = START + timedelta(minutes=minutes)
        marks = {"salesforce": as_of, "marketo": as_of}
        sources = world.sources(known_at=as_of)
        subjects = ticks.touched(ledger, sources, sla=sla, since=since, as_of=as_of)
        part = sla_ledger(ticks.cut(sources, subjects), sla=sla, crm=crm, as_of=as_of, agreement_version="test", watermarks=marks)
        ledger = _kept(ticks.merged(ledger, part, subjects))
        folded.append(len(subjects.people))
        since = as_of
        whole = sla_ledger(sources, sla=sla, crm=crm, as_of=as_of, agreement_version="test", watermarks=marks)
        for name in ("clocks", "slices", "escalations", "exclusions"):
            assert still(getattr(ledger, name)) == still(getattr(whole, name)), (minutes, name)


def _kept(ledger: Ledger) -> Ledger:
    tables = (ledger.clocks, ledger.slices, ledger.escalations, ledger.exclusions)
    return Ledger(*(ibis.memtable(pa.table(table.to_pyarrow())) for table in tables))


def test_who_had_no_news_is_not_folded_again(sla: Sla, crm: Crm) -> None:
    world = World()
    for number in range(5):
        world.lead(f"00Q{number:012d}AAA").hand_raise(START, source=f"lead:00Q{number:012d}AAA")
    as_of = START + timedelta(minutes=1)
    ledger = world.ledger(sla, crm, as_of)
    world.touch(as_of + timedelta(minutes=1), source="lead:00Q000000000002AAA")

    found = ticks.touched(ledger, world.sources(), sla=sla, since=as_of, as_of=as_of + timedelta(minutes=2))

    assert found.people.to_pylist() == ["lead:00Q000000000002AAA"]
