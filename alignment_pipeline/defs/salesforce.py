"""The assets that Salesforce is read into, by one login and in one step, so that the calls are planned together."""

from collections.abc import Iterator

import dagster as dg

from alignment_pipeline.connectors.salesforce.extraction import SalesforceExtraction
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.raw import SALESFORCE
from alignment_pipeline.defs.line import LineResource, contract_check_spec, table_spec
from alignment_pipeline.defs.reading import read_into_raw
from alignment_pipeline.defs.retrying import RETRY, recoverable
from alignment_pipeline.installation import salesforce

_WITH_OUR_FIELDS = ("Lead", "Contact", "Account", "Opportunity")


@dg.multi_asset(
    name="salesforce",
    specs=[table_spec(stream.table, kinds=frozenset({"salesforce"})) for stream in SALESFORCE],
    check_specs=[contract_check_spec(CONTRACTS[stream.table]) for stream in SALESFORCE],
    pool="salesforce_read",
    retry_policy=RETRY,
    description="Everything once, then what changed: each object's versions as they came, and when we learned of them.",
)
def salesforce_records(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    with recoverable(), run.home.journal() as journal:
        session = salesforce.session(run.home)
        crm = run.agreement.crm
        custom = {object_: crm.fields_of(object_) for object_ in _WITH_OUR_FIELDS} | {"Task": [crm.tasks.external_key_field]}
        yield from read_into_raw(
            run,
            "salesforce",
            journal,
            lambda states, remember: SalesforceExtraction(session, states, remember, custom_fields=custom).readings(SALESFORCE),
            lambda: session.counter.total,
        )
