"""The assets that Salesforce is read into, by one login and in one step, so that the calls are planned together."""

from collections.abc import Iterator

import dagster as dg

from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.raw import SALESFORCE
from alignment_pipeline.defs import progress
from alignment_pipeline.defs.line import LineResource, contract_check_spec, table_spec
from alignment_pipeline.defs.retrying import RETRY, recoverable
from alignment_pipeline.runtime import extraction, salesforce, stream_states


@dg.multi_asset(
    name="salesforce",
    specs=[table_spec(stream.table, kinds=frozenset({"salesforce"})) for stream in SALESFORCE],
    check_specs=[contract_check_spec(CONTRACTS[stream.table]) for stream in SALESFORCE],
    pool="salesforce_read",
    retry_policy=RETRY,
)
def salesforce_records(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    """Everything once, then what changed: each object's versions as they came, and when we learned of them."""
    run = line.open(context)
    crm = run.agreement.crm
    with recoverable():
        journal = run.home.journal()
        session = salesforce.session(run.home)
        reader = SalesforceExtraction(
            session,
            states=stream_states.load(journal, "salesforce"),
            remember=lambda state: stream_states.save(journal, "salesforce", state),
            custom_fields={object_: crm.fields_of(object_) for object_ in ("Lead", "Contact", "Account", "Opportunity")},
        )
        stored = extraction.store(
            reader.readings(SALESFORCE), system="salesforce", warehouse=run.warehouse, journal=journal, told=progress.report
        )
        rows = list(extraction.extraction_rows(stored, run_id=run.run_id, system="salesforce"))
        run.warehouse.append("extractions", extraction.extractions_table(rows))
        journal.close()
    context.log.info("Salesforce: %d API calls", session.counter.total)
    for one in stored:
        report = one.report
        yield run.materialized(
            one.published,
            api_calls=report.calls,
            api_calls_of_the_step=session.counter.total,
            method=report.method,
            received=report.rows,
            missing_fields=list(report.missing_fields),
            note=report.note or "",
        )
