"""The assets that Marketo is read into. Without a Marketo in the environment they stay empty and say so."""

from collections.abc import Iterator

import dagster as dg

from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.raw import MARKETO
from alignment_pipeline.defs.line import LineResource, contract_check_spec, table_spec
from alignment_pipeline.defs.reading import read_into_raw
from alignment_pipeline.defs.retrying import RETRY, recoverable
from alignment_pipeline.installation import marketo


@dg.multi_asset(
    name="marketo",
    specs=[table_spec(stream.table, kinds=frozenset({"marketo"})) for stream in MARKETO],
    check_specs=[contract_check_spec(CONTRACTS[stream.table]) for stream in MARKETO],
    pool="marketo_read",
    retry_policy=RETRY,
    description="People, activities and activity types of Marketo: by bulk extract when much is new, by paging tokens when little is.",
)
def marketo_records(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    if not marketo.is_configured(run.home):
        for stream in MARKETO:
            yield run.materialized(run.warehouse.append(stream.table, []), note="no Marketo is configured: MARKETO_DOMAIN is not set")
        return
    with recoverable(), run.home.journal() as journal:
        session, custom = marketo.session(run.home), run.agreement.crm.fields_of(MARKETO_LEAD)
        yield from read_into_raw(
            run,
            "marketo",
            journal,
            lambda states, remember: MarketoExtraction(session, states, remember, custom).readings(MARKETO),
            lambda: session.counter.total,
        )
