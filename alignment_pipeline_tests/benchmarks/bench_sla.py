"""A million clocks: one full fold of generated people, in wall time and peak memory.

    python -m alignment_pipeline_tests.benchmarks.bench_sla [CLOCKS]

Prints the numbers that the project promises (1M clocks, 2 cores: 60 s and 4 GB). Not collected by `make test`.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.sla.ledger import sla_ledger
from alignment_pipeline.sla.timelines.sources import Sources

BEGIN, AS_OF = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 11, 20, 15, tzinfo=UTC)
ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Asia/Kolkata",
    "America/Sao_Paulo",
)
REPS = 400
TICKS = (10, 1_000, 10_000, 100_000)
WEEK = {day: ["09:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
RUNG = {"notify": ["rep"], "task_to": "rep", "subject": "{person}", "body": "{reason}"}


def agreement() -> Sla:
    """Two policies for every hand-raise, with a ladder."""
    both = {
        "trigger": {"event": "activity", "categories": ["hand_raise"]},
        "stops": [{"event": "touch"}, {"event": "disposition"}],
        "calendar": "hours", "zone": "rep", "again": "after_due", "pauses": ["hold", "leave"],
    }  # fmt: skip
    rungs = [{"name": "rep", "at_share": 1, **RUNG}, {"name": "manager", "at_share": 6, **RUNG}]
    return Sla.model_validate(
        {
            "calendars": [{"name": "hours", "week": WEEK, "holidays": ["US"]}],
            "escalation": {"ladders": [{"name": "sales", "rungs": rungs}]},
            "policies": [
                {
                    "name": "first_touch",
                    "title": "First touch",
                    "start": "assignment",
                    "target": {"minutes": 30},
                    "ladder": "sales",
                    **both,
                },
                {"name": "speed_to_lead", "title": "Speed to lead", "target": {"minutes": 30}, **both},
            ],
        }
    )


def filled(name: str, size: int, columns: dict[str, object]) -> ibis.Table:
    """A contract's table with these columns, and plain values elsewhere."""
    zero = {"string": "x", "int64": 0, "float64": 0.0, "boolean": False, "timestamp": BEGIN, "date": BEGIN.date(), "json": "null"}
    arrays = []
    for column in CONTRACTS[name].columns:
        given = columns.get(column.name)
        if given is None:
            given = pa.repeat(pa.scalar(None if column.nullable else zero[column.type], column.arrow.type), size)
        elif isinstance(given, np.ndarray) and column.type == "timestamp":
            given = pa.array(given).cast(pa.timestamp("us", tz="UTC"))
        arrays.append(given)
    return ibis.memtable(pa.table(arrays, schema=CONTRACTS[name].schema))


def ids(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 12, "0"), "AAA", "")


