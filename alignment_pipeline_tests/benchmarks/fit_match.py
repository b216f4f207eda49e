"""Refit the matcher's weights on a labelled folder: `python -m alignment_pipeline_tests.benchmarks.fit_match FOLDER`.

Writes `alignment_pipeline/matching/data/weights.json`: one number per evidence column, a few knots of calibration, the date,
counts. Nothing else of the folder is kept. The knots come from out-of-fold confidences, so that they are not flattered by the fit.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from alignment_pipeline.matching import decision, evidence_columns
from alignment_pipeline.matching import weights as weights_module
from alignment_pipeline.matching.candidates import Pairs
from alignment_pipeline_tests.benchmarks import labelled

# A winner with this share of the probability of all accounts has no rival: its confidence is about having an account at all.
ALONE = 0.95
TARGET = Path(weights_module.__file__).parent / "data" / "weights.json"


def out_of_fold(data: labelled.Labelled) -> tuple[np.ndarray, np.ndarray, list[weights_module.Weights]]:
    """For every lead whose winner has no rival: the raw probability of having an account and whether the winner is right.

    By weights that never saw the lead's company.
    """
    per_fold = [labelled.weights_of(data, fold) for fold in range(labelled.FOLDS)]
    score = np.zeros(len(data.lead), dtype=np.int64)
    for fold, fitted in enumerate(per_fold):
        mask = data.fold[data.lead] == fold
        score[mask] = fitted.micro(data.matrix[mask].astype(np.float32)).sum(axis=1)
    pairs = Pairs(data.lead, data.account)
    probability = decision.company_probability(pairs, score, data.index.facts.company, len(data.leads))
    order = np.lexsort((data.account, -score, -probability, data.lead))
    first = order[np.unique(data.lead[order], return_index=True)[1]]
    raw, right = np.full(len(data.leads), np.nan), np.zeros(len(data.leads), dtype=bool)
    company = np.unique(data.lead * np.int64(len(data.index)) + data.index.facts.company[data.account], return_index=True)[1]
    whole = np.bincount(data.lead[company], weights=probability[company], minlength=len(data.leads))
    alone = first[probability[first] >= ALONE * whole[data.lead[first]]]
    raw[data.lead[alone]], right[data.lead[alone]] = whole[data.lead[alone]], data.right[alone]
    return raw, right, per_fold


def main(folder: Path) -> None:
    data = labelled.load(folder)
    raw, right, _ = out_of_fold(data)
    known = ~np.isnan(raw)
    knots = labelled.isotonic(raw[known], right[known])
    fitted = labelled.weights_of(data, None)
    stamp = datetime.now(UTC).date().isoformat()
    body = {
        "about": "Log-odds per evidence column of matching/evidence.py, fitted by alignment_pipeline_tests/benchmarks/fit_match.py.",
        "version": f"{stamp}-{len(data.lead)}",
        "fitted_on": stamp,
        "leads": len(data.leads),
        "pairs": len(data.lead),
        "penalty": labelled.PENALTY,
        "weights": dict(zip(evidence_columns.COLUMNS, fitted.weight, strict=True)),
        "calibration": knots,
    }
    TARGET.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    print(f"{len(evidence_columns.COLUMNS)} weights and {len(knots)} knots from {len(data.leads)} leads written to {TARGET.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
