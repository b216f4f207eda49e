"""`opportunity_states` from raw rows: 200,000 deals with 2 million rows of history, two read versions of each tenth deal, tracked owners.

    python -m alignment_pipeline_tests.benchmarks.bench_opportunity_states [DEALS] [MEMORY]

Then the pipeline metrics of one day over what was made, which are promised within 10 s on 2 cores and 2 GB. Not collected by `make test`.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging import versions
from alignment_pipeline.staging.opportunity_states import opportunity_states
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.benchmarks.bench_pipeline import FISCAL, SPANS, TODAY, one_day

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
BORN = "timestamptz '2024-06-01 00:00:00Z' + to_seconds((hash(range) % 78000000)::bigint)"
STAMP = "%Y-%m-%dT%H:%M:%S.000Z"
_DEALS = f"""
    select range as n, {BORN} as created, strftime({BORN}, '{STAMP}') as created_text,
        '006' || printf('%012d', range) || 'AAA' as deal, '005' || printf('%012d', range % 40) || 'AAA' as owner,
        '001' || printf('%012d', range % 50000) || 'AAA' as account
    from range({{deals}})
"""
_HISTORY = f"""
    with deals as ({_DEALS}), rows as (
        select *, created + to_days((k * 9)::int) as moment,
            case when k >= 8 and n % 3 = 0 then 'Closed Won' when k >= 7 and n % 3 = 1 then 'Closed Lost' else 'Stage ' || (k // 2) end
                as stage
        from deals, range({SPANS}) t(k)
    )
    select '008' || printf('%012d', n * {SPANS} + k) || 'AAA' as record_id, record_id as Id, deal as OpportunityId, stage as StageName,
        moment as known_at, true as is_reconstructed, moment as modified_at, false as is_deleted,
        md5(record_id) as row_hash, '{{{{}}}}' as custom_fields, strftime(moment, '{STAMP}') as CreatedDate,
        ((n * 7919 + k * 31) % 90000 + 1) || '.0' as Amount,
        strftime((created + to_days((60 + (n + k * 13) % 60)::int))::date, '%Y-%m-%d') as CloseDate, '50.0' as Probability,
        'Pipeline' as ForecastCategory
    from rows
"""
# each deal as it was read last, and each tenth once before, half-way
_VERSIONS = f"""
    with deals as ({_DEALS}), read as (
        select *, created + to_days((case when v = 0 then 81 else 40 end)::int) as moment
        from deals, range(2) t(v) where v = 0 or n % 10 = 0
    )
    select deal as record_id, deal as Id, moment as known_at, false as is_reconstructed, moment as modified_at,
        n % 97 = 0 and v = 0 as is_deleted, md5(deal || v) as row_hash, '{{{{}}}}' as custom_fields, 'Deal ' || n as Name,
        case when v = 1 then 'Stage 2' when n % 3 = 0 then 'Closed Won' when n % 3 = 1 then 'Closed Lost' else 'Stage 4' end as StageName,
        ((n * 7919 + 279) % 90000 + 1) || '.0' as Amount, '50.0' as Probability,
        strftime((created + to_days((60 + (n + 117) % 60)::int))::date, '%Y-%m-%d') as CloseDate,
        'false' as IsClosed, 'false' as IsWon, 'New' as Type, 'Web' as LeadSource, 'Pipeline' as ForecastCategoryName, owner as OwnerId,
        account as AccountId, created_text as CreatedDate
    from read
"""
_CHANGES = f"""
    with deals as ({_DEALS})
    select 'c' || n as change_id, 'Opportunity' as object, deal as record_id, 'OwnerId' as field,
        '005' || printf('%012d', (n + 1) % 40) || 'AAA' as old_value, owner as new_value, created + to_days(30) as changed_at,
        changed_at as earliest_at, false as is_observed, changed_at as known_at
    from deals
"""
_STAGES = """
    select '01J' || printf('%012d', SortOrder::int) || 'AAA' as record_id, record_id as Id, timestamptz '2024-01-01 00:00:00Z' as known_at,
        true as is_reconstructed, known_at as modified_at, false as is_deleted, md5(record_id) as row_hash, '{{}}' as custom_fields, *
    from (values
        ('Closed Won', 'true', 'true', '9'), ('Closed Lost', 'true', 'false', '10'), ('Stage 0', 'false', 'false', '1'),
        ('Stage 1', 'false', 'false', '2'), ('Stage 2', 'false', 'false', '3'), ('Stage 3', 'false', 'false', '4'),
        ('Stage 4', 'false', 'false', '5')) t(MasterLabel, IsClosed, IsWon, SortOrder)
"""
RAW = {
    "raw_salesforce_opportunities": _VERSIONS,
    "raw_salesforce_opportunity_stages_over_time": _HISTORY,
    "record_changes": _CHANGES,
    "raw_salesforce_opportunity_stages": _STAGES,
}


def batches(warehouse: Warehouse, name: str, query: str) -> Iterator[Any]:
    """The rows of a query in the shape of a contract; what the query does not name is null."""
    schema = CONTRACTS[name].schema
    rows = warehouse.connection.sql(query)
    named = {column.lower(): column for column in rows.columns}
    shown = [(rows[named[field.name.lower()]] if field.name.lower() in named else ibis.null("string")).name(field.name) for field in schema]
    for batch in rows.select(*shown).to_pyarrow_batches(chunk_size=200_000):
        yield batch.cast(schema)


def main() -> None:
    """Generate, measure, print."""
    deals = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    memory = sys.argv[2] if len(sys.argv) > 2 else "1400MB"
    with tempfile.TemporaryDirectory(prefix="bench-states-") as folder:
        warehouse = Warehouse(Path(folder), memory_limit=memory)
        for name, query in RAW.items():
            warehouse.replace(name, batches(warehouse, name, query.format(deals=deals)))
        stages = versions.living(warehouse.read("raw_salesforce_opportunity_stages"), as_of=AS_OF)
        given = [warehouse.read(name) for name in ("raw_salesforce_opportunities", "raw_salesforce_opportunity_stages_over_time")]
        rest = {"crm": Crm(fields=[]), "currencies": Currencies(), "fiscal": FISCAL, "as_of": AS_OF}
        survivors = warehouse.read("crm_record_states")
        begun, worked = time.perf_counter(), time.process_time()
        made = warehouse.replace(
            "opportunity_states", opportunity_states(*given, warehouse.read("record_changes"), stages, survivors, **rest)
        )
        print(
            f"{deals:,} deals, {deals * SPANS:,} rows of history -> {made.rows:,} spans: {time.perf_counter() - begun:.1f} s, "
            f"{time.process_time() - worked:.1f} s of processor, DuckDB at {memory}"
        )
        print(f"peak memory with generating: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024:.2f} GB")
        states = warehouse.read("opportunity_states")
        begun = time.perf_counter()
        moved, rows = one_day(states, TODAY)
        print(f"metrics of one day over them: {time.perf_counter() - begun:.1f} s ({moved:,} movements, {rows:,} metrics)")


if __name__ == "__main__":
    main()
