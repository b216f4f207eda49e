"""The threshold sweep as a picture: precision, recall and entries per week against the factor.

Belongs here: one self-contained SVG, drawn from `mqa_backtests` or `mql_backtests` rows, for the report and for Dagster's metadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import ibis

WIDTH, HEIGHT, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT = 640, 320, 56, 40, 480, 210
_LINES = (("precision_pct", "precision %", "#1b6ca8"), ("recall_pct", "recall %", "#c0561a"), ("base_rate_pct", "blind pick %", "#888888"))
_BARS = "#dfe7ee"


def sweep_svg(sweep: ibis.Table, *, of: Literal["MQA", "MQL"] = "MQA") -> str:
    """SVG text: lines for precision, recall and the blind pick (left axis, %), bars for MQAs or MQLs per week (labelled)."""
    weekly = f"{of.lower()}s_per_week"
    rows = sweep.order_by("threshold_factor").to_pyarrow().to_pylist()
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{of} thresholds against opportunities</text>',
    ]
    if not rows:
        return "".join([*parts, f'<text x="{LEFT}" y="60">nothing to plot</text></svg>'])
    step = PLOT_WIDTH / len(rows)
    xs = [LEFT + step * (number + 0.5) for number in range(len(rows))]
    most = max(row[weekly] for row in rows) or 1.0
    for x, row in zip(xs, rows, strict=True):
        height = row[weekly] / most * PLOT_HEIGHT * 0.9
        y = TOP + PLOT_HEIGHT - height
        parts.append(f'<rect x="{x - step * 0.3:.1f}" y="{y:.1f}" width="{step * 0.6:.1f}" height="{height:.1f}" fill="{_BARS}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + PLOT_HEIGHT + 28}" text-anchor="middle" fill="#667">{row[weekly]:.1f}/week</text>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + PLOT_HEIGHT + 15}" text-anchor="middle">{row["threshold_factor"]:g}x</text>')
    for pct in (0, 25, 50, 75, 100):
        y = _y(pct)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + PLOT_WIDTH}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{pct}</text>')
    for number, (name, label, colour) in enumerate(_LINES):
        parts += _line([(x, row[name]) for x, row in zip(xs, rows, strict=True)], colour)
        parts.append(f'<text x="{LEFT + number * 120}" y="{HEIGHT - 12}" fill="{colour}">{label}</text>')
    parts.append(f'<text x="{LEFT + PLOT_WIDTH}" y="{HEIGHT - 12}" text-anchor="end" fill="#667">bars: {of}s per week</text>')
    return "".join([*parts, "</svg>"])


def _y(pct: float) -> float:
    return TOP + PLOT_HEIGHT * (1 - pct / 100)


def _line(points: Sequence[tuple[float, float | None]], colour: str) -> list[str]:
    known = [(x, _y(pct)) for x, pct in points if pct is not None]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in known)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in known]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]
