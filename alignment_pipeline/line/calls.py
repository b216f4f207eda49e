"""Rules whose arguments are put together from several tables.

Belongs here: a few lines between a row of `steps.py` and a rule, where the rule takes a bundle, a list of corrections or an index. Nothing
is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.matching import Matching
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.personas import Personas
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import stacked, stamped
from alignment_pipeline.field_updates import field_updates as updates_rule
from alignment_pipeline.lifecycle.backtest import backtest
from alignment_pipeline.lifecycle.backtest import mql_backtest as mql_rule
from alignment_pipeline.lifecycle.stages import person_stages
from alignment_pipeline.matching import contact_account_conflicts as conflicts_rule
from alignment_pipeline.matching import lead_account_matches as matches_rule
from alignment_pipeline.matching import match_labels as labels_rule
from alignment_pipeline.matching import match_word_rarities as rarities_rule
from alignment_pipeline.matching.blocking import duplicates
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.decision import impact, labels
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline.scoring import person_fits
from alignment_pipeline.sla.escalation import tasks
from alignment_pipeline.sla.ledger import sla_ledger as ledger_rule
from alignment_pipeline.sla.standing import commitments, measures
from alignment_pipeline.sla.timelines.sources import Sources
from alignment_pipeline.staging import crm_field_values as values_rule

Tables = Mapping[str, ibis.Table]
Watermarks = Mapping[str, datetime | None]

CRM_VALUES = values_rule.TABLES | values_rule.MARKETO
SLA_SOURCES = tuple("crm_record_states" if name == "record_states" else name for name in Sources.__dataclass_fields__)
MQA_BACKTEST_SOURCES = (
    "scored_activities", "person_fits", "accounts", "account_tiers", "opportunities", "users", "raw_marketo_activities",
)  # fmt: skip
MQL_BACKTEST_SOURCES = (*(name for name in person_stages.INPUTS if name != "account_mqa_changes"), "raw_marketo_activities")


def crm_field_values(raw: Tables, *, escalation_tasks: ibis.Table, crm: Crm) -> ibis.Table:
    """`crm_field_values` of records and of the tasks that we created."""
    records = values_rule.crm_field_values({object_: raw[table] for object_, table in CRM_VALUES.items()}, crm=crm)
    return stacked([records, values_rule.task_statuses(escalation_tasks)], CONTRACTS["crm_field_values"])


def match_labels(people: ibis.Table, last_matches: ibis.Table, known: ibis.Table, *, as_of: datetime) -> ibis.Table:
    """The known labels and the boxes that were ticked since the run before."""
    return labels_rule.match_labels(known, labels_rule.new_ticks(people, last_matches, known, as_of=as_of))


def match_word_rarities(frozen: ibis.Table, accounts: ibis.Table, *, as_of: datetime) -> pa.Table:
    """The frozen counts of today, or new ones."""
    return rarities_rule.match_word_rarities(frozen.to_pyarrow(), accounts, day=as_of.date())


def matching_settings(precisions: ibis.Table, *, matching: Matching, agreement_version: str) -> MatchingSettings:
    """The matcher's numbers, with the rules that labels have demoted."""
    demoted = labels.demoted_rules(precisions.to_pyarrow())
    return matches_rule.settings_of(matching, agreement_version=agreement_version, demoted=demoted)


def account_index(accounts: ibis.Table, contacts: ibis.Table, settings: MatchingSettings, rarities: ibis.Table) -> AccountIndex:
    """What batches of leads are matched against."""
    return matches_rule.account_index(accounts, contacts, settings=settings, rarity=RarityTable.from_table(rarities.to_pyarrow()))


