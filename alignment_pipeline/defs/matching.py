"""Assets of matching: which account each person belongs to."""

import dagster as dg

from alignment_pipeline.defs.line import LineResource, table
from alignment_pipeline.matching import lead_account_matches as lead_account_matches_rule
from alignment_pipeline.matching import person_accounts as person_accounts_rule


@dg.asset(**table("lead_account_matches", deps=["people", "accounts", "contacts"]))
def lead_account_matches(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    settings = lead_account_matches_rule.settings_of(run.agreement.matching, agreement_version=run.agreement.version)
    index = lead_account_matches_rule.account_index(run.read("accounts"), run.read("contacts"), settings=settings)
    rows = lead_account_matches_rule.lead_account_matches(run.read("people"), index, settings=settings, **run.stamp)
    return run.publish("lead_account_matches", rows)


@dg.asset(**table("person_accounts", deps=["people", "lead_account_matches", "accounts", "crm_record_states"]))
def person_accounts(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("people", "lead_account_matches", "accounts", "crm_record_states")]
    return run.publish("person_accounts", person_accounts_rule.person_accounts(*sources, **run.stamp))
