"""Measure matching on a labelled folder: `make bench-match L2A=FOLDER`.

Accuracy is cross-validated by company and judged by the folder's own scorer; speed and memory are measured in fresh processes; peers run
in the
same command where they are installed (`peers.py` says what it skips). Without a folder it says so and measures only speed on made-up names.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from alignment_pipeline.matching import match
from alignment_pipeline.matching.evidence.weights import Weights
from alignment_pipeline.matching.names import names
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.benchmarks import fit_match, labelled, peers, speed


def cross_validated(folder: Path, settings: MatchingSettings | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions for leads.csv and for the ambiguous leads, by weights and knots that never saw the lead's company."""
    data = labelled.load(folder)
    found = fit_match.out_of_fold(data)
    parts: list[pa.Table] = []
    at = np.arange(len(data.leads))
    judged = (at < data.given) | (at >= data.trained)
    for fold, fitted in enumerate(found.per_fold):
        knots, namesake = fit_match.calibrated(found, data.fold != fold)
        model = Weights(fitted.weight, tuple(knot[0] for knot in knots), tuple(knot[1] for knot in knots), f"fold-{fold}", namesake)
        parts.append(match.match_leads(data.leads[judged & (data.fold == fold)], data.index, settings=settings, fitted=model))
    table = pa.concat_tables(parts).to_pandas()
    doubtful = table["lead_id"].isin(set(data.leads["lead_id"][data.trained :]))
    return table[~doubtful].reset_index(drop=True), table[doubtful].reset_index(drop=True)


def score(folder: Path, predictions: pd.DataFrame, name: str, *, truth: Path | None = None, quiet: bool = True) -> dict[str, object]:
    """The folder's scorer on a prediction frame (lead_id, account_id, confidence and, if there, decision)."""
    with tempfile.TemporaryDirectory() as scratch:
        pred, out = Path(scratch) / "pred.csv", Path(scratch) / "score.json"
        columns = [column for column in ("lead_id", "account_id", "confidence", "decision") if column in predictions.columns]
        predictions[columns].to_csv(pred, index=False)
        command = [
            sys.executable,
            str(folder / "score_l2a.py"),
            "--pred",
            str(pred),
            "--truth",
            str(truth or folder / "truth.csv"),
            "--accounts",
            str(folder / "accounts.csv"),
            "--json",
            str(out),
        ]
        if (folder / "ambiguous_truth.csv").exists():
            command += ["--ambiguous-truth", str(folder / "ambiguous_truth.csv")]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise SystemExit(f"{name}: the scorer failed: {run.stderr.strip()}")
        if not quiet:
            print(run.stdout)
        result: dict[str, object] = json.loads(out.read_text())
        return result


# Evidence beside which "same name" is not the whole name, or is contradicted.
PARTLY = {"same_part", "same_account_part", "same_variant", "same_placed", "domain_conflict"}


def disputed(folder: Path, predictions: pd.DataFrame) -> pd.DataFrame:
    """Labels that the data themselves dispute: the lead's name is the matched account's (or an alias), and not the labelled account's.

    Found by rule on the folder in use, so nothing of it is kept here. They stay in the first row; a second row is scored without them.
    """
    truth = labelled.read(folder / "truth.csv").set_index("lead_id")
    names_of = labelled.read(folder / "accounts.csv").set_index("account_id")["name"]
    company = labelled.read(folder / "leads.csv").set_index("lead_id")["company"]
    rows = []
    for item in predictions[predictions["decision"] == "matched"].itertuples():
        label = truth.loc[item.lead_id]
        accepted = {label["account_id"], *label["acceptable_ids"].split("|")} - {""}
        evidence = {part["evidence"] for part in json.loads(item.evidence)}
        whole = "same_name" in evidence and not evidence & {
            "same_part",
            "same_account_part",
            "same_variant",
            "same_placed",
            "domain_conflict",
        }
        mine = {form.compact for form in names.forms(company[item.lead_id])}
        labelled_same = any(mine & {form.compact for form in names.forms(names_of[account])} for account in accepted)
        if item.account_id not in accepted and whole and not labelled_same:
            rows.append((item.lead_id, company[item.lead_id], item.account_id, names_of[item.account_id], label["account_id"], item.reason))
    return pd.DataFrame(rows, columns=["lead_id", "company", "matched_id", "matched_name", "labelled_id", "evidence"])


