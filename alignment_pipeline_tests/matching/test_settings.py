"""Settings that contradict themselves are refused by name."""

from __future__ import annotations

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.settings import MatchingSettings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"match_confidence": 0.1, "review_confidence": 0.5}, "review_confidence 0.5"),
        ({"tie_breakers": ("richest_first",)}, "unknown richest_first"),
        ({"demoted_rules": frozenset({"telepathy"})}, "unknown telepathy"),
        ({"tie_breakers_decide": "sometimes"}, "'sometimes'"),
    ],
)
def test_settings_say_what_is_wrong(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MatchingSettings(**wrong)  # type: ignore[arg-type]
