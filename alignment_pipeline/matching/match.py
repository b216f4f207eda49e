"""lead_account_matches: one row per lead, the account it belongs to, how surely and why.

Belongs here: the rule as the wiring calls it, a batch of leads against an index of accounts. People's corrections come in as `always` and
`never`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from alignment_pipeline.matching.array_types import Floats
from alignment_pipeline.matching.blocking import candidates, collecting, leads, learned_domains, records
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.decision import decision, doubts, match_rows
from alignment_pipeline.matching.evidence import comparison, evidence, weights
from alignment_pipeline.matching.evidence.weights import Weights
from alignment_pipeline.matching.settings import MatchingSettings

CHUNK = 20_000


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
    table = pa.concat_tables(parts) if parts else match_rows.SCHEMA.empty_table()
    records.unique_ids(table["lead_id"].to_pylist(), "leads")
    return table


def match_frame(frame: pd.DataFrame, index: AccountIndex, *, settings: MatchingSettings | None = None) -> pd.DataFrame:
    """The same on pandas frames: the function to give to Spark's `mapInPandas` with a broadcast index."""
    matched: pd.DataFrame = match_leads(frame, index, settings=settings).to_pandas()
    return matched


def _slice(frame: records.Frame, start: int) -> records.Frame:
    if records.row_count(frame) <= CHUNK:
        return frame
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
        index.vocabulary.truncate(mark)


def _matched(frame: records.Frame, index: AccountIndex, settings: MatchingSettings, corrections: Corrections, fitted: Weights) -> pa.Table:
    batch = leads.read(frame, index)
    pairs = _without(candidates.find(batch, index), batch, index, corrections)
    compared = comparison.compare_names(pairs, batch, index)
    matrix = evidence.matrix(pairs, compared, batch, index)
    score = fitted.score(matrix)
    probability = decision.company_probability(pairs, score, index.facts.company, len(batch))
    choices = decision.choose(pairs, score, probability, batch, index, settings)
    counts = np.bincount(pairs.lead, minlength=len(batch)).tolist()
    builder = match_rows.Rows(index, settings, fitted)
    winners = np.array([choice.pair for choice in choices.values()], dtype=np.int64)
    sure = fitted.calibrate(np.array([choice.any_account for choice in choices.values()])).tolist()
    details = dict(zip(choices, zip(_seen(matrix[winners]), sure, strict=True), strict=True))
    named = decision.with_namesake(pairs, winners, matrix, index.facts.company, len(batch)) & (settings.tie_breakers_decide != "always")
    namesake = {
        row: decision.Namesake(bool(compared.lead.is_ordinary[choice.pair])) if named[row] else None for row, choice in choices.items()
    }
    for row in range(len(batch)):
        lead_id = batch.lead_id[row]
        if lead_id in corrections.always:
            builder.always(lead_id, corrections.always[lead_id])
        elif row in choices:
            chosen = choices[row]
            of_names = _doubt(compared, chosen.pair, batch, index)
            builder.chosen(lead_id, chosen, pairs, *details[row], counts[row], namesake[row], of_names)
        else:
            excluded = lead_id in corrections.never
            builder.add(lead_id, rule="never" if excluded else "junk" if batch.junk[row] else "none")
    return builder.table()


def _doubt(compared: comparison.NameComparison, pair: int, batch: leads.LeadBatch, index: AccountIndex) -> str:
    """The doubt about the names of one pair; names that are the same leave none, and unlike ones are judged by their score."""
    if compared.same_core[pair] or not (compared.other_number[pair] or compared.likeness[pair] >= evidence.LIKE):
        return ""
    texts = compared.texts(pair, batch.forms.texts, index.forms.texts)
    return doubts.of_names(texts[0].split(), texts[1].split(), other_number=bool(compared.other_number[pair]))


def _seen(matrix: Floats) -> Iterator[dict[int, float]]:
    """Per row the evidence that is there, by column."""
    row, column = np.nonzero(matrix)
    first = np.searchsorted(row, np.arange(len(matrix) + 1)).tolist()
    columns, values = column.tolist(), matrix[row, column].tolist()
    for start, end in itertools.pairwise(first):
        yield dict(zip(columns[start:end], values[start:end], strict=True))


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
        not excluded or learned_domains.final_account(excluded, merged) == account_id for excluded in accounts
    )