def sources(people: int, seed: int = 1, first: int = 0) -> Sources:
    """One lead per person with a hand-raise; 60 % are touched, 40 % wait in a queue first, 10 % change the rep. Ids count from `first`."""
    rng = np.random.default_rng(seed)
    number = np.arange(people)
    leads, reps, queue = ids("00Q", first + number), ids("005", np.arange(REPS)), "00G000000000001AAA"
    keys = pc.binary_join_element_wise("lead", leads, ":")
    span = microseconds(AS_OF) - microseconds(BEGIN)
    raised = microseconds(BEGIN) + rng.integers(0, span // 1_000_000, people) * 1_000_000
    rep = rng.integers(0, REPS, people)
    queued = np.flatnonzero(rng.random(people) < 0.4)
    moved = np.flatnonzero(rng.random(people) < 0.1)
    touched = np.flatnonzero(rng.random(people) < 0.6)
    second = rng.integers(0, REPS, people)
    owner = rep.copy()
    owner[moved] = second[moved]
    assigned = raised[queued] + rng.integers(1, 240, len(queued)) * 60_000_000
    moved_at = raised[moved] + rng.integers(300, 2_000, len(moved)) * 60_000_000
    record = np.append(queued, moved)
    old = pa.concat_arrays([pa.repeat(pa.scalar(queue), len(queued)), reps.take(pa.array(rep[moved]))])
    new = pa.concat_arrays([reps.take(pa.array(rep[queued])), reps.take(pa.array(second[moved]))])
    at = np.append(assigned, moved_at)
    touches = raised[touched] + rng.integers(1, 3_000, len(touched)) * 60_000_000
    changes = len(record)
    return Sources.empty().with_tables(
        people=filled("people", people, {"person_id": keys}),
        person_records=filled("person_records", people, {"source_key": keys, "person_id": keys, "record_id": leads}),
        leads=filled("leads", people, {"lead_id": leads, "owner_id": reps.take(pa.array(owner)), "status": pa.repeat("Open", people)}),
        users=filled("users", REPS, {"user_id": reps, "time_zone": pa.array([ZONES[one % len(ZONES)] for one in range(REPS)]),
                                     "is_active": pa.repeat(True, REPS)}),
        activities=filled("activities", people, {
            "activity_id": ids("marketo:", first + number), "source_key": keys, "activity_type": pa.repeat("form_fill", people),
            "category": pa.repeat("hand_raise", people), "occurred_at": raised, "known_at": raised}),
        touches=filled("touches", len(touched), {
            "touch_id": ids("00T", first + touched), "source_key": keys.take(pa.array(touched)),
            "user_id": reps.take(pa.array(owner[touched])),
            "touch_type": pa.repeat("call", len(touched)), "direction": pa.repeat("outbound", len(touched)),
            "is_completed": pa.repeat(True, len(touched)), "occurred_at": touches}),
        record_changes=filled("record_changes", changes, {
            "change_id": ids("017", 2 * first + np.arange(changes)), "object": pa.repeat("Lead", changes),
            "record_id": leads.take(pa.array(record)),
            "field": pa.repeat("OwnerId", changes), "old_value": old, "new_value": new, "changed_at": at, "earliest_at": at}),
    )  # fmt: skip


def tick(tables: Sources, crm: Crm, touched: int) -> None:
    """So many people touched a minute later, folded as the fast lane folds: with their own rows alone."""
    later = AS_OF + timedelta(minutes=1)
    mine = tables.people.select("person_id").order_by("person_id").limit(touched).to_pyarrow()["person_id"]
    begin, cpu = time.perf_counter(), time.process_time()
    records = pc.replace_substring(mine, "lead:", "")
    cut = dict.fromkeys(("people", "person_records"), ("person_id", mine))
    cut |= dict.fromkeys(("activities", "touches"), ("source_key", mine))
    cut |= {"leads": ("lead_id", records), "record_changes": ("record_id", records)}
    part = {
        name: ibis.memtable(getattr(tables, name).semi_join(ibis.memtable(pa.table({column: values})), column).to_pyarrow())
        for name, (column, values) in cut.items()
    }
    found = time.process_time()
    marks = {"salesforce": later, "marketo": later}
    ledger = sla_ledger(tables.with_tables(**part), sla=agreement(), crm=crm, as_of=later, agreement_version="bench", watermarks=marks)
    rows, end = int(ledger.clocks.count().execute()), time.process_time()
    print(f"tick of {touched:,} people, {rows:,} clocks: {time.perf_counter() - begin:.1f} s of wall time")
    print(f"  {end - cpu:.2f} s of processor time: {found - cpu:.2f} to read their rows, {end - found:.2f} to fold them")


def main() -> None:
    clocks = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    tables = sources(clocks // 2)
    crm = Crm(fields=[])
    begin, cpu = time.perf_counter(), time.process_time()
    ledger = sla_ledger(
        tables, sla=agreement(), crm=crm, as_of=AS_OF, agreement_version="bench", watermarks={"salesforce": AS_OF, "marketo": AS_OF}
    )
    found = ledger.clocks.group_by("state").agg(clocks=lambda table: table.count()).order_by("state").to_pyarrow().to_pylist()
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    total = sum(row["clocks"] for row in found)
    print(f"{total:,} clocks, {int(ledger.slices.count().execute()):,} slices, {int(ledger.escalations.count().execute()):,} rungs")
    print(", ".join(f"{row['state']} {row['clocks']:,}" for row in found))
    print(f"fold: {seconds:.1f} s of wall time (promised 60 s on 2 free cores), {cpu:.1f} s of processor time")
    for touched in TICKS:
        tick(tables, crm, touched)
    print(f"peak memory {peak:.2f} GB, the generated data included (promised 4 GB)")


if __name__ == "__main__":
    main()
