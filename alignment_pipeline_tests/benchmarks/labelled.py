"""A labelled benchmark folder (accounts.csv, leads.csv, truth.csv) as arrays to fit and to score.

Belongs here: reading the folder and splitting it by company, so that no company is both learned from and judged on.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from alignment_pipeline.matching import candidates, evidence, evidence_columns, features, fit, leads, names
from alignment_pipeline.matching.index import AccountIndex
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline.matching.weights import Weights, from_mapping

FOLDS = 5
PENALTY = 2.0
ROUNDS = 6
BLANKED_SHARE = 3


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


@dataclass
class Labelled:
    """Leads with truth, their folds, and the evidence of every candidate pair."""

    index: AccountIndex
    leads: pd.DataFrame
    right_ids: list[frozenset[str]]
    fold: npt.NDArray[np.int64]
    matrix: npt.NDArray[np.float64]
    lead: npt.NDArray[np.int64]
    account: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]


def load(folder: Path, *, blanked: bool = True) -> Labelled:
    """Read the folder and compare. `blanked` adds copies of some leads without their company, so that a bare domain gets its own weight."""
    settings = MatchingSettings()
    index = AccountIndex.build(read(folder / "accounts.csv"), settings=settings)
    rows, truth = read(folder / "leads.csv"), read(folder / "truth.csv").set_index("lead_id")
    answer = [
        frozenset(filter(None, [truth.at[lead, "account_id"], *truth.at[lead, "acceptable_ids"].split("|")])) for lead in rows["lead_id"]
    ]
    fold = folds(rows["company"].tolist(), answer)
    if blanked:
        chosen = np.flatnonzero((rows["email_domain"] != "").to_numpy() & (np.arange(len(rows)) % BLANKED_SHARE == 0))
        copies = rows.iloc[chosen].assign(lead_id=[f"blank-{at}" for at in chosen], company="")
        rows, answer, fold = pd.concat([rows, copies], ignore_index=True), answer + [answer[at] for at in chosen], np.r_[fold, fold[chosen]]
    batch = leads.read(rows, index.vocabulary, settings, index.aliases, index.compact_limit)
    pairs = candidates.find(batch, index)
    matrix = evidence.matrix(pairs, features.name_view(pairs, batch, index), batch, index)
    ids = index.facts.account_id
    right = np.array([ids[account] in answer[lead] for lead, account in zip(pairs.lead, pairs.account, strict=True)], dtype=bool)
    return Labelled(index, rows, answer, fold, matrix.astype(float), pairs.lead, pairs.account, right)


def folds(company: list[str], answer: list[frozenset[str]]) -> npt.NDArray[np.int64]:
    """A fold per lead; leads that share a company name or an account share the fold."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    own = []
    for text, accounts in zip(company, answer, strict=True):
        forms = names.forms(text)
        key = "name:" + (forms[0].compact if forms else "")
        for account in sorted(accounts):
            parent[root(key)] = root("account:" + account)
        own.append(key)
    return np.array([zlib.crc32(root(key).encode()) % FOLDS for key in own], dtype=np.int64)


def weights_of(data: Labelled, without_fold: int | None, calibration: list[list[float]] | None = None, version: str = "") -> Weights:
    """Weights fitted on all folds, or on all but one."""
    mask = np.ones(len(data.lead), dtype=bool) if without_fold is None else data.fold[data.lead] != without_fold
    penalty = np.array([evidence_columns.PENALTY.get(column, 1.0) * PENALTY for column in evidence_columns.COLUMNS])
    prior = np.array([evidence_columns.PRIOR.get(column, 0.0) for column in evidence_columns.COLUMNS])
    sign = np.array([evidence_columns.SIGN.get(column, 0) for column in evidence_columns.COLUMNS])
    fitted = fit.fit_weights(data.matrix[mask], data.lead[mask], data.right[mask], len(data.leads), penalty=penalty, prior=prior, sign=sign)
    body = {
        "weights": {column: round(float(value), 4) for column, value in zip(evidence_columns.COLUMNS, fitted, strict=True)},
        "calibration": calibration or [[0.0, 0.0], [1.0, 1.0]],
        "version": version,
    }
    return from_mapping(body)


def isotonic(raw: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], *, bins: int = 10) -> list[list[float]]:
    """At most `bins` + 2 rising knots from raw to observed probability: pool adjacent violators over bins of equal size."""
    order = np.argsort(raw, kind="stable")
    blocks = [
        [float(raw[part].mean()), float((right[part].sum() + 0.5) / (len(part) + 1.0)), float(len(part))]
        for part in np.array_split(order, bins)
        if len(part)
    ]
    pooled: list[list[float]] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and pooled[-2][1] >= pooled[-1][1]:
            last, before = pooled.pop(), pooled.pop()
            size = last[2] + before[2]
            pooled.append([(last[0] * last[2] + before[0] * before[2]) / size, (last[1] * last[2] + before[1] * before[2]) / size, size])
    return [[0.0, 0.0], *[[round(raw_, 5), round(observed, 5)] for raw_, observed, _ in pooled], [1.0, max(0.999, round(pooled[-1][1], 5))]]
