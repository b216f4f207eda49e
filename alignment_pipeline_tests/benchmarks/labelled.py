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

from alignment_pipeline.matching.blocking import candidates, leads
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.evidence import columns, comparison, evidence
from alignment_pipeline.matching.evidence.weights import Weights, from_mapping
from alignment_pipeline.matching.names import names
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.benchmarks import fit

FOLDS = 5
PENALTY = 1.0
ROUNDS = 6
BLANKED_SHARE = 10


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


@dataclass
class Labelled:
    """Leads with truth, their folds, and the evidence of every candidate pair.

    First come the leads of leads.csv (`given` of them), then copies without their company (up to `trained`), then the doubtful leads of
    ambiguous_leads.csv: no weight is learnt from those, only what a name is worth that several companies bear.
    """

    index: AccountIndex
    leads: pd.DataFrame
    right_ids: list[frozenset[str]]
    fold: npt.NDArray[np.int64]
    matrix: npt.NDArray[np.float64]
    lead: npt.NDArray[np.int64]
    account: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]
    given: int
    trained: int


def answers(rows: pd.DataFrame, truth: pd.DataFrame) -> list[frozenset[str]]:
    """The accounts that are right for each lead; none when the CRM holds none."""
    known = truth.set_index("lead_id")
    also = known["acceptable_ids"] if "acceptable_ids" in known.columns else known["account_id"]
    return [frozenset(filter(None, [known.at[lead, "account_id"], *also[lead].split("|")])) for lead in rows["lead_id"]]


def load(folder: Path, *, blanked: bool = True) -> Labelled:
    """Read the folder and compare. `blanked` adds copies of some leads without their company, so that a bare domain gets its own weight."""
    settings = MatchingSettings()
    index = AccountIndex.build(read(folder / "accounts.csv"), settings=settings)
    rows = read(folder / "leads.csv")
    answer = answers(rows, read(folder / "truth.csv"))
    given = len(rows)
    fold = folds(rows["company"].tolist(), answer)
    if blanked:
        chosen = np.flatnonzero((rows["email_domain"] != "").to_numpy() & (np.arange(len(rows)) % BLANKED_SHARE == 0))
        copies = rows.iloc[chosen].assign(lead_id=[f"blank-{at}" for at in chosen], company="")
        rows, answer, fold = pd.concat([rows, copies], ignore_index=True), answer + [answer[at] for at in chosen], np.r_[fold, fold[chosen]]
    trained = len(rows)
    if (folder / "ambiguous_leads.csv").exists():
        more = read(folder / "ambiguous_leads.csv")
        fold = np.r_[fold, _like(more["company"].tolist(), rows["company"].tolist(), fold)]
        rows, answer = pd.concat([rows, more], ignore_index=True), answer + answers(more, read(folder / "ambiguous_truth.csv"))
    batch = leads.read(rows, index)
    pairs = candidates.find(batch, index)
    matrix = evidence.matrix(pairs, comparison.compare_names(pairs, batch, index), batch, index)
    ids = index.facts.account_id
    right = np.array([ids[account] in answer[lead] for lead, account in zip(pairs.lead, pairs.account, strict=True)], dtype=bool)
    return Labelled(index, rows, answer, fold, np.ascontiguousarray(matrix, dtype=float), pairs.lead, pairs.account, right, given, trained)


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


def _like(company: list[str], known: list[str], fold: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The fold of leads whose company is already in one, by its name; of others by a hash of the name."""
    of = {forms[0].compact: int(at) for text, at in zip(known, fold, strict=True) if (forms := names.forms(text))}
    keys = [forms[0].compact if (forms := names.forms(text)) else "" for text in company]
    return np.array([of.get(key, zlib.crc32(key.encode()) % FOLDS) for key in keys], dtype=np.int64)


def weights_of(data: Labelled, without_fold: int | None) -> Weights:
    """Weights fitted on all folds, or on all but one."""
    mask = data.lead < data.trained
    if without_fold is not None:
        mask &= data.fold[data.lead] != without_fold
    penalty = np.array([column.penalty * PENALTY for column in columns.EVIDENCE])
    prior = np.array([column.prior for column in columns.EVIDENCE])
    sign = np.array([column.sign for column in columns.EVIDENCE])
    fitted = fit.fit_weights(data.matrix[mask], data.lead[mask], data.right[mask], len(data.leads), penalty=penalty, prior=prior, sign=sign)
    body = {
        "weights": {column: round(float(value), 4) for column, value in zip(columns.COLUMNS, fitted, strict=True)},
    }
    return from_mapping(body)


# Calibration is learnt in these steps of the raw probability: the middle, where decisions turn, has few leads.
STEPS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1.0)
FEWEST = 20
# Leads of one company are not independent: each step is drawn to the raw probability as if this many leads had shown it.
DRAWN = 20


def isotonic(raw: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> list[list[float]]:
    """Rising knots from raw to observed probability: pool adjacent violators over `STEPS`, drawn to the raw probability."""
    order = np.argsort(raw, kind="stable")
    step = np.searchsorted(np.array(STEPS), raw[order], side="right")
    blocks: list[list[float]] = []
    part: list[int] = []
    for at, lead in enumerate(order.tolist()):
        part.append(lead)
        last = at + 1 == len(order)
        if last or (len(part) >= FEWEST and step[at + 1] != step[at]):
            mean = float(raw[part].mean())
            blocks.append([mean, float((right[part].sum() + DRAWN * mean) / (len(part) + DRAWN)), float(len(part))])
            part = []
    pooled: list[list[float]] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and pooled[-2][1] >= pooled[-1][1]:
            last_, before = pooled.pop(), pooled.pop()
            size = last_[2] + before[2]
            pooled.append(
                [(last_[0] * last_[2] + before[0] * before[2]) / size, (last_[1] * last_[2] + before[1] * before[2]) / size, size]
            )
    return [[0.0, 0.0], *[[round(raw_, 5), round(observed, 5)] for raw_, observed, _ in pooled], [1.0, max(0.999, round(pooled[-1][1], 5))]]
