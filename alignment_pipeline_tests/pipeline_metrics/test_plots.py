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


@pytest.mark.parametrize("picture", [plots.curves_svg, plots.tornado_svg, plots.bridge_svg])
def test_nothing_is_a_picture_too(picture: Any) -> None:
    assert ElementTree.fromstring(picture([])).tag == f"{_SVG}svg"
