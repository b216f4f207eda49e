"""Judgements of people, kept: what a tick in the CRM said once is known for ever, whatever the field shows later.

Belongs here: turning ticks and reviewed files into labels. What labels say about rules and leads: `matching/decision/labels.py`.
"""

from __future__ import annotations

from datetime import datetime

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.agreement.matching import Matching
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.moments import Moment, moment
from alignment_pipeline.contracts.shape import shaped, stacked
from alignment_pipeline.matching.decision import labels as judged
from alignment_pipeline.matching.lead_account_matches import settings_of

_CONTRACT = CONTRACTS["match_labels"]


def new_ticks(people: ibis.Table, last_matches: ibis.Table, known: ibis.Table, *, as_of: Moment) -> ibis.Table:
    """Labels of people whose 'incorrect account' box is ticked: the account that the last run had matched or guessed is wrong.

    A tick is one judgement: the same person and account are not judged again while a label says so already.
    """
    ticked = people.filter(_.is_incorrect_account).select("person_id")
    named = last_matches.filter(_.account_id.notnull()).select("person_id", "account_id", rule=_.method)
    unknown = ticked.inner_join(named, "person_id").anti_join(known, ["person_id", "account_id"])
    rows = unknown.mutate(
        verdict=ibis.literal(judged.WRONG), source=ibis.literal(judged.CRM), said_at=moment(as_of).cast("timestamp('UTC')")
    )
    return shaped(rows, _CONTRACT)


def from_file(rows: list[dict[str, str]], last_matches: ibis.Table, *, as_of: datetime, source: str = judged.FILE) -> pa.Table:
    """Labels of a reviewed file: lead_id (or person_id), account_id and verdict (right or wrong); rows without a verdict are left out.

    A row of an audit has the chance with which it was `drawn`, and may have no account: that there is none was judged.
    """
    matches = last_matches.select("person_id", "lead_id", "account_id", "method").to_pyarrow().to_pylist()
    person_of = {row["lead_id"]: row["person_id"] for row in matches if row["lead_id"]} | {
        row["person_id"]: row["person_id"] for row in matches
    }
    rule_of = {(row["person_id"], row["account_id"]): row["method"] for row in matches}
    labels = []
    for row in rows:
        verdict = (row.get("verdict") or "").strip().lower()
        name = (row.get("person_id") or row.get("lead_id") or "").strip()
        account = (row.get("account_id") or row.get("best_account_id") or "").strip()
        drawn = (row.get("drawn") or "").strip()
        if verdict in (judged.RIGHT, judged.WRONG) and name and (account or drawn):
            person = person_of.get(name, name)
            rule = rule_of.get((person, account or None), "none")
            whence = f"{judged.AUDIT} {drawn}" if drawn else source
            label = {"person_id": person, "account_id": account, "rule": rule, "verdict": verdict, "source": whence, "said_at": as_of}
            labels.append(label)
    return pa.Table.from_pylist(labels, schema=_CONTRACT.schema)


def match_labels(known: ibis.Table, ticks: ibis.Table) -> ibis.Table:
    """All labels: the known ones and the new ticks."""
    return stacked([known, ticks], _CONTRACT)


def match_rule_precisions(
    labels: ibis.Table, last_matches: ibis.Table | None = None, *, matching: Matching, as_of: datetime, agreement_version: str
) -> ibis.Table:
    """One row per kind of evidence that has labels: between which values its precision lies, and whether it is demoted.

    `last_matches` say how many matches the ticks are of.
    """
    order = ["said_at", "person_id", "account_id"]
    rows = labels.order_by(order).select("account_id", "rule", "verdict", "source", lead_id=_.person_id).to_pyarrow()
    matched = {} if last_matches is None else _matched_by_rule(last_matches)
    precisions = judged.rule_precisions(rows, settings=settings_of(matching, agreement_version=agreement_version), matched=matched)
    table = ibis.memtable(precisions).mutate(
        as_of=ibis.literal(as_of).cast("timestamp('UTC')"), agreement_version=ibis.literal(agreement_version)
    )
    return shaped(table, CONTRACTS["match_rule_precisions"])


def _matched_by_rule(last_matches: ibis.Table) -> dict[str, int]:
    counted = last_matches.filter(_.decision == "matched").group_by("method").agg(matches=_.count()).to_pyarrow().to_pylist()
    return {row["method"]: row["matches"] for row in counted}


def corrections(labels: ibis.Table) -> tuple[pa.Table, pa.Table]:
    """The always- and never-match lists (person_id, account_id) that the labels amount to."""
    rows = labels.order_by("said_at").select("account_id", "verdict", lead_id=_.person_id).to_pyarrow()
    always, never = judged.corrections(rows)
    return always.rename_columns(["person_id", "account_id"]), never.rename_columns(["person_id", "account_id"])
