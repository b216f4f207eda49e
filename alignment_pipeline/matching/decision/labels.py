"""Labels: what reviewers said, and what it says about the rules.

Belongs here: precision per rule with Wilson intervals, demotion, and corrections made from labels. The lists themselves are applied in
`match.py`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.blocking import records
from alignment_pipeline.matching.settings import MatchingSettings

RIGHT, WRONG = "right", "wrong"
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


def rule_precisions(labels: records.Frame, *, settings: MatchingSettings) -> pa.Table:
    """One row per rule that has labels (lead_id, account_id, rule, verdict right or wrong): precision with its Wilson interval.

    A rule is demoted when its lower bound is below the agreement's and it has enough labels to say so. The last label of a lead and
    account counts.
    """
    records.require(labels, "review labels", "lead_id", "account_id", "rule", "verdict")
    rows = records.row_count(labels)
    columns = [records.text_column(labels, name, rows) for name in ("lead_id", "account_id", "rule", "verdict")]
    last: dict[tuple[str, str], tuple[str, str]] = {}
    for number, (lead_id, account_id, rule, verdict) in enumerate(zip(*columns, strict=True), start=1):
        if verdict not in (RIGHT, WRONG):
            raise ConfigurationError(f"review labels: row {number}: verdict {verdict!r} is not {RIGHT} or {WRONG}")
        last[lead_id, account_id] = (rule, verdict)
    total = Counter(rule for rule, _ in last.values())
    right = Counter(rule for rule, verdict in last.values() if verdict == RIGHT)
    return pa.Table.from_pylist([_precision(rule, right[rule], total[rule], settings) for rule in sorted(total)], schema=RULE_PRECISIONS)


def _precision(rule: str, right: int, total: int, settings: MatchingSettings) -> dict[str, object]:
    lower, upper = wilson(right, total, settings.wilson_z)
    enough = total >= settings.minimum_rule_labels
    demoted = enough and lower < settings.minimum_rule_precision
    if not enough:
        reason = f"{total} labels, {settings.minimum_rule_labels} are needed to judge"
    else:
        relation = "below" if demoted else "not below"
        reason = f"lower bound {lower:.3f} is {relation} {settings.minimum_rule_precision:.3f}"
    return {
        "rule": rule,
        "labels": total,
        "right": right,
        "precision": right / total,
        "lower": lower,
        "upper": upper,
        "is_demoted": demoted,
        "reason": reason,
    }


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
        last[lead_id, account_id] = verdict
    return _judged(last, RIGHT), _judged(last, WRONG)


def _judged(last: Mapping[tuple[str, str], str], wanted: str) -> pa.Table:
    rows = [{"lead_id": lead_id, "account_id": account_id} for (lead_id, account_id), verdict in last.items() if verdict == wanted]
    return pa.Table.from_pylist(rows, schema=CORRECTION)
