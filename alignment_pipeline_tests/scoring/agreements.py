"""Agreements for tests: the shipped one and variants that use every option.

Belongs here: variants by copying. The shipped files are in `agreement/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.scoring import Scoring


def shipped() -> Agreement:
    return loader.load(loader.default_path())


def changed(scoring: Scoring, **parts: Any) -> Scoring:
    """A scoring section with some keys of `engagement`, `exclusions`, ... replaced, checked like the file."""
    content = scoring.model_dump()
    for part, values in parts.items():
        content[part] = {**content[part], **values} if isinstance(values, dict) else values
    return Scoring.model_validate(content)


def _steps_top_ultimate() -> Scoring:
    return changed(
        shipped().scoring,
        engagement={
            "decay": {"form": "steps", "step_days": 30, "step_pct": 50, "horizon_days": 120},
            "roll_up": {"people": "top", "top_people": 2, "hierarchy": "ultimate", "engaged_points": 3, "engaged_days": 60},
            "account_weights": {"tier_1": 1.7, "tier_2": 0.33, "untiered": 0},
            "caps": [{"type": "web_visit", "per": "asset", "points": 4}, {"type": "web_visit", "per": "day", "points": 5}],
        },
        exclusions={"is_opted_out_scored": False, "clicks_per_minute": 2},
    )


def _no_decay_parent() -> Scoring:
    return changed(
        shipped().scoring,
        engagement={
            "decay": {"form": "none", "horizon_days": 90},
            "roll_up": {"hierarchy": "parent"},
            "caps": [],
            "account_weights": {"tier_2": 0.1},
        },
        exclusions={"clicks_per_minute": 0, "ignored_details": []},
    )


VARIANTS: dict[str, Callable[[], Scoring]] = {
    "shipped": lambda: shipped().scoring,
    "steps_top_ultimate": _steps_top_ultimate,
    "no_decay_parent": _no_decay_parent,
}
