"""What people say wins: never and always lists, reviewed labels, demoted rules, and the impact of a change before it takes effect."""

from __future__ import annotations

import pandas as pd
import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching import match
from alignment_pipeline.matching.decision import impact, labels
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories


def pairs(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["lead_id", "account_id"])


def test_never_excludes_an_account_and_the_next_best_is_judged() -> None:
    base = factories.index({"name": "Quorvex GmbH", "website": "quorvex.de"}, {"name": "Quorvex Holding"})
    leads = factories.leads({"company": "Quorvex", "email_domain": "quorvex.de"})

    without = match.match_leads(leads, base, never=pairs(("L1", "A1"))).to_pylist()[0]
    nothing = match.match_leads(leads, base, never=pairs(("L1", ""))).to_pylist()[0]

    assert "A1" != without["account_id"]
    assert ("none", "never") == (nothing["decision"], nothing["rule"])


def test_always_wins_and_follows_merges() -> None:
    rows = factories.accounts({"name": "Quorvex"}, {"name": "Dalmund", "merged_into_id": "A3"}, {"name": "Dalmund Group"})
    from alignment_pipeline.matching.blocking.index import AccountIndex

    base = AccountIndex.build(rows, settings=MatchingSettings())
    leads = factories.leads({"company": "Quorvex"}, {"company": "Quorvex"})

    moved, gone = match.match_leads(leads, base, always=pairs(("L1", "A2"), ("L2", "A77"))).to_pylist()

    assert ("matched", "A3", 1.0, "always") == (moved["decision"], moved["account_id"], moved["confidence"], moved["rule"])
    assert ("review", "A77") == (gone["decision"], gone["account_id"])
    assert "deleted or unknown" in gone["reason"]


def test_deleted_and_merged_accounts_are_never_matched() -> None:
    base = factories.index({"name": "Quorvex", "is_deleted": True}, {"name": "Quorvex", "merged_into_id": "A9"})

    assert "none" == factories.matched(base, company="Quorvex", email_domain="gmail.com")["decision"]


TIES = [
    ("customer_first", {"is_customer": True}),
    ("open_opportunity_first", {"has_open_opportunity": "true"}),
    ("most_contacts", {"contact_count": 7}),
    ("same_city", {"city": "Turin"}),
    ("has_owner", {"owner_id": "U1"}),
    ("oldest", {"created_at": "2019-01-01"}),
]


@pytest.mark.parametrize(("breaker", "extra"), TIES)
def test_tie_breakers_choose_among_records_of_one_company(breaker: str, extra: dict[str, object]) -> None:
    settings = MatchingSettings(tie_breakers=(breaker, "lowest_id"))
    later = {"name": "Quorvex", "website": "quorvex.com", "created_at": "2024-01-01"}
    base = factories.index(later, {**later, **extra}, settings=settings)

    row = factories.matched(base, company="Quorvex", email_domain="quorvex.com", city="Turin")

    assert ("matched", "A2", breaker) == (row["decision"], row["account_id"], row["tie_breaker"])


def test_tie_breakers_never_decide_between_companies_unless_told_so() -> None:
    rows = ({"name": "Quorvex", "website": "tryquorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com", "is_customer": True})
    strict = factories.index(*rows)
    bold = MatchingSettings(tie_breakers_decide="always")

    by_default = factories.matched(strict, company="Quorvex", email_domain="gmail.com")
    by_wish = factories.matched(strict, bold, company="Quorvex", email_domain="gmail.com")

    assert "review" == by_default["decision"]
    assert ("matched", "A2", "customer_first") == (by_wish["decision"], by_wish["account_id"], by_wish["tie_breaker"])


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
        pd.concat([reviewed("typo", 20, 10), reviewed("exact_name", 60, 1), reviewed("acronym", 1, 5)]), settings=settings
    )
    demoted = labels.demoted_rules(table)
    base = factories.index({"name": "Quorrvexian"})
    lead = {"company": "Quorvexian", "email_domain": "gmail.com"}

    before = factories.matched(base, settings, **lead)
    after = factories.matched(base, MatchingSettings(demoted_rules=demoted), **lead)

    assert frozenset({"typo"}) == demoted
    assert ["6 labels, 20 are needed to judge"] == [row["reason"] for row in table.to_pylist() if row["rule"] == "acronym"]
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


def test_impact_says_how_many_leads_move_from_where_to_where() -> None:
    base = factories.index({"name": "Quorvex"}, {"name": "Dalmund Technologies"})
    leads = factories.leads({"company": "Quorvex"}, {"company": "Dalmund"}, {"company": "Verquist"})
    before = match.match_leads(leads, base)
    after = match.match_leads(leads, base, settings=MatchingSettings(match_confidence=1.0))

    moved = impact.moves(before, after)

    assert {"L1", "L2"} == set(moved["lead_id"].to_pylist())
    assert [{"from_decision": "matched", "to_decision": "review", "is_same_account": True, "leads": 2}] == impact.summary(moved).to_pylist()


def test_the_review_queue_holds_what_is_in_review() -> None:
    base = factories.index(
        {"name": "Quorvex", "website": "tryquorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com"}, {"name": "Dalmund"}
    )
    table = match.match_leads(factories.leads({"company": "Quorvex"}, {"company": "Dalmund"}), base)

    queue = labels.review_queue(table).to_pylist()

    assert ["L1"] == [row["lead_id"] for row in queue]


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


def test_repeated_and_missing_ids_are_named() -> None:
    base = factories.index({"name": "Quorvex"})

    with pytest.raises(ConfigurationError, match="id L1 occurs twice"):
        match.match_leads(pd.DataFrame([("L1", "x"), ("L1", "y")], columns=["lead_id", "company"]), base)
    with pytest.raises(ConfigurationError, match="column lead_id is missing"):
        match.match_leads(pd.DataFrame([("x",)], columns=["company"]), base)
