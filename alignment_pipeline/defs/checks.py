"""Asset checks beyond the contract: what a person would look at before trusting a run.

Belongs here: checks over published tables. The contract check (keys, types, nulls) is part of every publication (`line.py`).
Blocking checks stop what depends on the asset; the others warn.
"""

import dagster as dg
import ibis

from alignment_pipeline.contracts.systems.registry import STREAMS
from alignment_pipeline.defs.line import Line
from alignment_pipeline.defs.line_resource import LineResource

# shares above which a person should look; the guard's own limits, which stop a write, are in the agreement
QUARANTINED_SHARE, FLAPPING_SHARE = 0.01, 0.05
FLAPS = 3


def _count(run: Line, rows: ibis.Table) -> int:
    return int(run.warehouse.connection.to_pyarrow(rows.count()).as_py())


def _none_of(run: Line, rows: ibis.Table, problem: str) -> dg.AssetCheckResult:
    """Passed when the table is empty; says how many rows have the problem otherwise."""
    count = _count(run, rows)
    return dg.AssetCheckResult(
        passed=count == 0,
        metadata={"rows": count},
        description=f"{count} rows: {problem}" if count else None,
        severity=dg.AssetCheckSeverity.ERROR,
    )


def _factors_add_up(run: Line, factors: str, scores: str, key: str) -> dg.AssetCheckResult:
    table = run.read(factors)
    sums = table.group_by(key).agg(factor_micro=table.contribution_micro.sum())
    score = run.read(scores)
    joined = score.left_join(sums, key, rname="{name}_sums")
    return _none_of(
        run, joined.filter(joined.engagement_micro != joined.factor_micro.fill_null(0)), "the factors do not add up to the score"
    )


@dg.asset_check(asset="person_scores", blocking=True, additional_deps=["person_engagement_factors"])
def person_factors_add_up(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """The factors of every person add up exactly to the score, in integer micro-points."""
    return _factors_add_up(line.open(context), "person_engagement_factors", "person_scores", "person_id")


@dg.asset_check(asset="account_scores", blocking=True, additional_deps=["account_engagement_factors"])
def account_factors_add_up(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """The factors of every account add up exactly to the score, in integer micro-points."""
    return _factors_add_up(line.open(context), "account_engagement_factors", "account_scores", "account_id")


@dg.asset_check(asset="lead_account_matches", blocking=True, additional_deps=["accounts"])
def matched_accounts_exist(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """Every account that a match names is a living one."""
    run = line.open(context)
    matches = run.read("lead_account_matches")
    named = matches.filter(matches.account_id.notnull())
    return _none_of(run, named.anti_join(run.read("accounts"), "account_id"), "the matched account does not exist")


@dg.asset_check(asset="field_updates", blocking=True)
def only_mapped_fields(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """Nothing is to be written but fields of the agreement's field map, and nothing that people own."""
    run = line.open(context)
    updates = run.read("field_updates")
    # the status of a task that we made is ours too, while no person has changed it
    mapped = [*(f"{mapping.object}.{mapping.field}" for mapping in run.agreement.crm.fields), "Task.Status"]
    return _none_of(run, updates.filter(~(updates.object + "." + updates.field).isin(mapped)), "the field is not in the field map")


@dg.asset_check(asset="person_stage_changes", blocking=True)
def stays_follow_each_other(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """A person is in one stage at a time: each stay ends when the next begins."""
    run = line.open(context)
    stays = run.read("person_stage_changes")
    order = ibis.window(group_by="person_id", order_by="sequence")
    following = stays.mutate(next_at=stays.entered_at.lead().over(order))
    return _none_of(
        run, following.filter(~following.left_at.identical_to(following.next_at)), "the stay overlaps the next, or leaves a gap"
    )


@dg.asset_check(asset="account_mqa_changes", additional_deps=["account_mqa_statuses"])
def mqas_do_not_flap(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """Few accounts go in and out of MQA: hysteresis, dwell and cooldown hold."""
    run = line.open(context)
    changes = run.read("account_mqa_changes")
    times = changes.group_by("account_id").agg(times=changes.count())
    ever, flapping = _count(run, times), _count(run, times.filter(times.times >= FLAPS))
    share = flapping / ever if ever else 0.0
    return dg.AssetCheckResult(
        passed=share <= FLAPPING_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"flap_rate": share, "accounts_ever_mqa": ever, "flapping": flapping},
        description=f"{flapping} of {ever} accounts became an MQA {FLAPS} times or more: look at the MQA thresholds, dwell and cooldown",
    )


@dg.asset_check(asset="quarantined_rows")
def little_is_quarantined(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """Few rows could not be read; each is kept with its reason."""
    run = line.open(context)
    quarantined = _count(run, run.read("quarantined_rows"))
    rows = sum(
        _count(run, run.read(name)) for name in ("accounts", "contacts", "leads", "opportunities", "marketing_persons", "activities")
    )
    share = quarantined / rows if rows else 0.0
    return dg.AssetCheckResult(
        passed=share <= QUARANTINED_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"quarantined": quarantined, "share": share},
        description=f"{quarantined} rows of {rows} are in quarantine; their reasons are in the table quarantined_rows",
    )


@dg.asset_check(asset="extractions")
def nothing_required_is_hidden(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """The integration user sees every object and optional field that is read."""
    run = line.open(context)
    rows = run.read("extractions")
    mine = rows.filter(rows.run_id == run.run_id)
    # an object that only some organisations have is no loss; its note in `extractions` says what its absence means
    expected = ~mine.object.isin([stream.object for stream in STREAMS if stream.only_with])
    hidden = mine.filter(((mine.method == "absent") & expected) | (mine.missing_fields != "[]")).select("object", "missing_fields", "note")
    problems = run.warehouse.connection.to_pyarrow(hidden).to_pylist()
    return dg.AssetCheckResult(
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"hidden": problems},
        description="; ".join(f"{row['object']}: {row['note'] or row['missing_fields']}" for row in problems) or None,
    )
