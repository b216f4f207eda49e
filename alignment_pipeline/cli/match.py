"""`alignment match ACCOUNTS.csv LEADS.csv --out MATCHES.csv`: matching alone, without any CRM.

Belongs here: files in, files and a summary out. Recognising exports is in `matching/files/exports.py`, the rule in `matching/match.py`.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd

from alignment_pipeline.contracts import spreadsheets
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching import match as rule
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.decision import match_rows
from alignment_pipeline.matching.files import exports, lists
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline.wording.catalogue import MATCH_RULES

OUTPUT = ("lead_id", "account_id", "confidence", "decision", "method", "reason", "runner_up_id")
REVIEW = (
    "lead_id",
    "company",
    "email_domain",
    "country",
    "best_account_id",
    "best_account_name",
    "confidence",
    "runner_up_id",
    "runner_up_name",
    "reason",
    "verdict",
)
STEP = 20_000


def match_files(
    accounts_csv: Path,
    leads_csv: Path,
    out_csv: Path,
    *,
    settings: MatchingSettings | None = None,
    always_csv: Path | None = None,
    never_csv: Path | None = None,
    encoding: str | None = None,
    evidence_jsonl: Path | None = None,
    quiet: bool = True,
) -> dict[str, Any]:
    """Match two exports and write `out_csv` and, beside it, the review file. Returns the summary (also what `--json` prints)."""
    started = time.monotonic()
    settings = settings or MatchingSettings()
    out_csv = Path(out_csv)
    review_csv = out_csv.with_name(out_csv.stem + ".review.csv")
    _check_targets([accounts_csv, leads_csv, always_csv, never_csv], [out_csv, review_csv, evidence_jsonl])
    accounts = exports.read_accounts(_bytes(accounts_csv), str(accounts_csv), encoding=encoding)
    leads = exports.read_leads(_bytes(leads_csv), str(leads_csv), encoding=encoding)
    always, never = (_corrections(path, encoding, leads.frame, accounts.frame) for path in (always_csv, never_csv))
    notes = [*accounts.notes, *leads.notes, *always.unknown, *never.unknown]
    for note in lists.said(notes):
        click.echo(f"note: {note}", err=True)
    _say(quiet, f"{len(accounts.frame)} accounts ({accounts.encoding}), {len(leads.frame)} leads ({leads.encoding}); filing accounts")
    index = AccountIndex.build(accounts.frame, settings=settings)
    parts: list[pd.DataFrame] = []
    for start in range(0, len(leads.frame), STEP):
        part = leads.frame.iloc[start : start + STEP]
        parts.append(rule.match_leads(part, index, settings=settings, always=_frame(always), never=_frame(never)).to_pandas())
        _say(quiet, f"{min(start + STEP, len(leads.frame))} of {len(leads.frame)} leads matched")
    matches = pd.concat(parts, ignore_index=True) if parts else match_rows.SCHEMA.empty_table().to_pandas()
    matches = matches.astype(object).where(matches.notna(), "")
    _write(out_csv, OUTPUT, matches[list(OUTPUT)].assign(confidence=[f"{value:.4f}" for value in matches["confidence"]]).to_dict("records"))
    _write(review_csv, REVIEW, _review_rows(matches, leads.frame, index), bom=True)
    if evidence_jsonl is not None:
        _write_evidence(evidence_jsonl, matches)
    return _summary(matches, accounts, leads, out_csv, review_csv, time.monotonic() - started) | {"notes": notes}


def _check_targets(sources: list[Path | None], targets: list[Path | None]) -> None:
    read = {Path(source).resolve() for source in sources if source is not None}
    for target in targets:
        if target is None:
            continue
        if Path(target).resolve() in read:
            raise ConfigurationError(f"{target}: would overwrite an input file; choose another --out")
        if not Path(target).resolve().parent.is_dir():
            raise ConfigurationError(f"{target}: folder {Path(target).resolve().parent} does not exist; create it first")


def _bytes(path: Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as cause:
        raise ConfigurationError(f"{path}: cannot be read ({cause.strerror}); check the path") from cause


def _corrections(path: Path | None, encoding: str | None, leads: pd.DataFrame, accounts: pd.DataFrame) -> lists.Corrections:
    """A never- or always-match list: lead id and account id."""
    if path is None:
        return lists.Corrections((), ())
    return lists.corrections(_bytes(path), str(path), leads=set(leads["lead_id"]), accounts=set(accounts["account_id"]), encoding=encoding)


def _frame(corrections: lists.Corrections) -> pd.DataFrame:
    return pd.DataFrame(list(corrections.pairs), columns=["lead_id", "account_id"])


def _say(quiet: bool, text: str) -> None:
    if not quiet:
        click.echo(text, err=True)


def _write(path: Path, columns: tuple[str, ...], rows: Sequence[Mapping[Any, Any]], *, bom: bool = False) -> None:
    """A CSV in one piece or not at all: written aside, then renamed."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        aside.replace(path)
    except OSError as cause:
        aside.unlink(missing_ok=True)
        raise ConfigurationError(f"{path}: cannot be written ({cause.strerror})") from cause