def without(folder: Path, predictions: pd.DataFrame, found: pd.DataFrame) -> dict[str, object]:
    """The score with the disputed leads set aside."""
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch) / "truth.csv"
        truth = labelled.read(folder / "truth.csv")
        truth[~truth["lead_id"].isin(found["lead_id"])].to_csv(kept, index=False)
        return score(folder, predictions[~predictions["lead_id"].isin(found["lead_id"])], "without disputed", truth=kept)


def row(name: str, result: dict[str, object]) -> dict[str, object]:
    """The cells of the table in the issue."""

    def part(key: str) -> dict[str, float]:
        value = result.get(key, {})
        assert isinstance(value, dict)
        return value

    overall, hard, high = part("overall"), part("hard"), part("high_confidence")
    slices = result["slices"]
    assert isinstance(slices, dict)
    ambiguous = part("ambiguous")
    return {
        "matcher": name,
        "P": overall["precision"],
        "R": overall["recall"],
        "F1": overall["f1"],
        "hard P": hard["precision"],
        "hard R": hard["recall"],
        "none company": slices.get("no_match_company", {}).get("accuracy"),
        "none junk": slices.get("no_match_junk", {}).get("accuracy"),
        "P>=.9": high["precision"],
        "cover>=.9": high["coverage"],
        "ECE": part("calibration").get("ece"),
        "homonyms sure": ambiguous.get("claimed_sure", 0) / ambiguous["n"] if ambiguous.get("n") else None,
    }


def show(rows: list[dict[str, object]]) -> None:
    columns = list(rows[0])
    print("  ".join(f"{column:>13s}" for column in columns))
    for each in rows:
        print(
            "  ".join(
                f"{value:13.4f}" if isinstance(value, float) else f"{value!s:>13s}" for value in (each.get(column) for column in columns)
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="", help="labelled folder: accounts.csv, leads.csv, truth.csv, score_l2a.py")
    parser.add_argument("--details", action="store_true", help="print the scorer's whole report")
    parser.add_argument(
        "--match-confidence", type=float, default=MatchingSettings().match_confidence, help="another threshold than the shipped one"
    )
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--predictions", help="write the cross-validated predictions to this CSV")
    parser.add_argument("--disputed", help="write the labels that the data dispute to this CSV")
    options = parser.parse_args()
    if not options.folder or not (Path(options.folder) / "truth.csv").exists():
        print("SKIPPED accuracy and peers: no labelled folder; give one with `make bench-match L2A=<folder>`")
    else:
        folder = Path(options.folder)
        predictions, doubtful = cross_validated(folder, MatchingSettings(match_confidence=options.match_confidence))
        if options.predictions:
            predictions.to_csv(options.predictions, index=False)
        both = pd.concat([predictions, doubtful], ignore_index=True)
        rows = [row("alignment", score(folder, both, "alignment", quiet=not options.details))]
        doubted = disputed(folder, predictions)
        rows.append(row("undisputed", without(folder, both, doubted)))
        if not options.no_peers:
            rows += [row(name, score(folder, found, name)) for name, found in peers.run(folder)]
        show(rows)
        print(f"undisputed: {len(doubted)} disputed labels set aside in that row only (--disputed FILE writes them with their evidence)")
        if options.disputed:
            doubted.to_csv(options.disputed, index=False)
    if not options.no_speed:
        speed.report(Path(options.folder) if options.folder else None)


if __name__ == "__main__":
    main()
