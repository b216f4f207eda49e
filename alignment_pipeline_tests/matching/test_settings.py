"""Settings that contradict themselves are refused by name."""

from __future__ import annotations

import pytest

from alignment_pipeline.agreement.matching import Matching
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.lead_account_matches import settings_of
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


def test_the_agreement_s_section_is_taken_whole_and_frozen() -> None:
    section = Matching(match_confidence=0.6, junk_companies=["tbd"], alias_groups=[["Big Blue", "IBM"]], demoted_rules=["typo"])
    settings = settings_of(section, agreement_version="7", demoted=["acronym"])

    assert (0.6, "7") == (settings.match_confidence, settings.agreement_version)
    assert (frozenset({"tbd"}), (("Big Blue", "IBM"),)) == (settings.junk_companies, settings.alias_groups)
    assert frozenset({"typo", "acronym"}) == settings.demoted_rules
    assert MatchingSettings(agreement_version="7") == settings_of(Matching(), agreement_version="7")
