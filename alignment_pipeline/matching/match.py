"""lead_account_matches: one row per lead, the account it belongs to, how surely and why.

Belongs here: the rule as the wiring calls it, a batch of leads against an index of accounts. People's corrections come in as `always` and
`never`.
Which leads to run again is in `incremental.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from alignment_pipeline.matching import (
    candidates,
    collecting,
    decision,
    evidence,
    evidence_domains,
    features,
    leads,
    records,
    sentences,
    weights,
)
from alignment_pipeline.matching.candidates import Pairs
from alignment_pipeline.matching.evidence_columns import COLUMNS
from alignment_pipeline.matching.index import AccountIndex
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline.matching.weights import Weights

CHUNK = 20_000

SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("account_id", pa.string()),
        ("decision", pa.string()),
        ("confidence", pa.float64()),
        ("method", pa.string()),
        ("reason", pa.string()),
        ("runner_up_id", pa.string()),
        ("runner_up_confidence", pa.float64()),
        ("margin", pa.float64()),
        ("tie_breaker", pa.string()),
        ("rule", pa.string()),
        ("score_micro", pa.int64()),
        ("evidence", pa.string()),
        ("candidates", pa.int64()),
        ("rarity_version", pa.string()),
        ("weights_version", pa.string()),
        ("agreement_version", pa.string()),
    ]
)


@dataclass(slots=True)
class Corrections:
    """What people said: `always` lead -> account, `never` lead -> accounts ("" excludes every account)."""

    always: Mapping[str, str] = field(default_factory=dict)
    never: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, always: records.Frame | None, never: records.Frame | None) -> Corrections:
        """From tables of lead_id, account_id. The last word on a lead wins; an empty account_id in `never` excludes all."""
        excluded: dict[str, set[str]] = {}
        for lead_id, account_id in _rows(never, "never-match list"):
            excluded.setdefault(lead_id, set()).add(account_id)
        return cls(dict(_rows(always, "always-match list")), {lead_id: frozenset(ids) for lead_id, ids in excluded.items()})


def _rows(frame: records.Frame | None, what: str) -> list[tuple[str, str]]:
    if frame is None:
        return []
    records.require(frame, what, "lead_id", "account_id")
    rows = records.row_count(frame)
    return list(zip(records.text_column(frame, "lead_id", rows), records.text_column(frame, "account_id", rows), strict=True))


def match_leads(
    frame: records.Frame,
    index: AccountIndex,
    *,
    settings: MatchingSettings | None = None,
    always: records.Frame | None = None,
    never: records.Frame | None = None,
    fitted: Weights | None = None,
) -> pa.Table:
    """Match leads (lead_id, company, email or email_domain, website, country, state, city, phone) against an index.

    One row per lead in the leads' order. decision is matched, review or none; account_id is null only for none. confidence is the
    calibrated
    probability that account_id is right, for none that no account is. `settings` may differ from the
    index's in thresholds, tie-breakers and demoted rules; what decides candidates (lists, limits) is the index's.
    """
    settings = settings or index.settings
    fitted = fitted or weights.bundled()
    corrections = Corrections.read(always, never)
    rows = records.row_count(frame)
    parts = [_match_chunk(_slice(frame, start), index, settings, corrections, fitted) for start in range(0, rows, CHUNK)]
    table = pa.concat_tables(parts) if parts else SCHEMA.empty_table()
    records.unique_ids(table["lead_id"].to_pylist(), "leads")
    return table


def match_frame(frame: pd.DataFrame, index: AccountIndex, *, settings: MatchingSettings | None = None) -> pd.DataFrame:
    """The same on pandas frames: the function to give to Spark's `mapInPandas` with a broadcast index."""
    matched: pd.DataFrame = match_leads(frame, index, settings=settings).to_pandas()
    return matched


def _slice(frame: records.Frame, start: int) -> records.Frame:
    if isinstance(frame, pd.DataFrame):
        return frame.iloc[start : start + CHUNK]
    return frame.slice(start, CHUNK)


def _match_chunk(
    frame: records.Frame, index: AccountIndex, settings: MatchingSettings, corrections: Corrections, fitted: Weights
) -> pa.Table:
    mark = index.vocabulary.mark()
    try:
        with collecting.paused():
            return _matched(frame, index, settings, corrections, fitted)
    finally:
        index.vocabulary.forget(mark)


def _matched(frame: records.Frame, index: AccountIndex, settings: MatchingSettings, corrections: Corrections, fitted: Weights) -> pa.Table:
    batch = leads.read(frame, index.vocabulary, index.settings, index.aliases, index.compact_limit)
    pairs = _without(candidates.find(batch, index), batch, index, corrections)
    view = features.name_view(pairs, batch, index)
    matrix = evidence.matrix(pairs, view, batch, index)
    micro = fitted.micro(matrix)
    score = micro.sum(axis=1)
    probability = decision.company_probability(pairs, score, index.facts.company, len(batch))
    choices = decision.choose(pairs, score, probability, batch, index, settings)
    counts = np.bincount(pairs.lead, minlength=len(batch)).tolist()
    builder = _Rows(index, settings, fitted)
    winners = np.array([choice.pair for choice in choices.values()], dtype=np.int64)
    raw = np.array([choice.any_account for choice in choices.values()])
    details = dict(
        zip(choices, zip(matrix[winners].tolist(), micro[winners].tolist(), fitted.calibrate(raw).tolist(), strict=True), strict=True)
    )
    named = decision.with_namesake(pairs, winners, matrix, index.facts.company, len(batch)) & (settings.tie_breakers_decide != "always")
    namesake = {row: decision.Namesake(bool(view.lead_ordinary[choice.pair])) if named[row] else None for row, choice in choices.items()}
    for row in range(len(batch)):
        lead_id = batch.lead_id[row]
        if lead_id in corrections.always:
            builder.always(lead_id, corrections.always[lead_id])
        elif row in choices:
            builder.chosen(lead_id, choices[row], pairs, *details[row], counts[row], namesake[row])
        else:
            excluded = lead_id in corrections.never
            builder.add(lead_id, rule="never" if excluded else "junk" if batch.junk[row] else "none")
    return builder.table()


