"""Assets of the lifecycle: MQA and stages, now and over time."""

from collections.abc import Iterator

import dagster as dg

from alignment_pipeline.defs.line import LineResource, tables
from alignment_pipeline.lifecycle.mqa import mqa_statuses as mqa_statuses_rule
from alignment_pipeline.lifecycle.stages import account_stages as account_stages_rule
from alignment_pipeline.lifecycle.stages import person_stages as person_stages_rule

_MQA = ("scored_activities", "person_fits", "accounts", "account_tiers", "opportunities")


@dg.multi_asset(name="account_mqa_tables", **tables("account_mqa_changes", "account_mqa_statuses", deps=_MQA))
def account_mqa(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    sources = [run.read(name) for name in _MQA]
    lifecycle, scoring = run.agreement.lifecycle, run.agreement.scoring
    found = mqa_statuses_rule.account_mqa_tables(*sources, mqa=lifecycle.mqa, scoring=scoring, **run.stamp)
    yield from (run.publish(name, rows) for name, rows in found.items())


@dg.multi_asset(name="person_stage_tables", **tables("person_stage_changes", "person_stages", deps=person_stages_rule.INPUTS))
def person_stages(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    found = person_stages_rule.person_stage_tables(run.tables(*person_stages_rule.INPUTS), agreement=run.agreement, **run.stamp)
    yield from (run.publish(name, rows) for name, rows in found.items())


@dg.multi_asset(name="account_stage_tables", **tables("account_stage_changes", "account_stages", deps=account_stages_rule.INPUTS))
def account_stages(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    found = account_stages_rule.account_stage_tables(run.tables(*account_stages_rule.INPUTS), agreement=run.agreement, **run.stamp)
    yield from (run.publish(name, rows) for name, rows in found.items())
