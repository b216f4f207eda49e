"""Sourced, influenced, untouched: a partition; and touches without effect show none at the landmarks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.agreement.pipeline import Pipeline, SourceRule, Sourcing
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.pipeline_metrics import opportunity_sources, touch_effects
from alignment_pipeline_tests.pipeline_metrics.factories import at, life, span, states

NOW = datetime(2026, 12, 1, tzinfo=UTC)
RULES = [SourceRule(team="partner", values=["Partner"]), SourceRule(team="marketing", values=["web"])]
TERMS = Pipeline(sourcing=Sourcing(rules=RULES, touch_days=90), min_n=20, landmark_days=[30])


def filled(name: str, *rows: dict[str, Any]) -> ibis.Table:
    """A table of a contract; what is not named is null."""
    schema = pa.schema([field.with_nullable(True) for field in CONTRACTS[name].schema])
    return ibis.memtable(pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema=schema))


def activity(
    number: int, when: datetime, kind: str = "form_fill", *, person: str | None = None, account: str | None = None, **more: Any
) -> dict[str, Any]:
    return {"activity_id": f"{number:05}", "activity_type": kind, "occurred_at": when, "person_id": person, "account_id": account, **more}


def sources(
    deals: list[dict[str, Any]], activities: list[dict[str, Any]], roles: Sequence[tuple[str, str]] = ()
) -> dict[str, dict[str, Any]]:
    people = {contact for _deal, contact in roles}
    found = opportunity_sources.opportunity_sources(
        states(deals),
        filled("opportunity_contact_roles", *[{"opportunity_id": deal, "contact_id": contact} for deal, contact in roles]),
        filled("person_records", *[{"object": "Contact", "record_id": one, "person_id": f"p-{one}"} for one in people]),
        filled("scored_activities", *activities),
        pipeline=TERMS,
        as_of=NOW,
        agreement_version="v",
    )
    return {row["opportunity_id"]: row for row in found.to_pyarrow().to_pylist()}


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["source_team"], row["source_basis"], row["source_class"]


def test_the_first_rule_that_fits_the_deal_as_it_was_created_decides() -> None:
    edited = life("A", span("A", at(6, 1), lead_source="Partner"), span("A", at(7, 1), lead_source="Web"))
    found = sources([*edited, *life("B", span("B", at(6, 1), lead_source="WEB"))], [])
    assert ("partner", "rule", "untouched") == told(found["A"]) and found["A"]["is_source_edited"]
    assert ("marketing", "rule", "marketing_sourced") == told(found["B"]) and not found["B"]["is_source_edited"]


MEETING = activity(2, at(5, 2), "meeting", account="acme")


@pytest.mark.parametrize(
    ("touches", "expected"),
    [
        ([activity(1, at(5, 1), account="acme"), MEETING], ("marketing", "touch", "marketing_sourced")),
        ([activity(1, at(5, 3), account="acme"), MEETING], ("sales", "touch", "marketing_influenced")),
        ([activity(1, at(1, 1), account="acme")], (None, "none", "untouched")),
        ([activity(1, at(6, 9), account="acme")], (None, "none", "marketing_influenced")),
        ([activity(1, at(9, 9), account="acme")], (None, "none", "untouched")),
        ([activity(1, at(5, 1), account="acme", exclusion="bot")], (None, "none", "untouched")),
        ([activity(1, at(5, 1), person="p-003", account="other")], ("marketing", "touch", "marketing_sourced")),
        ([activity(1, at(5, 1), person="p-004", account="other")], (None, "none", "untouched")),
    ],
)  # fmt: skip
def test_the_first_touch_before_the_creation_decides_where_no_rule_fits(touches: list[dict[str, Any]], expected: tuple[Any, ...]) -> None:
    deal = life("A", span("A", at(6, 1), lead_source=None), span("A", at(8, 1), lead_source=None, stage="won"))
    assert expected == told(sources(deal, touches, [("A", "003")])["A"])


def test_the_three_classes_add_up_to_the_whole() -> None:
    rng = random.Random(3)
    deals = [
        one
        for number in range(60)
        for one in life(
            f"{number:02}", span("", at(rng.randrange(1, 11), 3), lead_source=rng.choice((None, "Web", "Partner")), account_id=f"a{number}")
        )
    ]
    touches = [
        activity(n, at(rng.randrange(1, 11), 9), rng.choice(("form_fill", "meeting")), account=f"a{rng.randrange(60)}") for n in range(300)
    ]
    found = sources(deals, touches)
    assert 60 == len(found) and {"marketing_sourced", "marketing_influenced", "untouched"} == {
        row["source_class"] for row in found.values()
    }


def effects(seed: int, deals: int = 500) -> dict[str, Any]:
    """Deals that live for some time and are touched at random, without any effect on whether they are won."""
    rng, rows, touches = random.Random(seed), [], []
    for number in range(deals):
        name, created = f"{number:04}", datetime(2025, 6, 1, tzinfo=UTC) + timedelta(days=rng.uniform(0, 300))
        is_won = rng.random() < 0.3
        # won deals live longer, so that they have more time to be touched
        closed = created + timedelta(days=rng.expovariate(1 / (90 if is_won else 45)))
        rows += life(
            name,
            span(name, created, account_id=name, lead_source=None),
            span(name, closed, account_id=name, lead_source=None, stage="won" if is_won else "lost"),
        )
        moment = created
        while (moment := moment + timedelta(days=rng.expovariate(1 / 60))) < closed:
            touches.append(activity(len(touches), moment, account=name))
    found = touch_effects.touch_effects(
        states(rows),
        *[filled("opportunity_contact_roles"), filled("person_records"), filled("scored_activities", *touches), filled("account_tiers")],
        pipeline=TERMS,
        as_of=NOW,
        agreement_version="v",
    )
    return next(row for row in found.to_pyarrow().to_pylist() if row["grouping"] == "all")


def test_touches_without_effect_show_none_in_95_of_100_seeds() -> None:
    inside = sum(row["lower"] <= 0 <= row["upper"] for row in (effects(seed) for seed in range(100)))
    assert inside >= 95


def test_a_deal_that_is_closed_before_the_landmark_is_not_compared() -> None:
    lives = [
        one
        for n in range(50)
        for one in life(f"{n}", span("", at(1, 1), account_id=f"{n}"), span("", at(1, 11), account_id=f"{n}", stage="lost"))
    ]
    found = touch_effects.touch_effects(
        states(lives), filled("opportunity_contact_roles"), filled("person_records"), filled("scored_activities"), filled("account_tiers"),
        pipeline=TERMS, as_of=NOW, agreement_version="v",
    )  # fmt: skip
    assert 0 == found.count().to_pyarrow().as_py()
