"""Backtest and impact: nothing from the future, and differences that are differences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.handover import Handover
from alignment_pipeline.lifecycle import agreement_impacts
from alignment_pipeline.lifecycle.backtest.backtest import mqa_backtest
from alignment_pipeline.lifecycle.backtest.judging import Backtest
from alignment_pipeline.lifecycle.backtest.sweep_plot import sweep_svg
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import published
from alignment_pipeline.line.steps import LIFECYCLE, SCORING
from alignment_pipeline_tests.lifecycle.line import Crm
from alignment_pipeline_tests.lifecycle.mqa.test_mqa import MINUTES, Attention
from alignment_pipeline_tests.scoring.factories import NOW, days_ago, rows, table
from alignment_pipeline_tests.scoring.line import inputs

OUTCOME_DAYS = 60


def opportunity(opportunity_id: str, account_id: str, ago: float, **columns: Any) -> dict[str, Any]:
    return {
        "opportunity_id": opportunity_id,
        "account_id": account_id,
        "stage": "x",
        "created_at": days_ago(ago),
        "modified_at": days_ago(ago),
    } | columns


GIVEN = (
    "activities", "people", "person_records", "record_periods", "person_accounts", "person_account_periods", "accounts", "opportunities",
    "opportunity_contact_roles", "leads", "record_changes", "users",
)  # fmt: skip


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return loader.load(MINUTES)


@pytest.fixture(scope="module")
def decided(agreement: Agreement) -> dict[str, ibis.Table]:
    made = Attention()
    # followed by a won opportunity; followed by nothing; too young to be judged; foretold by nobody; known only after the opportunity
    made.spends("won-p", 60, 150).spends("won-q", 60, 150)
    made.spends("none-p", 60, 200).spends("none-q", 60, 200)
    made.spends("young-p", 60, 20).spends("young-q", 60, 20)
    made.spends("silent-p", 1, 100)
    made.spends("late-p", 60, 150).spends("late-q", 60, 150)
    for row in made.activities[-2:]:
        row["known_at"] = days_ago(100)
    won = opportunity("o1", "won", 120, is_closed=True, is_won=True, closed_at=days_ago(100))
    crm = Crm(opportunities=[won, opportunity("o2", "silent", 90), opportunity("o3", "late", 120, is_closed=True, closed_at=days_ago(110))])
    made.accounts[0]["owner_id"] = "u1"
    crm.users = [{"user_id": "u1", "is_active": True, "email": "rep@example.com"}]
    given = inputs(made) | {name: table(name, getattr(crm, name)) for name in vars(crm)}
    return given | line.decide((*published(SCORING), *published(LIFECYCLE)), given, agreement=agreement, as_of=NOW)


@pytest.fixture(scope="module")
def backtest(decided: dict[str, ibis.Table], agreement: Agreement) -> Backtest:
    return mqa_backtest(
        decided, agreement=agreement, as_of=NOW, agreement_version="test", outcome_days=OUTCOME_DAYS, tested_days=300, factors=(0.5, 10.0)
    )


def test_a_backtest_judges_what_is_old_enough_and_uses_what_was_known(backtest: Backtest) -> None:
    found = {row["entity_id"]: (row["entered_at"], row["is_judged"], row["created_at"], row["lead_days"]) for row in rows(backtest.terms)}

    # the late account became an MQA only when its activities were known, after its opportunity had come and gone
    # without attributes everyone weighs 1, as managers do
    assert found == {
        "won": (days_ago(150), True, days_ago(120), 30.0),
        "none": (days_ago(200), True, None, None),
        "young": (days_ago(20), False, None, None),
        "late": (days_ago(100), True, None, None),
    }


def test_the_sweep_says_precision_recall_and_lead_time(backtest: Backtest) -> None:
    half, now, ten = rows(backtest.sweep.mutate(order=backtest.sweep.threshold_factor.cast("int64")), "order", "threshold_factor")

    assert (now["threshold_factor"], now["mqas"], now["judged"], now["followed"], now["won"]) == (1.0, 4, 3, 1, 1)
    assert (now["opportunities"], now["foretold"], now["median_lead_days"]) == (3, 1, 30.0)
    assert now["precision_pct"] == pytest.approx(100 / 3)
    assert (ten["mqas"], ten["precision_pct"], ten["recall_pct"]) == (0, None, 0.0)
    assert half["mqas"] >= now["mqas"]


def test_the_plot_is_a_self_contained_picture(backtest: Backtest) -> None:
    svg = sweep_svg(backtest.sweep)

    assert svg.startswith("<svg") and svg.endswith("</svg>") and svg.count("<polyline") == 3


def test_a_term_that_began_after_the_opportunity_foretells_nothing(decided: dict[str, ibis.Table], agreement: Agreement) -> None:
    seen = mqa_backtest(decided, agreement=agreement, as_of=NOW - timedelta(days=0), agreement_version="t", outcome_days=10, factors=())
    (row,) = rows(seen.sweep)

    assert (row["followed"], row["foretold"]) == (0, 0)


def test_impact_lists_what_another_agreement_changes(decided: dict[str, ibis.Table], agreement: Agreement) -> None:
    content = agreement.model_dump(by_alias=True, exclude={"version"})
    content["lifecycle"]["mqa"]["paths"][0]["all"][0]["points"] = 1000
    other = Agreement.model_validate(content)
    given = {name: decided[name] for name in GIVEN}
    wanted = (*published(SCORING), *published(LIFECYCLE))
    after = line.decide(wanted, given, agreement=other.model_copy(update={"version": "other"}), as_of=NOW)

    impacts = agreement_impacts.agreement_impacts(decided, after, before_version="test", as_of=NOW, agreement_version="other")
    changed = {(row["aspect"], row["entity_id"]): (row["before_value"], row["after_value"]) for row in rows(impacts)}

    assert changed == {("mqa", "young"): ("mqa", "not yet"), ("account_stage", "young"): ("MQA", "Aware")}
    summary = agreement_impacts.impact_summary(impacts, handover=Handover(mqas_per_rep_and_week=1))
    assert summary.sentence == "0 become MQA, 1 stop, 1 change stage, 0 reps over capacity"
    back = agreement_impacts.agreement_impacts(after, decided, before_version="other", as_of=NOW, agreement_version="test")
    assert agreement_impacts.impact_summary(back, handover=Handover()).become_mqa == 1


def test_the_same_agreement_changes_nothing(decided: dict[str, ibis.Table]) -> None:
    assert rows(agreement_impacts.agreement_impacts(decided, decided, before_version="t", as_of=NOW, agreement_version="t")) == []
