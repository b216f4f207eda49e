"""Labels: what reviewers said, and what it says about the rules.

Belongs here: precision per rule, demotion, and corrections made from labels. The bounds are in `precision.py`; the lists themselves are
applied in `match.py`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.blocking import records
from alignment_pipeline.matching.decision import audit, precision
from alignment_pipeline.matching.settings import MatchingSettings

RIGHT, WRONG = "right", "wrong"
# Where a label comes from: a box ticked in the CRM, a reviewed file, the served page (with who signed: "page Jane Doe"), or an audit (with
# the chance that its case was drawn: "audit 0.0423").
CRM, FILE, PAGE, AUDIT = "crm", "file", "page", "audit"
# How far above the minimum a demoted rule must be proven to be, so that it does not go to and fro.
RESTORED_ABOVE = 0.02
RULE_PRECISIONS = pa.schema(
    [
        ("rule", pa.string()),
        ("labels", pa.int64()),
        ("right", pa.int64()),
        ("precision", pa.float64()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("is_demoted", pa.bool_()),
        ("reason", pa.string()),
    ]
)
CORRECTION = pa.schema([("lead_id", pa.string()), ("account_id", pa.string())])


def wilson(right: int, total: int, z: float) -> tuple[float, float]:
    """The Wilson score interval of a proportion; (0, 1) without observations."""
    if total == 0:
        return 0.0, 1.0
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def rule_precisions(labels: records.Frame, *, settings: MatchingSettings, matched: Mapping[str, int] | None = None) -> pa.Table:
    """One row per rule that has labels (lead_id, account_id, rule, verdict right or wrong, and source): what they prove.

    Only labels whose cases were drawn by chance are a sample: those of an audit, or all where the table names no source. Verdicts on the
    review queue are about doubtful cases and correct leads. Ticks say only what is wrong: with `matched`, the matches of each rule, they
    bound its error from below. The last label of a lead and account counts.
    """
    records.require(labels, "review labels", "lead_id", "account_id", "rule", "verdict")
    rows = records.row_count(labels)
    columns = [records.text_column(labels, name, rows) for name in ("lead_id", "account_id", "rule", "verdict", "source")]
    last: dict[tuple[str, str], tuple[str, str, str]] = {}
    for number, (lead_id, account_id, rule, verdict, source) in enumerate(zip(*columns, strict=True), start=1):
        if verdict not in (RIGHT, WRONG):
            raise ConfigurationError(f"review labels: row {number}: verdict {verdict!r} is not {RIGHT} or {WRONG}")
        last.pop((lead_id, account_id), None)
        last[lead_id, account_id] = (rule, verdict, source)
    sample: dict[str, list[tuple[bool, float]]] = {rule: [] for rule, _, _ in last.values()}
    ticks: Counter[str] = Counter()
    for rule, verdict, source in last.values():
        if source in ("", AUDIT) or source.startswith(f"{AUDIT} "):
            sample[rule].append((verdict == RIGHT, float(source.removeprefix(AUDIT) or 1.0)))
        elif source == CRM:
            ticks[rule] += 1
    precisions = [_precision(rule, sample[rule], ticks[rule], (matched or {}).get(rule, 0), settings) for rule in sorted(sample)]
    return pa.Table.from_pylist(precisions, schema=RULE_PRECISIONS)


def _precision(rule: str, judged: Sequence[tuple[bool, float]], ticks: int, matched: int, settings: MatchingSettings) -> dict[str, object]:
    verdicts = [is_right for is_right, _ in judged]
    right, total, minimum = sum(verdicts), len(verdicts), settings.minimum_rule_precision
    lower, upper = precision.bounds(right, total - right)
    error = wilson(ticks, matched, settings.wilson_z)[0] if matched >= ticks else 0.0
    if error > 1.0 - minimum:
        is_demoted, reason = True, f"{ticks} of {matched} matches are ticked as wrong: at least {error:.1%} are"
    elif total < settings.minimum_rule_labels:
        is_demoted, reason = False, f"{total} labels of an audit, {settings.minimum_rule_labels} are needed to judge"
    else:
        is_demoted = _is_demoted(verdicts, settings)
        proven = "below" if is_demoted else "not proven to be below"
        reason = f"precision between {lower:.3f} and {upper:.3f} is {proven} {minimum:.3f}"
    return {
        "rule": rule,
        "labels": total,
        "right": right,
        "precision": audit.weighted(judged) if total else None,
        "lower": lower,
        "upper": upper,
        "is_demoted": is_demoted,
        "reason": reason,
    }


def _is_demoted(verdicts: Sequence[bool], settings: MatchingSettings) -> bool:
    """Label by label: demoted once it is proven to be below the minimum, until it is proven to be a little above.

    A proof among the first labels holds, but nothing is demoted before there are as many as the agreement asks for.
    """
    minimum, right, wrong, is_bad = settings.minimum_rule_precision, 0, 0, False
    for is_right in verdicts:
        right, wrong = right + is_right, wrong + (not is_right)
        if not is_bad:
            is_bad = precision.is_proof(precision.bad(right, wrong, minimum))
        elif precision.is_proof(precision.good(right, wrong, min(1.0, minimum + RESTORED_ABOVE))):
            is_bad = False
    return is_bad and len(verdicts) >= settings.minimum_rule_labels


def demoted_rules(precisions: pa.Table) -> frozenset[str]:
    """The rules whose matches go to review until their precision recovers: the `demoted_rules` of the next run's settings."""
    return frozenset(row["rule"] for row in precisions.to_pylist() if row["is_demoted"])


def corrections(labels: records.Frame) -> tuple[pa.Table, pa.Table]:
    """The always- and never-match lists that labels (lead_id, account_id, verdict) amount to: right is always, wrong is never."""
    records.require(labels, "review labels", "lead_id", "account_id", "verdict")
    rows = records.row_count(labels)
    last: dict[tuple[str, str], str] = {}
    for lead_id, account_id, verdict in zip(
        *(records.text_column(labels, name, rows) for name in ("lead_id", "account_id", "verdict")), strict=True
    ):
        if account_id:
            last[lead_id, account_id] = verdict
    return _judged(last, RIGHT), _judged(last, WRONG)


def _judged(last: Mapping[tuple[str, str], str], wanted: str) -> pa.Table:
    rows = [{"lead_id": lead_id, "account_id": account_id} for (lead_id, account_id), verdict in last.items() if verdict == wanted]
    return pa.Table.from_pylist(rows, schema=CORRECTION)
