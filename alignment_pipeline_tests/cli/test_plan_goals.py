"""What the terminal says of a plan's rates."""

from __future__ import annotations

from rich.console import Console

from alignment_pipeline.cli import plan_goals


def said(*bars: tuple[str, float | None, float | None]) -> str:
    rows = [
        {
            "scope": "all", "variation": "interval", "rate_name": name, "deals_at_low": low, "deals_at_high": high,
            "width": None if low is None or high is None else low - high,
        }
        for name, low, high in bars
    ]  # fmt: skip
    console = Console(record=True, width=200)
    plan_goals._bars(console, rows)
    return console.export_text().strip()


def test_the_rate_with_the_widest_bar_is_measured_next() -> None:
    text = "Measure next: win rate; within its interval the plan asks for 80 to 180 deals."

    assert text == said(("amount", 120.0, 90.0), ("win_rate", 180.0, 80.0))


def test_a_rate_that_may_reach_nothing_is_wider_than_any() -> None:
    text = "Measure next: in time; within its interval the plan may not be reachable by any number of deals."

    assert text == said(("win_rate", 180.0, 80.0), ("in_time", None, 150.0))
    assert "" == said()
