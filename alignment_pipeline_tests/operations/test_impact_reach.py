"""Every key of the agreement is evaluated by impact, or impact says that it is not."""

from __future__ import annotations

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.operations import impact_reach

DEFAULT = loader.load(loader.default_path())
KEYS = impact_reach.keys(DEFAULT)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_touches_something_or_impact_says_that_it_does_not_evaluate_it(key: str) -> None:
    reach = impact_reach.reach(key)

    assert reach.aspects or reach.remark


def test_keys_cover_every_section() -> None:
    assert {key.split(".")[0] for key in KEYS} == set(type(DEFAULT).model_fields) - {"version"}


@pytest.mark.parametrize(
    ("key", "aspects"),
    [
        ("matching.match_confidence", {"lead_match", "person_score", "mqa", "person_stage", "account_stage", "sla", "task", "crm_field"}),
        ("scoring.half_life_days", {"person_score", "account_score", "mqa", "person_stage"}),
        ("lifecycle.mqa", {"mqa", "account_stage"}),
        ("sla.policies", {"sla", "task", "crm_field"}),
        ("people", {"lead_match", "person_score", "sla"}),
        ("touches", {"sla", "task"}),
    ],
)
def test_what_a_key_touches_follows_the_line(key: str, aspects: set[str]) -> None:
    assert aspects <= set(impact_reach.reach(key).aspects)


def test_matching_is_not_decided_anew_for_an_mqa_rule() -> None:
    assert "lead_match" not in impact_reach.reach("lifecycle.mqa").aspects
    assert "lead_account_matches" not in impact_reach.affected(["sla.policies"])


def test_only_what_differs_is_named() -> None:
    other = DEFAULT.model_copy(update={"matching": DEFAULT.matching.model_copy(update={"match_confidence": 0.7})})

    assert impact_reach.changed_keys(DEFAULT, DEFAULT) == []
    assert impact_reach.changed_keys(DEFAULT, other) == ["matching.match_confidence"]


def test_limits_of_the_write_back_are_said_to_be_left_out() -> None:
    reach = impact_reach.reach("write_back.guard.changed.block_pct")

    assert reach.aspects == () and "the next plan shows it" in str(reach.remark)
