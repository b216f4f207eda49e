"""Refit the matcher's weights on a labelled folder: `python -m alignment_pipeline_tests.benchmarks.fit_match FOLDER`.

Writes `alignment_pipeline/matching/data/weights.json`: one number per evidence column, a few knots of calibration, the date,
counts. Nothing else of the folder is kept. The knots come from out-of-fold confidences, so that they are not flattered by the fit.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.decision import decision
from alignment_pipeline.matching.evidence import columns
from alignment_pipeline.matching.evidence import weights as weights_module
from alignment_pipeline_tests.benchmarks import labelled

# A winner with this share of the probability of all accounts has no rival: its confidence is about having an account at all.
ALONE = 0.95
TARGET = Path(weights_module.__file__).parent / "data" / "weights.json"


@dataclass
class OutOfFold:
    """What weights say of leads whose company they never saw, one entry per lead.

    `raw` is the probability that the lead has an account at all (NaN unless the winner is alone), `right` whether the winner is right,
    `namesake` whether another company has the same name (`decision.with_namesake`).
    """

    per_fold: list[weights_module.Weights]
    raw: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    namesake: npt.NDArray[np.bool_]


def out_of_fold(data: labelled.Labelled) -> OutOfFold:
    """Fit without each fold in turn and judge that fold."""
    per_fold = [labelled.weights_of(data, fold) for fold in range(labelled.FOLDS)]
    score = np.zeros(len(data.lead), dtype=np.int64)
    for fold, fitted in enumerate(per_fold):
        mask = data.fold[data.lead] == fold
        score[mask] = fitted.micro(data.matrix[mask].astype(np.float32)).sum(axis=1)
    pairs, company = Pairs(data.lead, data.account), data.index.facts.company
    probability = decision.company_probability(pairs, score, company, len(data.leads))
    order = np.lexsort((data.account, -score, -probability, data.lead))
    first = order[np.unique(data.lead[order], return_index=True)[1]]
    raw, right = np.full(len(data.leads), np.nan), np.zeros(len(data.leads), dtype=bool)
    best = np.unique(data.lead * np.int64(len(data.index)) + company[data.account], return_index=True)[1]
    whole = np.bincount(data.lead[best], weights=probability[best], minlength=len(data.leads))
    right[data.lead[first]] = data.right[first]
    alone = first[(probability[first] >= ALONE * whole[data.lead[first]]) & (data.lead[first] < data.trained)]
    raw[data.lead[alone]] = whole[data.lead[alone]]
    namesake = decision.with_namesake(pairs, first, data.matrix.astype(np.float32), company, len(data.leads))
    return OutOfFold(per_fold, raw, right, namesake)


def calibrated(found: OutOfFold, among: npt.NDArray[np.bool_]) -> tuple[list[list[float]], float]:
    """The knots of confidence and what a name alone is worth that several companies bear, from the leads of `among`."""
    alone, named = among & ~np.isnan(found.raw), among & found.namesake
    share = (found.right[named].sum() + 1.0) / (named.sum() + 2.0)
    return labelled.isotonic(found.raw[alone], found.right[alone]), round(float(share), 4)


def main(folder: Path) -> None:
    data = labelled.load(folder)
    knots, namesake = calibrated(out_of_fold(data), np.ones(len(data.leads), dtype=bool))
    fitted = labelled.weights_of(data, None)
    stamp = datetime.now(UTC).date().isoformat()
    body = {
        "about": "Log-odds per evidence column of matching/evidence.py, fitted by alignment_pipeline_tests/benchmarks/fit_match.py.",
        "version": f"{stamp}-{int((data.lead < data.trained).sum())}",
        "fitted_on": stamp,
        "leads": data.trained,
        "pairs": int((data.lead < data.trained).sum()),
        "penalty": labelled.PENALTY,
        "weights": dict(zip(columns.COLUMNS, fitted.weight, strict=True)),
        "calibration": knots,
        "namesake": namesake,
    }
    TARGET.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    print(f"{len(columns.COLUMNS)} weights and {len(knots)} knots from {data.trained} leads written to {TARGET.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
