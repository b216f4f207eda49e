"""Pictures are well-formed SVG, and their bars stand for the numbers."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from alignment_pipeline.pipeline_metrics import plots

_SVG = "{http://www.w3.org/2000/svg}"


def drawn(text: str, kind: str) -> list[dict[str, Any]]:
    return [one.attrib for one in ElementTree.fromstring(text).iter(f"{_SVG}{kind}")][kind == "rect" :]


def test_each_bar_of_the_bridge_begins_where_the_last_one_ended() -> None:
    parts = {"start": 100, "new": 50, "won": -30, "deleted": 0, "end": 120}
    bars = drawn(plots.bridge_svg([{"metric": f"bridge_{name}", "value": value * 1e8} for name, value in parts.items()]), "rect")
    heights = [round(float(bar["height"]) / float(bars[0]["height"]), 2) for bar in bars]
    assert [1.0, 0.5, 0.3, 1.2] == heights
    assert float(bars[1]["y"]) + float(bars[1]["height"]) == pytest.approx(float(bars[0]["y"]), abs=0.2)


def test_a_curve_has_a_band_and_a_line() -> None:
    row = {"reading": "incidence", "scope": "all", "step": "a_to_b", "curve": json.dumps([[1, 0.1, 0.05, 0.2], [9, 0.4, 0.3, 0.5]])}
    text = plots.curves_svg([row, row | {"scope": "tier:1"}, row | {"reading": "cohort"}])
    assert (1, 1) == (len(drawn(text, "polyline")), len(drawn(text, "polygon")))


def test_the_widest_bar_of_the_tornado_is_first() -> None:
    usual = {"scope": "all", "variation": "interval"}
    rows = [
        usual | {"rate_name": "amount", "deals_at_low": 120.0, "deals_at_high": 90.0, "width": 30.0},
        usual | {"rate_name": "win_rate", "deals_at_low": 180.0, "deals_at_high": 80.0, "width": 100.0},
    ]
    widths = [float(bar["width"]) for bar in drawn(plots.tornado_svg(rows), "rect")]
    assert widths == sorted(widths, reverse=True) and 2 == len(widths)
    # a rate with whose lower end no number of deals is enough has no end, and is the widest
    endless = plots.tornado_svg([*rows, usual | {"rate_name": "in_time", "deals_at_low": None, "deals_at_high": 150.0, "width": None}])
    assert 3 == len(drawn(endless, "rect")) and endless.index("in time") < endless.index("win rate") and "150 or more" in endless


def test_coverage_is_a_line_for_each_period_and_ends_where_little_is_missing() -> None:
    paths = {"2026Q3": (2.0, 3.0, 9.0), "2026Q4": (1.0, None)}
    rows = [
        {"period": period, "business_day": 5 * number, "coverage": value}
        for period, values in paths.items()
        for number, value in enumerate(values, start=1)
    ]
    past, now = drawn(plots.coverage_svg(rows), "polyline")
    assert (2, 1) == (len(past["points"].split()), len(now["points"].split()))
    assert float(now["stroke-width"]) > float(past["stroke-width"])
    # 3.0 is the highest value drawn, 1.0 a third of it
    heights = [plots.TOP + plots.PLOT_HEIGHT - float(point.split(",")[1]) for point in (past["points"].split()[1], now["points"])]
    assert [plots.PLOT_HEIGHT, plots.PLOT_HEIGHT / 3] == pytest.approx(heights, abs=0.1)


@pytest.mark.parametrize("picture", [plots.coverage_svg, plots.curves_svg, plots.tornado_svg, plots.bridge_svg])
def test_nothing_is_a_picture_too(picture: Any) -> None:
    assert ElementTree.fromstring(picture([])).tag == f"{_SVG}svg"
