"""Assets of scoring: fit, tiers, engagement of people and accounts."""

import dagster as dg

from alignment_pipeline.defs.line import LineResource, table
from alignment_pipeline.installation import target_list
from alignment_pipeline.scoring import account_fits as account_fits_rule
from alignment_pipeline.scoring import account_scores as account_scores_rule
from alignment_pipeline.scoring import account_tiers as account_tiers_rule
from alignment_pipeline.scoring import engagement as engagement_rule
from alignment_pipeline.scoring import person_fits as person_fits_rule
from alignment_pipeline.scoring import person_scores as person_scores_rule
from alignment_pipeline.scoring import scored_activities as scored_activities_rule

_PERSONS = ("people", "person_accounts", "accounts", "account_tiers", "person_fits")


@dg.asset(**table("person_fits", deps=["people", "person_accounts", "account_tiers"]))
def person_fits(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("people", "person_accounts", "account_tiers")]
    return run.publish("person_fits", person_fits_rule.person_fits(*sources, scoring=run.agreement.scoring, **run.stamp))


@dg.asset(**table("account_fits", deps=["accounts"]))
def account_fits(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("account_fits", account_fits_rule.account_fits(run.read("accounts"), scoring=run.agreement.scoring, **run.stamp))


@dg.asset(**table("account_tiers", deps=["accounts", "account_fits", "users"]))
def account_tiers(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = (
        run.read("accounts"),
        run.read("account_fits"),
        target_list.target_list(run.agreement, agreement_path=run.home.agreement_path),
    )
    rows = account_tiers_rule.account_tiers(
        *sources, scoring=run.agreement.scoring, scope=run.agreement.scope, users=run.read("users"), **run.stamp
    )
    return run.publish("account_tiers", rows)


@dg.asset(**table("scored_activities", deps=["activities", "people", "person_records", *_PERSONS[1:], "users"]))
def scored_activities(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("activities", "people", "person_records", *_PERSONS[1:])]
    rows = scored_activities_rule.scored_activities(
        *sources, scoring=run.agreement.scoring, scope=run.agreement.scope, users=run.read("users"), **run.stamp
    )
    return run.publish("scored_activities", rows)


@dg.asset(**table("activity_exclusions", deps=["scored_activities"]))
def activity_exclusions(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    return run.publish("activity_exclusions", scored_activities_rule.activity_exclusions(run.read("scored_activities"), **run.stamp))


@dg.asset(**table("person_engagement_factors", deps=["scored_activities"]))
def person_engagement_factors(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    scored = run.read("scored_activities")
    rows = engagement_rule.person_engagement_factors(scored, scoring=run.agreement.scoring, **run.stamp)
    return run.publish("person_engagement_factors", rows)


@dg.asset(**table("person_scores", deps=["person_engagement_factors", *_PERSONS, "users"]))
def person_scores(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("person_engagement_factors", *_PERSONS)]
    rows = person_scores_rule.person_scores(
        *sources, scoring=run.agreement.scoring, scope=run.agreement.scope, users=run.read("users"), **run.stamp
    )
    return run.publish("person_scores", rows)


@dg.asset(**table("account_engagement_factors", deps=["person_engagement_factors"]))
def account_engagement_factors(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    factors = run.read("person_engagement_factors")
    rows = engagement_rule.account_engagement_factors(factors, scoring=run.agreement.scoring, **run.stamp)
    return run.publish("account_engagement_factors", rows)


@dg.asset(**table("account_scores", deps=["account_engagement_factors", "person_scores", "account_tiers", "account_fits"]))
def account_scores(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("account_engagement_factors", "person_scores", "account_tiers", "account_fits")]
    return run.publish("account_scores", account_scores_rule.account_scores(*sources, scoring=run.agreement.scoring, **run.stamp))
