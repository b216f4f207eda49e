"""Charts: valid Vega-Lite, the same picture each time, no font, script or address in it."""

from __future__ import annotations

import re

import altair
import pytest

from alignment_pipeline.meeting import charts

SPECS = {
    "sparkline": charts.sparkline([50, None, 66.5, 40, 20], lower=30, upper=70, signal="below"),
    "flat": charts.sparkline([1, 1, 1], lower=None, upper=None, signal=""),
    "waterfall": charts.waterfall(6e6, [("new", 4e5), ("won", -2e5)], 6.2e6),
    "nothing moved": charts.waterfall(0, [], 0),
    "coverage": charts.coverage({"2026Q3": [(5, 3.1), (10, 2.4)], "2026Q4": [(5, 2.8)]}, "2026Q4"),
    "answers": charts.answers([("≤ 5 min", 40.0, 35.0), ("never", 60.0, 65.0)]),
}


@pytest.mark.parametrize("name", SPECS)
def test_the_specification_is_vega_lite(name: str) -> None:
    altair.Chart.from_dict(SPECS[name], validate=True)


@pytest.mark.parametrize("name", SPECS)
def test_a_drawing_is_small_and_self_contained(name: str) -> None:
    drawn = charts.svg(SPECS[name], 'Kept <in> time & "so on"')

    assert drawn == charts.svg(SPECS[name], 'Kept <in> time & "so on"')
    assert len(drawn) < 6000
    assert 'aria-label="Kept &lt;in&gt; time &amp; &quot;so on&quot;"' in drawn
    assert not re.search(r"http|url\(|<script|<style|<image|font-family|href", drawn)
    assert set(re.findall(r"<([a-z]+)", drawn)) <= {"svg", "g", "path", "text"}


def test_colours_are_the_page_s_variables() -> None:
    drawn = "".join(charts.svg(spec, "x") for spec in SPECS.values())
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn))

    assert colours <= {"none"} | {f"var(--{name})" for name in ("ink", "soft", "band", "line-mark", "bad", "good", "total")}


def test_a_company_in_a_label_stays_text() -> None:
    drawn = charts.svg(charts.waterfall(1e6, [("<script>alert(1)</script>", 1e5)], 1.1e6), "x")

    assert "<script" not in drawn
