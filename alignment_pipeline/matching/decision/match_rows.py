"""The rows of lead_account_matches: the choice of each lead as a person and a CRM read it.

Belongs here: the columns of the result and how a row of each kind is filled. What is chosen is decided in `decision.py`, in which words it
is in `sentences.py`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from alignment_pipeline.matching.blocking import learned_domains
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.decision import decision, sentences
from alignment_pipeline.matching.evidence.columns import COLUMNS
from alignment_pipeline.matching.evidence.weights import Weights
from alignment_pipeline.matching.settings import MatchingSettings

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


class Rows:
    """Collects the rows of the result, column by column."""

    def __init__(self, index: AccountIndex, settings: MatchingSettings, fitted: Weights) -> None:
        self._index, self._settings, self._fitted = index, settings, fitted
        self._rows: list[tuple[Any, ...]] = []
        self._rules: dict[tuple[int, ...], tuple[str, frozenset[str]]] = {}
        self._parts: dict[tuple[int, float], tuple[int, str, int, str]] = {}

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
        self._rows.append(
            (
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
        )

    def always(self, lead_id: str, account_id: str) -> None:
        """A person's word, followed through merges; an account that is gone goes to review."""
        final = learned_domains.final_account(account_id, self._index.merged_into)
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
        evidence: dict[int, float],
        any_account: float,
        candidates: int,
        namesake: decision.Namesake | None,
        of_names: str,
    ) -> None:
        """The row of a lead that has candidates: `evidence` is the winner's, by column."""
        facts, settings = self._index.facts, self._settings
        parts = sorted([self._part(at, value) for at, value in evidence.items()])
        rule, seen = self._rule(tuple(evidence))
        sure, runner_confidence = round(any_account * choice.share, 6), round(any_account * choice.runner_up_share, 6)
        confidence = min(sure, self._fitted.namesake) if namesake else sure
        is_exact = not decision.EXACT.isdisjoint(seen)
        together = round(any_account * choice.equal_share, 6) if choice.rivals and is_exact else confidence
        doubt = decision.Doubt(choice.rivals, together, namesake, of_names)
        verdict, note = decision.verdict(sure, confidence, rule, seen, doubt=doubt, settings=settings)
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
            score_micro=sum([points for _, _, points, _ in parts]),
            shown=f"[{','.join([text for *_, text in parts])}]",
            candidates=candidates,
            note=note,
        )

    def _rule(self, columns: tuple[int, ...]) -> tuple[str, frozenset[str]]:
        """The rule that columns of evidence make, and their names, kept because most leads show what others showed."""
        known = self._rules.get(columns)
        if known is None:
            seen = frozenset([COLUMNS[at] for at in columns])
            known = self._rules[columns] = (sentences.rule_of(seen), seen)
        return known

    def _part(self, at: int, value: float) -> tuple[int, str, int, str]:
        """One column's evidence: how it sorts (the weightiest first), its points, and its JSON, kept because most values come again."""
        known = self._parts.get((at, value))
        if known is None:
            name, points = COLUMNS[at], self._fitted.points(at, value)
            text = f'{{"evidence":"{name}","value":{value:.4g},"weight":{self._fitted.weight[at]:.6g},"points_micro":{points}}}'
            known = self._parts[at, value] = (-abs(points), name, points, text)
        return known

    def table(self) -> pa.Table:
        columns = zip(*self._rows, strict=True) if self._rows else ((),) * len(SCHEMA)
        return pa.table([pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
