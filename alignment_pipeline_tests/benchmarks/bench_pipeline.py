"""Pipeline metrics of one day over 200,000 deals with 2 million spans, beside hand-written SQL of the same sums.

    python -m alignment_pipeline_tests.benchmarks.bench_pipeline [DEALS] [DAYS]

Promised on 2 cores: one day within 10 s, a backfill of 90 days within 5 minutes, 2 GB, at most 1.5 times the SQL. Not collected by
`make test`.
"""

from __future__ import annotations

import gc
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import ibis

from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.installation import garbage_collection
from alignment_pipeline.pipeline_metrics import pipeline_metrics, pipeline_movements
from alignment_pipeline.warehouse.warehouse import Warehouse

_TIMES = 5
TODAY, SPANS, FISCAL, TERMS = date(2026, 11, 20), 10, Fiscal(), Pipeline(scopes=["owner"])
_MAKE = """
copy (
    with deals as (
        select range as n, timestamptz '2024-06-01 00:00:00Z' + to_seconds((hash(range) % 78000000)::bigint) as created from range({deals})
    ), spans as (
        select n, k, created, created + to_days((k * 9)::int) as moment,
            case when k >= 8 and n % 3 = 0 then 'won' when k >= 7 and n % 3 = 1 then 'lost' else 'open' end as stage
        from deals, range({spans}) t(k)
    )
    select printf('%018d', n) as opportunity_id, moment as valid_from_at,
        case when k < {spans} - 1 then created + to_days(((k + 1) * 9)::int) end as valid_to_at,
        stage, k::bigint as stage_order, moment as stage_entered_at,
        stage <> 'open' as is_closed, stage = 'won' as is_won,
        n % 97 = 0 and k = {spans} - 1 as is_deleted, false as is_reconstructed, (n * 7919 + k * 31) % 90000 + 1.0 as amount,
        'USD' as currency,
        (((n * 7919 + k * 31) % 90000 + 1) * 100)::bigint as amount_cents, 50.0::double as probability_pct,
        (created + to_days((60 + (n + k * 13) % 60)::int))::date as close_on,
        case when stage = 'won' then created + to_days(72) when stage = 'lost' then created + to_days(63) end as closed_at,
        'Pipeline' as forecast_category,
        'u' || ((n + k // 9) % 40) as owner_id, 'a' || (n % 50000) as account_id, 'New' as opportunity_type,
        'Web' as lead_source, null::varchar as campaign_id, created as created_at
    from spans
) to '{path}' (format parquet)
"""
_SQL = """
with cut as (select * from '{path}'),
s0 as (select *, (not is_closed and close_on between '{first}' and '{last}') as in_set from cut
       where valid_from_at < '{e0}' and (valid_to_at is null or valid_to_at >= '{e0}') and not is_deleted and created_at < '{e0}'),
s1 as (select *, (not is_closed and close_on between '{first}' and '{last}') as in_set from cut
       where valid_from_at < '{e1}' and (valid_to_at is null or valid_to_at >= '{e1}') and not is_deleted and created_at < '{e1}')
select coalesce(s0.owner_id, s1.owner_id) as scope, sum(case when s0.in_set then s0.amount_cents else 0 end) as start,
    sum(case when s1.in_set then s1.amount_cents else 0 end) as finish,
    sum(case when s0.in_set and s1.is_won then s1.amount_cents else 0 end) as won,
    sum(case when s0.in_set and s1.is_closed and not s1.is_won then s1.amount_cents else 0 end) as lost,
    sum(case when not coalesce(s0.in_set, false) and s1.in_set then s1.amount_cents else 0 end) as entered
from s0 full join s1 on s0.opportunity_id = s1.opportunity_id and s0.owner_id = s1.owner_id
group by grouping sets ((1), ())
"""


def empty(name: str) -> ibis.Table:
    """A table of a contract without rows."""
    return ibis.memtable(CONTRACTS[name].empty())


def one_day(states: ibis.Table, day: date) -> tuple[int, int]:
    """Movements and metrics of a day; returns their numbers of rows."""
    given = [empty(name) for name in ("users", "accounts", "account_tiers")]
    as_of = datetime(2026, 12, 1, tzinfo=UTC)
    stamp = {"fiscal": FISCAL, "pipeline": TERMS, "as_of": as_of, "agreement_version": "bench", "day": day}
    moved = pipeline_movements.pipeline_movements(states, *given, **stamp).to_pyarrow()
    rows = pipeline_metrics.pipeline_metrics(states, ibis.memtable(moved), *given, empty("currency_rates"), **stamp).to_pyarrow()
    return moved.num_rows, rows.num_rows


def by_hand(path: Path, day: date) -> float:
    """Seconds of the SQL for the two bridges and the eight past periods that one day takes."""
    period = FISCAL.period_of(day)
    connection = duckdb.connect()
    begun = time.perf_counter()
    cuts = [day - timedelta(days=7), period.first - timedelta(days=1)]
    for since in cuts:
        connection.execute(_query(path, since, day, period.first, period.last)).fetchall()
    number, past = period.business_days(day), period
    for _number in range(TERMS.max_periods):
        past = FISCAL.before(past)
        connection.execute(_query(path, past.day(number), day, past.first, past.last)).fetchall()
    return time.perf_counter() - begun


def _query(path: Path, since: date, day: date, first: date, last: date) -> str:
    return _SQL.format(path=path, e0=FISCAL.end_of(since).isoformat(), e1=FISCAL.end_of(day).isoformat(), first=first, last=last)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Generate, measure, print."""
    deals = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 90
    with tempfile.TemporaryDirectory(prefix="bench-pipeline-") as folder:
        path = Path(folder) / "states.parquet"
        duckdb.connect().execute(_MAKE.format(deals=deals, spans=SPANS, path=path))
        # as a run works it out: on the warehouse's connection, in a process that collects garbage as ours do
        garbage_collection.collect_less_often()
        states = Warehouse(Path(folder) / "home").connection.read_parquet(path)
        moved, rows = one_day(states, TODAY)
        by_hand(path, TODAY)
        # in turn, so that both meet the same machine
        times = [(_seconds(lambda: one_day(states, TODAY)), by_hand(path, TODAY)) for _number in range(_TIMES)]
        ours, theirs = (statistics.median(one) for one in zip(*times, strict=True))
        print(
            f"{deals:,} deals, {deals * SPANS:,} spans: one day {ours:.2f} s ({moved:,} movements, {rows:,} metrics); "
            f"SQL {theirs:.2f} s; {ours / theirs:.2f} times (1.5 asked), medians of {_TIMES}"
        )
        begun = time.perf_counter()
        for number in range(days):
            one_day(states, TODAY - timedelta(days=number))
            # as an engine does once a million rows were published
            if number % 5 == 4:
                gc.collect()
        print(f"backfill of {days} days: {time.perf_counter() - begun:.0f} s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024:.2f} GB")


if __name__ == "__main__":
    main()
