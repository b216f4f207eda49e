"""Pictures of pipeline: the bridge as a waterfall, coverage through the period, conversion curves with bands, the planner's tornado.

Belongs here: one self-contained SVG each, from rows of the tables. Where they are shown: `defs/notes.py`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.pipeline_metrics import bridge

Rows = Sequence[Mapping[str, Any]]
WIDTH, HEIGHT, LEFT, TOP, PLOT_HEIGHT = 720, 320, 64, 40, 220
#: Coverage above it is not drawn: at a period's end little is missing, and the ratio grows without bound.
MOST_COVERAGE = 8.0
_WIDE = WIDTH - LEFT - 20
_UP, _DOWN, _TOTAL, _LINES = "#2f7d4f", "#b5482a", "#4a6785", ("#1b6ca8", "#c0561a", "#2f7d4f", "#7a4fa3", "#888888")


def bridge_svg(rows: Rows) -> str:
    """`bridge_` rows of `pipeline_metrics` of one scope: start, each part that moved something, end."""
    cents = {row["metric"].removeprefix("bridge_"): float(row["value"] or 0) for row in rows if row["metric"].startswith("bridge_")}
    parts = [name for name in (bridge.START, *bridge.PARTS, bridge.END) if name in (bridge.START, bridge.END) or cents.get(name)]
    level, bars = 0.0, []
    for name in parts:
        value = cents.get(name, 0.0)
        if name in (bridge.START, bridge.END):
            bars.append((name, 0.0, value, _TOTAL))
            level = value
        else:
            bars.append((name, min(level, level + value), abs(value), _UP if value > 0 else _DOWN))
            level += value
    most = max((bottom + height for _name, bottom, height, _colour in bars), default=0.0) or 1.0
    step = (WIDTH - LEFT - 16) / len(parts)
    shapes = []
    for place, (name, bottom, height, colour) in enumerate(bars):
        x, y = LEFT + step * place, TOP + PLOT_HEIGHT * (1 - (bottom + height) / most)
        shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" height="{max(0.5, height / most * PLOT_HEIGHT):.1f}" fill="{colour}"/>'
        )
        shapes.append(_text(x + step * 0.35, y - 4, f"{cents.get(name, 0) / 1e8:,.2f}"))
        shapes.append(_text(x + step * 0.35, TOP + PLOT_HEIGHT + 16, name.replace("_", " ")))
    return _svg("Open pipeline of the period, in millions", shapes)


def coverage_svg(rows: Rows) -> str:
    """`coverage_paths`: coverage by business day, the present period as a thick line beside the ones before. A line ends at 8."""
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        if row["coverage"] is not None and row["coverage"] <= MOST_COVERAGE:
            lines.setdefault(row["period"], []).append((row["business_day"], row["coverage"]))
    drawn = sorted(lines.items())
    last = max((points[-1][0] for _name, points in drawn), default=1)
    most = max((value for _name, points in drawn for _day, value in points), default=1.0) or 1.0
    ticks = [most * part / 4 for part in range(5)] if drawn else []
    shapes = [_text(LEFT - 22, TOP + PLOT_HEIGHT * (1 - tick / most) + 4, f"{tick:.1f}") for tick in ticks]
    shapes += [_text(LEFT + _WIDE * day / last, TOP + PLOT_HEIGHT + 16, str(day)) for day in range(0, last + 1, 10)] if drawn else []
    for place, (name, points) in enumerate(drawn):
        is_present = place == len(drawn) - 1
        colour = _LINES[(len(drawn) - 1 - place) % len(_LINES)]
        placed = [(LEFT + _WIDE * day / last, TOP + PLOT_HEIGHT * (1 - value / most)) for day, value in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{4 if is_present else 1.5}"/>')
        shapes.append(f'<circle cx="{placed[-1][0]:.1f}" cy="{placed[-1][1]:.1f}" r="{4 if is_present else 2}" fill="{colour}"/>')
        shapes.append(_text(LEFT + 60 + place * 128, HEIGHT - 12, f"{name}{' (now)' if is_present else ''}", colour))
    return _svg("Coverage by business day of the period", shapes)


def curves_svg(rows: Rows) -> str:
    """`incidence` rows of `step_conversions` of the whole: share converted by days, with its 95 % band."""
    chosen = [(row["step"], json.loads(row["curve"])) for row in rows if row["reading"] == "incidence" and row["scope"] == "all"]
    drawn = [(name, points) for name, points in chosen if points][: len(_LINES)]
    longest = max((points[-1][0] for _name, points in drawn), default=1.0) or 1.0
    shapes = [_text(LEFT - 22, TOP + PLOT_HEIGHT * (1 - pct / 100) + 4, f"{pct} %") for pct in (0, 50, 100)]
    for place, (name, points) in enumerate(drawn):
        colour = _LINES[place]
        upper = [_point(point[0], point[3], longest) for point in points]
        lower = [_point(point[0], point[2], longest) for point in points]
        shapes.append(f'<polygon points="{" ".join([*upper, *reversed(lower)])}" fill="{colour}" opacity="0.15"/>')
        line = " ".join(_point(point[0], point[1], longest) for point in points)
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        shapes.append(_text(LEFT + 60 + place * 128, HEIGHT - 12, name.replace("_", " "), colour))
    return _svg(f"Share converted, by days since entry (to {longest:.0f} days)", shapes)


def tornado_svg(rows: Rows) -> str:
    """`plan_sensitivities` of the whole: deals needed when each rate alone is at the ends of its interval, the widest first.

    A rate at whose lower end no number of deals is enough has no end: its bar goes as far as the longest.
    """
    chosen = [row for row in rows if row["scope"] == "all" and row["variation"] == "interval" and row["deals_at_high"] is not None]
    ordered = sorted(chosen, key=lambda row: (row["width"] is not None, -(row["width"] or 0.0), row["rate_name"]))
    ends = [value for row in ordered for value in (row["deals_at_low"], row["deals_at_high"]) if value is not None]
    least, most = (min(ends), max(ends)) if ends else (0.0, 1.0)
    scale = (WIDTH - LEFT - 220) / ((most - least) or 1.0)
    shapes = []
    for place, row in enumerate(ordered):
        has_end = row["deals_at_low"] is not None
        low, high = sorted((row["deals_at_low"] if has_end else most, row["deals_at_high"]))
        x, y = LEFT + 120 + (low - least) * scale, TOP + 20 + 44 * place
        shapes.append(f'<rect x="{x:.1f}" y="{y}" width="{max(1.0, (high - low) * scale):.1f}" height="24" fill="{_TOTAL}"/>')
        shapes.append(_text(LEFT + 40, y + 16, row["rate_name"].replace("_", " ")))
        shapes.append(
            _text(LEFT + 130 + (high - least) * scale + 36, y + 16, f"{low:,.0f} to {high:,.0f}" if has_end else f"{low:,.0f} or more")
        )
    return _svg("Deals needed, each rate over its own interval", shapes)


def _point(days: float, share: float, longest: float) -> str:
    return f"{LEFT + (WIDTH - LEFT - 20) * days / longest:.1f},{TOP + PLOT_HEIGHT * (1 - share):.1f}"


def _text(x: float, y: float, text: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{colour}">{html.escape(text)}</text>'


def _svg(title: str, shapes: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="10">'
    )
    body = shapes or [_text(WIDTH / 2, HEIGHT / 2, "nothing to plot")]
    return "".join(
        [
            head,
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<text x="16" y="22" font-size="14">{title}</text>',
            *body,
            "</svg>",
        ]
    )
