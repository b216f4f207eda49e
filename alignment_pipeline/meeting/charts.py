"""Charts of the page as inline SVG: sparklines with their usual range, the waterfall, how long first touches took.

Belongs here: Vega-Lite specifications as plain data, drawn by vl-convert, which needs no browser and no network. Colours are the page's
CSS variables, so a chart follows light and dark. Which charts a page has: `page.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

Spec = dict[str, Any]
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_CONFIG: Spec = {
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {"labelColor": "var(--soft)", "labelFontSize": 11, "title": None, "grid": False, "domain": False, "ticks": False},
    "bar": {"discreteBandSize": {"band": 0.72}},
}
#: Coverage above it is not drawn: at a quarter's end little is missing, and the ratio grows without bound.
MOST_COVERAGE = 8.0
_SPARK_WIDTH, _SPARK_HEIGHT = 120, 24
_HEAD = re.compile(r"<svg[^>]*?width=\"([\d.]+)\" height=\"([\d.]+)\"[^>]*>")
# what Vega writes for its own tools; the chart is one image with one description
_NOISE = re.compile(r' (?:aria-[a-z]+|role|class|pointer-events|xmlns:xlink|font-family|stroke-miterlimit|display)="[^"]*"')
_EMPTY = re.compile(r"<path[^>]*? d=\"(?:M0,0h0v0h0Z|)\"[^>]*/>|<g[^>]*></g>")
_ORIGIN = re.compile(r'<path d="M0(?:\.5)?,0(?:\.5)?h[\d.]+v[\d.]+h-[\d.]+Z"/>')
_LONG = re.compile(r"(\d+\.\d\d)\d+")


def sparkline(values: Sequence[float | None], *, lower: float | None, upper: float | None, signal: str) -> Spec:
    """A line over the weeks, the band of what is usual, and the last week as a point: coloured when it is news."""
    points = [{"week": place, "value": value} for place, value in enumerate(values)]
    known = [value for value in values if value is not None]
    low, high = min([*known, lower if lower is not None else min(known)]), max([*known, upper if upper is not None else max(known)])
    x = {"field": "week", "type": "quantitative", "axis": None, "scale": {"domain": [0, max(1, len(values) - 1)], "padding": 3}}
    y_scale = {"domain": [low, high if high > low else low + 1], "zero": False, "padding": 3}
    y = {"field": "value", "type": "quantitative", "axis": None, "scale": y_scale}
    layers: list[Spec] = []
    if lower is not None and upper is not None:
        band = {"type": "rect", "color": "var(--band)"}
        bounds = {"y": {"datum": lower, "type": "quantitative", "axis": None, "scale": y_scale}, "y2": {"datum": upper}}
        layers.append({"data": {"values": [{}]}, "mark": band, "encoding": bounds})
    layers.append({"mark": {"type": "line", "color": "var(--line-mark)", "strokeWidth": 1.5}, "encoding": {"x": x, "y": y}})
    last = {"type": "point", "filled": True, "size": 42, "opacity": 1, "color": "var(--bad)" if signal else "var(--line-mark)"}
    filtered = [{"filter": f"datum.week == {len(values) - 1} && datum.value != null"}]
    layers.append({"transform": filtered, "mark": last, "encoding": {"x": x, "y": y}})
    return _chart({"data": {"values": points}, "layer": layers}, _SPARK_WIDTH, _SPARK_HEIGHT)


def waterfall(start: float, parts: Sequence[tuple[str, float]], end: float, *, width: int = 860, height: int = 150) -> Spec:
    """The bridge in millions: where it began, each part on top of the one before, where it ended."""
    level, rows = start, [_bar("at the start", 0.0, start, "total", start)]
    for name, value in parts:
        rows.append(_bar(name.replace("_", " "), level, level + value, "up" if value >= 0 else "down", value))
        level += value
    rows.append(_bar("now", 0.0, end, "total", end))
    x = {"field": "part", "type": "nominal", "sort": None, "axis": {"labelAngle": 0, "labelLimit": 80}}
    colour = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["total", "up", "down"], "range": ["var(--total)", "var(--good)", "var(--bad)"]},
    }
    # the parts are what is read: bars may begin above zero, which the page says beside them
    low, high = min(row["low"] for row in rows[1:-1] or rows), max(row["high"] for row in rows)
    floor = max(0.0, low - 1.2 * (high - low), 0.5 * low if len(rows) <= len(("start", "end")) else 0.0)
    for row in rows:
        row["low"] = max(row["low"], floor)
    y = {"field": "low", "type": "quantitative", "axis": None, "scale": {"domain": [floor, high if high > floor else floor + 1]}}
    text = {"type": "text", "dy": -6, "color": "var(--ink)", "fontSize": 11}
    layers = [
        {"mark": {"type": "bar"}, "encoding": {"x": x, "y": y, "y2": {"field": "high"}, "color": colour}},
        {"mark": text, "encoding": {"x": x, "y": {"field": "high", "type": "quantitative"}, "text": {"field": "label"}}},
    ]
    return _chart({"data": {"values": rows}, "layer": layers}, width, height)


def answers(bins: Sequence[tuple[str, float, float]], *, width: int = 400, height: int = 190) -> Spec:
    """Percent of first touches by the time they took: bars for the period, a mark for what is usual."""
    rows = [
        {"answer": name, "now": now, "usual": usual, "label": f"{now:.0f} %", "kind": "bad" if name == "never" else "usual"}
        for name, now, usual in bins
    ]
    x = {"field": "answer", "type": "nominal", "sort": None, "axis": {"labelAngle": 0, "labelLimit": 80}}
    scale = {"range": ["var(--total)", "var(--bad)"], "domain": ["usual", "bad"]}
    y = {"field": "now", "type": "quantitative", "axis": None}
    layers = [
        {
            "mark": {"type": "bar"},
            "encoding": {"x": x, "y": y, "color": {"field": "kind", "type": "nominal", "legend": None, "scale": scale}},
        },
        {
            "mark": {"type": "tick", "color": "var(--ink)", "thickness": 2, "orient": "horizontal", "width": 44},
            "encoding": {"x": x, "y": {"field": "usual", "type": "quantitative"}},
        },
        {
            "transform": [{"calculate": "max(datum.now, datum.usual)", "as": "top"}],
            "mark": {"type": "text", "dy": -7, "color": "var(--ink)", "fontSize": 11},
            "encoding": {"x": x, "y": {"field": "top", "type": "quantitative"}, "text": {"field": "label"}},
        },
    ]
    return _chart({"data": {"values": rows}, "layer": layers}, width, height)


def coverage(lines: Mapping[str, Sequence[tuple[int, float]]], present: str, *, width: int = 560, height: int = 190) -> Spec:
    """Coverage by business day: a thin line for each past period, a thick one for the present, each with its name at the end."""
    rows = [
        {"period": name, "day": day, "coverage": value, "kind": "now" if name == present else "past"}
        for name, points in lines.items()
        for day, value in points
    ]
    ends = [{"period": name, "day": points[-1][0], "coverage": points[-1][1]} for name, points in lines.items() if points]
    # room for the names on the right
    days = [day for points in lines.values() for day, _ in points] or [0, 1]
    domain = [min(days), 1.12 * max(days)]
    x: Spec = {"field": "day", "type": "quantitative", "axis": {"tickMinStep": 5, "title": None}, "scale": {"domain": domain}}
    y: Spec = {"field": "coverage", "type": "quantitative", "axis": {"tickCount": 4, "title": None}}
    scale = {"domain": ["now", "past"], "range": ["var(--ink)", "var(--total)"]}
    colour = {"field": "kind", "type": "nominal", "legend": None, "scale": scale}
    size = {"field": "kind", "type": "nominal", "legend": None, "scale": {"domain": ["now", "past"], "range": [3, 1]}}
    text = {"type": "text", "align": "left", "dx": 4, "color": "var(--soft)", "fontSize": 11}
    layers = [
        {"mark": {"type": "line"}, "encoding": {"x": x, "y": y, "color": colour, "strokeWidth": size, "detail": {"field": "period"}}},
        {"data": {"values": ends}, "mark": text, "encoding": {"x": x, "y": y, "text": {"field": "period"}}},
    ]
    return _chart({"data": {"values": rows}, "layer": layers}, width, height)


def svg(spec: Mapping[str, Any], description: str) -> str:
    """The chart as an SVG element without fonts, scripts or outside references, described in one sentence."""
    # half a second and 84 MB: only who draws a page needs it
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(dict(spec), allowed_base_urls=[])
    head = _HEAD.match(drawn)
    assert head is not None, drawn[:200]
    body = _LONG.sub(r"\1", _NOISE.sub("", drawn[head.end() :]))
    while (shorter := _EMPTY.sub("", body)) != body:
        body = shorter
    body = _ORIGIN.sub("", body)
    label = html.escape(description, quote=True)
    # a chart is never wider than its column
    return f'<svg viewBox="0 0 {head[1]} {head[2]}" width="{head[1]}" height="{head[2]}" role="img" aria-label="{label}">{body}'


def _chart(spec: Spec, width: int, height: int) -> Spec:
    return {"$schema": _SCHEMA, **spec, "width": width, "height": height, "padding": 1, "config": _CONFIG}


def _bar(part: str, low: float, high: float, kind: str, value: float) -> Spec:
    sign = "+" if kind == "up" else ""
    bounds = {"low": min(low, high) / 1e6, "high": max(low, high) / 1e6}
    return {"part": part, **bounds, "kind": kind, "label": f"{sign}{value / 1e6:,.2f}"}