def lead_account_matches(
    people: ibis.Table,
    index: AccountIndex,
    settings: MatchingSettings,
    match_labels: ibis.Table,
    *,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """Matches that follow what people said."""
    always, never = labels_rule.corrections(match_labels)
    return matches_rule.lead_account_matches(
        people, index, settings=settings, always=always, never=never, as_of=as_of, agreement_version=agreement_version
    )


def contact_account_conflicts(
    people: ibis.Table,
    index: AccountIndex,
    settings: MatchingSettings,
    match_labels: ibis.Table,
    *,
    as_of: datetime,
    agreement_version: str,
) -> pa.Table:
    """Contacts on a wrong account, less what people said."""
    _always, never = labels_rule.corrections(match_labels)
    return conflicts_rule.contact_account_conflicts(
        people, index, settings=settings, never=never, as_of=as_of, agreement_version=agreement_version
    )


def match_moves(last_matches: ibis.Table, matches: ibis.Table, *, as_of: datetime, agreement_version: str) -> pa.Table:
    """Whose decision or account differs from the run before; nobody's in the first run."""
    last = last_matches.to_pyarrow()
    moved = impact.moves(_by_lead(last), _by_lead(matches.to_pyarrow())) if last.num_rows else impact.MOVES.empty_table()
    renamed = moved.rename_columns(["person_id", *moved.column_names[1:]])
    return stamped(renamed, CONTRACTS["match_moves"], as_of=as_of, agreement_version=agreement_version)


def _by_lead(matches: pa.Table) -> pa.Table:
    kept = matches.drop_columns(["lead_id"])
    return kept.rename_columns(["lead_id" if name == "person_id" else name for name in kept.column_names])


def lead_duplicates(leads: ibis.Table) -> pa.Table:
    """Open leads that are probably the same person."""
    return duplicates.lead_duplicates(leads.filter(~leads.is_converted).to_pyarrow())


def title_readings(people: ibis.Table, *, personas: Personas) -> ibis.Table:
    """Each distinct job title read once."""
    return person_fits.title_readings(people.select("title").distinct(), personas=personas)


def sla_sources(tables: Tables) -> Sources:
    """The bundle that the SLA rules read."""
    given = {name: tables["crm_record_states" if name == "record_states" else name] for name in Sources.__dataclass_fields__}
    return Sources(**given)


def marketing_commitments(
    sources: Sources,
    feeds: Watermarks,
    *,
    sla: Sla,
    crm: Crm,
    fiscal: Fiscal,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """Marketing's promises and how they stand."""
    counted = measures.Measures.of(sources, sla=sla, crm=crm, pipeline=pipeline, as_of=as_of)
    return commitments.marketing_commitments(
        sources, counted, sla=sla, fiscal=fiscal, as_of=as_of, agreement_version=agreement_version, watermarks=feeds
    )


def sla_ledger(
    sources: Sources,
    feeds: Watermarks,
    marketing_commitments: ibis.Table,
    users: ibis.Table,
    *,
    sla: Sla,
    crm: Crm,
    as_of: datetime,
    agreement_version: str,
) -> tuple[ibis.Table, ibis.Table, ibis.Table, ibis.Table]:
    """Clocks, slices, escalations (of both teams' promises) and exclusions."""
    stamp: dict[str, Any] = {"as_of": as_of, "agreement_version": agreement_version}
    ledger = ledger_rule(sources, sla=sla, crm=crm, watermarks=feeds, **stamp)
    promised = commitments.commitment_escalations(marketing_commitments, users, sla=sla, **stamp)
    escalations = stacked([ledger.escalations, promised], CONTRACTS["sla_escalations"])
    return ledger.clocks, ledger.slices, escalations, ledger.exclusions


def task_retractions(
    sla_clocks: ibis.Table, escalation_tasks: ibis.Table, *, crm: Crm, as_of: datetime, agreement_version: str
) -> ibis.Table:
    """Open tasks whose clock has ended since."""
    is_open = ~escalation_tasks.is_closed
    created = escalation_tasks.filter(is_open).select("external_key", record_id=escalation_tasks.task_id)
    return tasks.retracted_tasks(sla_clocks, created, crm=crm, as_of=as_of, agreement_version=agreement_version)


def field_updates(
    person_values: ibis.Table,
    account_values: ibis.Table,
    users: ibis.Table,
    task_retractions: ibis.Table,
    nurture_updates: ibis.Table,
    *,
    crm: Crm,
    scope: Scope,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """Every value that a mapped field should have: of people and accounts, of tasks to close, of people in nurture."""
    rows = updates_rule.field_updates(
        person_values, account_values, users, crm=crm, scope=scope, as_of=as_of, agreement_version=agreement_version
    )
    return stacked([rows, task_retractions, nurture_updates], CONTRACTS["field_updates"])


def mqa_backtest(tables: Tables, *, agreement: Agreement, **options: Any) -> tuple[ibis.Table, ibis.Table]:
    """How well MQAs foretold opportunities: terms, and the sweep over thresholds."""
    result = backtest.mqa_backtest(tables, agreement=agreement, **_terms(tables, agreement, options))
    return result.terms, result.sweep


def mql_backtest(tables: Tables, *, agreement: Agreement, **options: Any) -> tuple[ibis.Table, ibis.Table]:
    """How well MQLs foretold opportunities: terms, and the sweep over thresholds."""
    result = mql_rule.mql_backtest(tables, agreement=agreement, **_terms(tables, agreement, options))
    return result.terms, result.sweep


def _terms(tables: Tables, agreement: Agreement, options: Mapping[str, Any]) -> dict[str, Any]:
    share = tables["raw_marketo_activities"].is_reconstructed.cast("float64").mean().to_pyarrow().as_py()
    return {**options, "agreement_version": agreement.version, "reconstructed_pct": None if share is None else 100.0 * share}
