"""Assets of matching: which account each person belongs to, and what people said of it."""

from collections.abc import Iterator

import dagster as dg
import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stamped
from alignment_pipeline.defs.line import Line, LineResource, table, tables
from alignment_pipeline.matching import lead_account_matches as lead_account_matches_rule
from alignment_pipeline.matching import match_labels as match_labels_rule
from alignment_pipeline.matching import person_accounts as person_accounts_rule
from alignment_pipeline.matching.blocking import duplicates
from alignment_pipeline.matching.decision import impact, labels
from alignment_pipeline.matching.names.rarity import RarityTable


@dg.asset(**table("match_labels", deps=["people"]))
def match_labels(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    known = run.read("match_labels")
    # the matches of the run before: what the rep saw when the box was ticked
    ticks = match_labels_rule.new_ticks(run.read("people"), run.read("lead_account_matches"), known, as_of=run.as_of)
    return run.publish("match_labels", match_labels_rule.match_labels(known, ticks))


@dg.asset(**table("match_rule_precisions", deps=["match_labels"]))
def match_rule_precisions(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    rows = match_labels_rule.match_rule_precisions(run.read("match_labels"), matching=run.agreement.matching, **run.stamp)
    return run.publish("match_rule_precisions", rows)


@dg.asset(**table("match_word_rarities", deps=["accounts"]))
def match_word_rarities(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    frozen = run.read("match_word_rarities").to_pyarrow()
    before = RarityTable.from_table(frozen) if frozen.num_rows else None
    if before is not None and before.counted_on is not None and before.counted_on >= run.as_of.date():
        return run.publish("match_word_rarities", frozen, note="frozen today already")
    names = run.read("accounts").select("name").to_pyarrow().column("name").to_pylist()
    after = RarityTable.count([name or "" for name in names], counted_on=run.as_of.date())
    moved = impact.rarity_changes(before, after)[:20] if before is not None else []
    changes = [{"word": word, "before": was, "after": now} for word, was, now in moved]
    return run.publish("match_word_rarities", after.to_table(), words=len(after.counts), largest_changes=changes)


@dg.multi_asset(
    name="lead_account_matches",
    **tables(
        "lead_account_matches",
        "match_moves",
        "account_duplicates",
        "lead_duplicates",
        deps=["people", "accounts", "contacts", "leads", "match_labels", "match_rule_precisions", "match_word_rarities"],
    ),
)
def lead_account_matches(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
    run = line.open(context)
    before = run.read("lead_account_matches").to_pyarrow()
    demoted = labels.demoted_rules(run.read("match_rule_precisions").to_pyarrow())
    settings = lead_account_matches_rule.settings_of(run.agreement.matching, agreement_version=run.agreement.version, demoted=demoted)
    rarity = RarityTable.from_table(run.read("match_word_rarities").to_pyarrow())
    index = lead_account_matches_rule.account_index(run.read("accounts"), run.read("contacts"), settings=settings, rarity=rarity)
    always, never = match_labels_rule.corrections(run.read("match_labels"))
    matched = lead_account_matches_rule.lead_account_matches(
        run.read("people"), index, settings=settings, always=always, never=never, **run.stamp
    )
    yield run.publish("lead_account_matches", matched, rarity_version=rarity.version, demoted_rules=sorted(demoted))
    yield _moves(run, before)
    yield run.publish("account_duplicates", duplicates.account_duplicates(index))
    leads = run.read("leads")
    yield run.publish("lead_duplicates", duplicates.lead_duplicates(leads.filter(~leads.is_converted).to_pyarrow()))


@dg.asset(**table("person_accounts", deps=["people", "lead_account_matches", "accounts", "crm_record_states"]))
def person_accounts(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    sources = [run.read(name) for name in ("people", "lead_account_matches", "accounts", "crm_record_states")]
    return run.publish("person_accounts", person_accounts_rule.person_accounts(*sources, **run.stamp))


@dg.asset_check(asset="match_rule_precisions")
def no_rule_is_demoted(context: dg.AssetCheckExecutionContext, line: LineResource) -> dg.AssetCheckResult:
    """No kind of evidence has lost so much precision, by people's labels, that its matches go to review."""
    rows = line.open(context).read("match_rule_precisions").to_pyarrow().to_pylist()
    demoted = [row for row in rows if row["is_demoted"]]
    return dg.AssetCheckResult(
        passed=not demoted,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"rules_with_labels": len(rows), "demoted": [row["rule"] for row in demoted]},
        description="; ".join(row["reason"] for row in demoted) or None,
    )


def _moves(run: Line, before: pa.Table) -> dg.MaterializeResult:
    after = run.read("lead_account_matches").to_pyarrow()
    moved = impact.moves(_by_lead(before), _by_lead(after)) if before.num_rows else impact.MOVES.empty_table()
    counts = [f"{row['leads']} {row['from_decision']} -> {row['to_decision']}" for row in impact.summary(moved).to_pylist()]
    renamed = moved.rename_columns(["person_id", *moved.column_names[1:]])
    return run.publish("match_moves", stamped(renamed, CONTRACTS["match_moves"], **run.stamp), moves=counts)


def _by_lead(matches: pa.Table) -> pa.Table:
    return matches.drop_columns(["lead_id"]).rename_columns(
        ["lead_id" if name == "person_id" else name for name in matches.column_names if name != "lead_id"]
    )
