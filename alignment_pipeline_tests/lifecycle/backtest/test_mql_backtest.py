"""The backtest of MQLs: people walked again by what was known then, judged by the opportunities of their accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.lifecycle.backtest.judging import Backtest
from alignment_pipeline.lifecycle.backtest.mql_backtest import mql_backtest, mql_stage
from alignment_pipeline.lifecycle.backtest.sweep_plot import sweep_svg
from alignment_pipeline.lifecycle.stages import person_stages
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import NOW, account, belongs, days_ago, person, record, rows, table

# person -> account, activity (category, points, days ago it happened, days ago it was known)
PEOPLE: dict[str, tuple[str | None, tuple[str | None, float, float, float]]] = {
    "followed": ("won", ("hand_raise", 1, 120, 120)),
    "engaged": ("quiet", (None, 60, 200, 200)),
    "late": ("early", ("hand_raise", 1, 150, 100)),
    "young": ("quiet", ("hand_raise", 1, 10, 10)),
    "loner": (None, ("hand_raise", 1, 130, 130)),
    "cool": ("quiet", (None, 20, 200, 200)),
}
OPPORTUNITIES = {"won": 100, "early": 120, "silent": 90}


def did(
    number: int, person_id: str, account_id: str | None, category: str | None, points: float, ago: float, known: float
) -> dict[str, Any]:
    micro = int(points * 1_000_000)
    return {
        "activity_id": f"a{number}",
        "person_id": person_id,
        "account_id": account_id,
        "activity_type": "form_fill",
        "category": category,
        "base_micro": micro,
        "weighted_micro": 7 * micro,
        "contribution_micro": micro,
        "age_days": int(ago),
        "occurred_at": days_ago(ago),
        "known_at": days_ago(known),
    }


@pytest.fixture(scope="module")
def tables() -> dict[str, ibis.Table]:
    given: dict[str, list[dict[str, Any]]] = {name: [] for name in person_stages.INPUTS}
    given["accounts"] = [account(name) for name in ("won", "quiet", "early", "silent")]
    given["account_tiers"] = [{"account_id": one["account_id"], "is_in_scope": True} for one in given["accounts"]]
    for number, (name, (of, activity)) in enumerate(PEOPLE.items()):
        given["people"].append(person(name, created_at=days_ago(400)))
        given["person_records"].append(record(name))
        given["person_scores"].append({"person_id": name, "account_id": of})
        given["person_fits"].append({"person_id": name})
        given["person_accounts"] += [belongs(name, of)] if of else []
        given["scored_activities"].append(did(number, name, of, *activity))
    given["opportunities"] = [
        {"opportunity_id": f"o-{name}", "account_id": name, "stage": "x", "created_at": days_ago(ago), "modified_at": days_ago(ago)}
        for name, ago in OPPORTUNITIES.items()
    ]
    given["opportunities"][0] |= {"is_closed": True, "is_won": True, "closed_at": days_ago(80)}
    return {name: table(name, rows_) for name, rows_ in given.items()}


def replayed(tables: dict[str, ibis.Table], **options: Any) -> Backtest:
    given = {"factors": (2.0,), "outcome_days": 60, "tested_days": 300} | options
    return mql_backtest(tables, agreement=shipped(), as_of=NOW, agreement_version="test", **given)


@pytest.fixture(scope="module")
def backtest(tables: dict[str, ibis.Table]) -> Backtest:
    return replayed(tables)


def test_people_become_mqls_when_it_was_known_and_their_account_says_whether_they_were_right(backtest: Backtest) -> None:
    found = {row["entity_id"]: (row["entered_at"], row["is_judged"], row["created_at"], row["lead_days"]) for row in rows(backtest.terms)}
    no: tuple[datetime | None, float | None] = (None, None)
    assert {
        "followed": (days_ago(120), True, days_ago(100), 20.0),
        # 60 points of the rules make an MQL: weights by title and tier, and the condition on fit, have no history and are left out
        "engaged": (days_ago(200), True, *no),
        # known only after the opportunity had come
        "late": (days_ago(100), True, *no),
        "young": (days_ago(10), False, *no),
        "loner": (days_ago(130), True, *no),
    } == found


def test_the_sweep_counts_people_and_opportunities(backtest: Backtest) -> None:
    now, twice = sorted(rows(backtest.sweep), key=lambda row: row["threshold_factor"])

    assert ("MQL", 5, 4, 1, 1) == (now["stage"], now["mqls"], now["judged"], now["followed"], now["won"])
    assert (3, 1, 25.0) == (now["opportunities"], now["foretold"], now["precision_pct"])
    assert now["recall_pct"] == pytest.approx(100 / 3)
    # people of the three accounts with an opportunity: one, one, none; of six people, over four spans of 60 days
    assert now["base_rate_pct"] == pytest.approx(100 * 2 / (6 * 4))
    assert (now["median_lead_days"], now["mqls_per_week"]) == (20.0, pytest.approx(5 / (300 / 7)))
    # twice the points: whoever raised a hand still is one
    assert (4, 3, 1) == (twice["mqls"], twice["judged"], twice["followed"])


def test_with_attributes_the_conditions_on_fit_hold(tables: dict[str, ibis.Table]) -> None:
    names = {row["entity_id"] for row in rows(replayed(tables, use_attributes=True, factors=()).terms)}

    assert {"followed", "late", "young", "loner"} == names


def test_the_plot_says_what_it_counts(backtest: Backtest) -> None:
    svg = sweep_svg(backtest.sweep, of="MQL")

    assert "MQL thresholds" in svg and "bars: MQLs per week" in svg and svg.count("<polyline") == 3


def test_the_stage_of_the_mqls_is_found_in_every_shipped_agreement(tables: dict[str, ibis.Table]) -> None:
    examples = loader.default_path().parent / "examples"
    found = {path.stem: mql_stage(loader.load(path).lifecycle.people) for path in [loader.default_path(), *sorted(examples.glob("*.yaml"))]}

    with_mqls = dict.fromkeys(("default", "hubspot_only", "monthly_decay", "point_table", "two_countries", "two_currencies"), "MQL")
    assert with_mqls | {"engagement_minutes": None, "named_accounts": None} == found
    none = mql_backtest(tables, agreement=loader.load(examples / "engagement_minutes.yaml"), as_of=NOW, agreement_version="test")
    assert [] == rows(none.terms) == rows(none.sweep)
    assert "nothing to plot" in sweep_svg(none.sweep, of="MQL")
