"""Assets of identity: one person across Marketo, leads and contacts."""

import dagster as dg

from alignment_pipeline.defs.line import LineResource, table
from alignment_pipeline.identity import people as people_rule
from alignment_pipeline.identity import person_records as person_records_rule

_SOURCES = ("contacts", "leads", "marketo_persons")


@dg.asset(**table("person_records", deps=[*_SOURCES, "crm_record_states"]))
def person_records(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in (*_SOURCES, "crm_record_states")]
    return run.publish("person_records", person_records_rule.person_records(*sources, definitions=run.agreement.people))


@dg.asset(**table("people", deps=[*_SOURCES, "person_records"]))
def people(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in (*_SOURCES, "person_records")]
    return run.publish("people", people_rule.people(*sources, definitions=run.agreement.people))