def _without(pairs: Pairs, batch: leads.LeadBatch, index: AccountIndex, corrections: Corrections) -> Pairs:
    """The pairs without those that people excluded."""
    if not corrections.never:
        return pairs
    rows = {row: corrections.never[lead_id] for row, lead_id in enumerate(batch.lead_id) if lead_id in corrections.never}
    keep = np.fromiter(
        (
            not _excluded(rows.get(int(lead)), index.facts.account_id[int(account)], index.merged_into)
            for lead, account in zip(pairs.lead, pairs.account, strict=True)
        ),
        bool,
        len(pairs.lead),
    )
    return Pairs(pairs.lead[keep], pairs.account[keep])


def _excluded(accounts: Iterable[str] | None, account_id: str, merged: Mapping[str, str]) -> bool:
    return accounts is not None and any(
        not excluded or evidence_domains.final_account(excluded, merged) == account_id for excluded in accounts
    )


class _Rows:
    """Collects the rows of the result, column by column."""

    def __init__(self, index: AccountIndex, settings: MatchingSettings, fitted: Weights) -> None:
        self._index, self._settings, self._fitted = index, settings, fitted
        self._columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}

    def add(
        self,
        lead_id: str,
        *,
        rule: str,
        decision: str = "none",
        account_id: str | None = None,
        confidence: float = 0.0,
        account: str = "",
        runner_up_id: str | None = None,
        runner_up: str = "",
        runner_up_confidence: float = 0.0,
        tie_breaker: str = "",
        rivals: int = 0,
        score_micro: int = 0,
        shown: str = "[]",
        candidates: int = 0,
        note: str = "",
    ) -> None:
        """One row; the sentence is made here so that it always agrees with the columns."""
        if decision == "none":
            runner_up_confidence, best = 0.0, confidence
            confidence = round(1.0 - best, 6)
        else:
            best = confidence
        reason = sentences.sentence(decision, rule, best, account, runner_up, runner_up_confidence, tie_breaker, rivals, note)
        values = (
            lead_id,
            account_id,
            decision,
            confidence,
            rule if decision != "none" else "none",
            reason,
            runner_up_id,
            runner_up_confidence,
            round(confidence - runner_up_confidence, 6),
            tie_breaker or None,
            rule,
            score_micro,
            shown,
            candidates,
            self._index.rarity.version,
            self._fitted.version,
            self._settings.agreement_version,
        )
        for name, value in zip(SCHEMA.names, values, strict=True):
            self._columns[name].append(value)

    def always(self, lead_id: str, account_id: str) -> None:
        """A person's word, followed through merges; an account that is gone goes to review."""
        final = evidence_domains.final_account(account_id, self._index.merged_into)
        at = self._index.facts.position.get(final)
        if at is None:
            self.add(lead_id, rule="always", decision="review", account_id=account_id, note=f"account {account_id} is deleted or unknown")
        else:
            self.add(lead_id, rule="always", decision="matched", account_id=final, confidence=1.0, account=self._index.facts.name[at])

    def chosen(
        self,
        lead_id: str,
        choice: decision.Choice,
        pairs: Pairs,
        values: list[float],
        points: list[int],
        any_account: float,
        candidates: int,
        namesake: decision.Namesake | None,
    ) -> None:
        """The row of a lead that has candidates: `values` and `points` are the winner's evidence and its micro-points, column by column."""
        facts, settings = self._index.facts, self._settings
        present = [at for at, value in enumerate(values) if value]
        seen = {COLUMNS[at]: values[at] for at in present}
        rule = sentences.rule_of(seen)
        sure, runner_confidence = round(any_account * choice.share, 6), round(any_account * choice.runner_up_share, 6)
        confidence = min(sure, self._fitted.namesake) if namesake else sure
        verdict, note = decision.verdict(sure, confidence, rule, seen, rivals=choice.rivals, namesake=namesake, settings=settings)
        account = int(pairs.account[choice.pair])
        runner = int(pairs.account[choice.runner_up]) if choice.runner_up >= 0 else -1
        self.add(
            lead_id,
            rule=rule,
            decision=verdict,
            account_id=facts.account_id[account] if verdict != "none" else None,
            confidence=confidence,
            account=facts.name[account],
            runner_up_id=facts.account_id[runner] if runner >= 0 else None,
            runner_up=facts.name[runner] if runner >= 0 else "",
            runner_up_confidence=runner_confidence,
            tie_breaker=choice.tie_breaker,
            rivals=choice.rivals,
            score_micro=sum(points),
            shown=self._evidence(present, values, points),
            candidates=candidates,
            note=note,
        )

    def _evidence(self, present: list[int], values: list[float], points: list[int]) -> str:
        """The evidence as JSON, the weightiest first; written by hand because it is made once per lead."""
        order = sorted(present, key=lambda at: (-abs(points[at]), COLUMNS[at]))
        parts = [
            f'{{"evidence":"{COLUMNS[at]}","value":{values[at]:.4g},"weight":{self._fitted.weight[at]:.6g},"points_micro":{points[at]}}}'
            for at in order
        ]
        return f"[{','.join(parts)}]"

    def table(self) -> pa.Table:
        return pa.table({name: pa.array(values, SCHEMA.field(name).type) for name, values in self._columns.items()}, schema=SCHEMA)
