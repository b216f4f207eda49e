"""What labels say about rules and leads."""

from __future__ import annotations

import pandas as pd
import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.decision import labels
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories


def test_wilson_interval_equals_the_published_example() -> None:
    # 8 of 10 at 95 %: 0.4902 to 0.9433 (Wilson 1927; Newcombe 1998 method 3)
    low, high = labels.wilson(8, 10, 1.96)

    assert (0.4902, 0.9433) == (round(low, 4), round(high, 4))
    assert (0.0, 1.0) == labels.wilson(0, 0, 1.96)


def reviewed(rule: str, right: int, wrong: int) -> pd.DataFrame:
    verdicts = [labels.RIGHT] * right + [labels.WRONG] * wrong
    return pd.DataFrame(
        [{"lead_id": f"{rule}-{number}", "account_id": "A1", "rule": rule, "verdict": verdict} for number, verdict in enumerate(verdicts)]
    )


def test_a_rule_below_the_agreements_precision_is_demoted_to_review() -> None:
    settings = MatchingSettings(minimum_rule_precision=0.8, minimum_rule_labels=20)
    table = labels.rule_precisions(
        pd.concat([reviewed("typo", 20, 30), reviewed("exact_name", 60, 1), reviewed("acronym", 1, 5)]), settings=settings
    )
    demoted = labels.demoted_rules(table)
    base = factories.index({"name": "Quorrvexian"})
    lead = {"company": "Quorvexian", "email_domain": "gmail.com"}

    before = factories.matched(base, settings, **lead)
    after = factories.matched(base, MatchingSettings(demoted_rules=demoted), **lead)

    assert frozenset({"typo"}) == demoted
    assert ["6 labels of an audit, 20 are needed to judge"] == [row["reason"] for row in table.to_pylist() if row["rule"] == "acronym"]
    assert ("matched", "typo") == (before["decision"], before["rule"])
    assert ("review", "A1") == (after["decision"], after["account_id"])
    assert "demoted" in str(after["reason"])


def test_labels_become_corrections_and_the_last_word_counts() -> None:
    said = pd.DataFrame([("L1", "A1", "wrong"), ("L1", "A1", "right"), ("L2", "A1", "wrong")], columns=["lead_id", "account_id", "verdict"])

    always, never = labels.corrections(said)

    assert [{"lead_id": "L1", "account_id": "A1"}] == always.to_pylist()
    assert [{"lead_id": "L2", "account_id": "A1"}] == never.to_pylist()


def test_an_unknown_verdict_is_named() -> None:
    with pytest.raises(ConfigurationError, match="row 1: verdict 'maybe'"):
        labels.rule_precisions(
            pd.DataFrame([("L1", "A1", "typo", "maybe")], columns=["lead_id", "account_id", "rule", "verdict"]), settings=MatchingSettings()
        )


def demoted(said: pd.DataFrame, matched: dict[str, int] | None = None) -> frozenset[str]:
    return labels.demoted_rules(labels.rule_precisions(said, settings=MatchingSettings(), matched=matched))


def test_thirty_right_of_thirty_stay() -> None:
    assert frozenset() == demoted(reviewed("typo", 30, 0))


@pytest.mark.parametrize(("ticks", "matches", "is_demoted"), [(30, 10_000, False), (30, 100, True), (3, 20, False), (9, 90, False)])
def test_ticks_bound_the_error_from_below(ticks: int, matches: int, is_demoted: bool) -> None:
    assert is_demoted == ("typo" in demoted(reviewed("typo", 0, ticks).assign(source="crm"), {"typo": matches}))
    assert frozenset() == demoted(reviewed("typo", 0, ticks).assign(source="crm"))


def test_ticks_and_the_review_queue_are_no_sample() -> None:
    ticks, queue = reviewed("typo", 0, 30).assign(source="crm"), reviewed("alias", 0, 60).assign(source="file")
    audited = reviewed("exact_name", 50, 1).assign(source="audit 0.0423")
    rows = labels.rule_precisions(pd.concat([ticks, queue, audited]), settings=MatchingSettings()).to_pylist()

    found = {row["rule"]: (row["labels"], row["precision"] and round(row["precision"], 6)) for row in rows}
    assert {"typo": (0, None), "alias": (0, None), "exact_name": (51, round(50 / 51, 6))} == found
    assert not any(row["is_demoted"] for row in rows)


def test_a_demoted_rule_comes_back_only_when_it_is_proven_good() -> None:
    order = [*[labels.WRONG] * 20, *[labels.RIGHT] * 600]
    frame = pd.DataFrame(
        [{"lead_id": f"L{at}", "account_id": "A1", "rule": "typo", "verdict": verdict} for at, verdict in enumerate(order)]
    )

    assert frozenset({"typo"}) == demoted(frame[:120])
    assert frozenset() == demoted(frame)


def test_a_judgement_that_there_is_no_account_corrects_nothing() -> None:
    said = pd.DataFrame([("L1", "", "right"), ("L2", "", "wrong")], columns=["lead_id", "account_id", "verdict"])

    always, never = labels.corrections(said)

    assert (0, 0) == (always.num_rows, never.num_rows)