def _review_rows(matches: pd.DataFrame, leads: pd.DataFrame, index: AccountIndex) -> list[dict[str, Any]]:
    """What a person needs to decide a review; ids verbatim, the rest safe to open in a spreadsheet, an empty `verdict` to fill in."""
    facts = index.facts
    lead = leads.set_index("lead_id")
    rows: list[dict[str, Any]] = []
    for row in matches[matches["decision"] == "review"].to_dict("records"):
        source = lead.loc[row["lead_id"]]
        best, runner = facts.position.get(row["account_id"], -1), facts.position.get(row["runner_up_id"], -1)
        mail = str(source.get("email_domain", "") or source.get("email", "")).rsplit("@", 1)[-1]
        rows.append(
            {
                "lead_id": row["lead_id"],
                "company": spreadsheets.harmless(str(source.get("company", ""))),
                "email_domain": spreadsheets.harmless(mail),
                "country": spreadsheets.harmless(str(source.get("country", ""))),
                "best_account_id": row["account_id"],
                "best_account_name": spreadsheets.harmless(facts.name[best]) if best >= 0 else "",
                "confidence": f"{row['confidence']:.4f}",
                "runner_up_id": row["runner_up_id"],
                "runner_up_name": spreadsheets.harmless(facts.name[runner]) if runner >= 0 else "",
                "reason": spreadsheets.harmless(row["reason"]),
                "verdict": "",
            }
        )
    return sorted(rows, key=lambda item: (-float(item["confidence"]), item["lead_id"]))


def _write_evidence(path: Path, matches: pd.DataFrame) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("w", encoding="utf-8") as stream:
        for row in matches.to_dict("records"):
            row["evidence"] = json.loads(row["evidence"])
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    aside.replace(path)


def _summary(
    matches: pd.DataFrame, accounts: exports.Export, leads: exports.Export, out: Path, review: Path, seconds: float
) -> dict[str, Any]:
    decisions = Counter(matches["decision"])
    by_rule = Counter(matches.loc[matches["decision"] == "matched", "rule"])
    unmatched = Counter(matches.loc[matches["decision"] == "none", "rule"])
    total = len(matches)
    return {
        "leads": total,
        "accounts": len(accounts.frame),
        "matched": decisions["matched"],
        "review": decisions["review"],
        "none": decisions["none"],
        "match_rate": round(decisions["matched"] / total, 4) if total else None,
        "matched_by_evidence": {name: by_rule[name] for name in MATCH_RULES if by_rule[name]},
        "junk_companies": unmatched["junk"],
        "out": str(out),
        "review_file": str(review),
        "seconds": round(seconds, 2),
        "columns": {"accounts": dict(accounts.source), "leads": dict(leads.source)},
    }


def _print_summary(summary: Mapping[str, Any]) -> None:
    total = summary["leads"] or 1
    click.echo(f"{summary['leads']} leads against {summary['accounts']} accounts in {summary['seconds']} s")
    for name in ("matched", "review", "none"):
        click.echo(f"  {name:8s} {summary[name]:7d}  {summary[name] / total:6.1%}")
    if summary["matched_by_evidence"]:
        click.echo("matched by evidence")
        for name, count in summary["matched_by_evidence"].items():
            click.echo(f"  {count:7d}  {count / total:6.1%}  {MATCH_RULES[name]}")
    click.echo(f"matches: {summary['out']}")
    click.echo(f"to review: {summary['review_file']}")


@click.command("match", epilog="Example: alignment match accounts.csv leads.csv --out matches.csv")
@click.argument("accounts_csv", type=click.Path(path_type=Path))
@click.argument("leads_csv", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "out_csv",
    required=True,
    type=click.Path(path_type=Path),
    help="Where to write the matches; the review file is written beside it.",
)
@click.option("--always", "always_csv", type=click.Path(path_type=Path), help="CSV with lead_id and account_id: matches that people set.")
@click.option(
    "--never", "never_csv", type=click.Path(path_type=Path), help="CSV with lead_id and account_id: matches that people excluded."
)
@click.option("--evidence", "evidence_jsonl", type=click.Path(path_type=Path), help="Also write each lead's whole evidence as JSON lines.")
@click.option("--match-confidence", type=click.FloatRange(0, 1), help="Confidence from which a match needs no review.")
@click.option("--review-confidence", type=click.FloatRange(0, 1), help="Confidence below which a lead has no account.")
@click.option("--encoding", help="Encoding of the files, when it is not recognised (utf-8, utf-16, cp1252, cp932, ...).")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def match(
    accounts_csv: Path,
    leads_csv: Path,
    out_csv: Path,
    always_csv: Path | None,
    never_csv: Path | None,
    evidence_jsonl: Path | None,
    match_confidence: float | None,
    review_confidence: float | None,
    encoding: str | None,
    as_json: bool,
) -> None:
    """Match the leads of one CSV file to the accounts of another. Exports of any CRM are recognised."""
    defaults = MatchingSettings()
    upper = defaults.match_confidence if match_confidence is None else match_confidence
    lower = min(defaults.review_confidence, upper) if review_confidence is None else review_confidence
    settings = MatchingSettings(match_confidence=upper, review_confidence=lower)
    summary = match_files(
        accounts_csv,
        leads_csv,
        out_csv,
        settings=settings,
        always_csv=always_csv,
        never_csv=never_csv,
        encoding=encoding,
        evidence_jsonl=evidence_jsonl,
        quiet=False,
    )
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, indent=1))
    else:
        _print_summary(summary)
