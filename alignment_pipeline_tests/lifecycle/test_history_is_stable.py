"""Order of rows, splitting into ticks and looking back do not change a decision."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import ibis
import pytest

from alignment_pipeline.scoring import engagement, scored_activities
from alignment_pipeline_tests.lifecycle.crm_noise import crm_of, joined
from alignment_pipeline_tests.lifecycle.line import Crm, stages
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import NOW, rows
from alignment_pipeline_tests.scoring.organisations import PARTS, Organisation, organisation

SEEDS = range(7000, 7004)
DECIDED = {
    "person_scores": "person_id",
    "account_scores": "account_id",
    "person_stage_changes": "person_id",
    "person_stages": "person_id",
    "account_stage_changes": "account_id",
    "account_stages": "account_id",
    "account_mqa_changes": "account_id",
    "account_mqa_statuses": "account_id",
}
_SCORED = {"scored_activities": ("activity_id",), "person_engagement_factors": ("person_id", "factor")}


def world() -> tuple[Organisation, Crm]:
    made, crms = Organisation(), []
    for seed in SEEDS:
        one = organisation(seed)
        crms.append(crm_of(one, seed))
        for name in PARTS:
            getattr(made, name).extend(getattr(one, name))
    return made, joined(crms)


def decisions(tables: dict[str, ibis.Table]) -> dict[str, list[dict[str, object]]]:
    return {name: rows(tables[name], key, *(["sequence"] if name.endswith("changes") else [])) for name, key in DECIDED.items()}


@pytest.fixture(scope="module")
def tables() -> dict[str, ibis.Table]:
    made, crm = world()
    return stages(made, shipped(), crm, also=("account_scores",))


def test_the_order_of_rows_changes_nothing(tables: dict[str, ibis.Table]) -> None:
    made, crm = world()
    shuffle: Callable[[list[object]], None] = random.Random(5).shuffle
    for owner, names in ((made, PARTS), (crm, ("opportunities", "opportunity_contact_roles", "leads", "record_changes"))):
        for name in names:
            shuffle(getattr(owner, name))

    assert decisions(stages(made, shipped(), crm, also=("account_scores",))) == decisions(tables)


def test_a_past_day_is_decided_as_it_was_with_what_was_known_then() -> None:
    made, crm = world()
    then = NOW - timedelta(days=37)
    with_hindsight = stages(made, shipped(), crm, as_of=then, also=("account_scores",))
    made.activities = [row for row in made.activities if row["known_at"] <= then]

    assert decisions(with_hindsight) == decisions(stages(made, shipped(), crm, as_of=then, also=("account_scores",)))


def test_touched_people_get_the_rows_of_a_full_run(tables: dict[str, ibis.Table]) -> None:
    people = sorted(row["person_id"] for row in rows(tables["people"]))
    touched = random.Random(3).sample(people, 9)
    some = tables["people"].filter(tables["people"].person_id.isin(touched))
    records = tables["person_records"].filter(tables["person_records"].person_id.isin(touched))
    activities = tables["activities"].semi_join(records, "source_key")
    rest = [tables[name] for name in ("person_accounts", "accounts", "account_tiers", "person_fits")]

    stamp = {"as_of": NOW, "agreement_version": "test"}
    given = [activities, some, records, *rest]
    moved = {"account_periods": tables["person_account_periods"]}
    scored = scored_activities.scored_activities(*given, scoring=shipped().scoring, **moved, **stamp)
    part = engagement.person_engagement_factors(*given, scoring=shipped().scoring, **moved, **stamp)

    full = {name: [row for row in rows(tables[name], *keys) if row["person_id"] in touched] for name, keys in _SCORED.items()}
    assert {name: rows(table, *_SCORED[name]) for name, table in zip(_SCORED, (scored, part), strict=True)} == full


def test_every_stay_follows_a_move_of_the_agreement(tables: dict[str, ibis.Table]) -> None:
    lifecycle = shipped().lifecycle
    for kind, machine in (("person", lifecycle.people), ("account", lifecycle.accounts)):
        allowed = {(source, move.to) for move in machine.moves for source in move.from_}
        history = rows(tables[f"{kind}_stage_changes"], f"{kind}_id")
        by_entity: dict[str, list[dict[str, object]]] = {}
        for row in sorted(history, key=lambda row: (row[f"{kind}_id"], row["sequence"])):
            by_entity.setdefault(row[f"{kind}_id"], []).append(row)
        for stays in by_entity.values():
            names = [row["sub_stage"] or row["stage"] for row in stays]
            assert names[0] == machine.start
            assert set(pairwise(names)) <= allowed
            assert [row["left_at"] for row in stays[:-1]] == [row["entered_at"] for row in stays[1:]]
            assert stays[-1]["left_at"] is None


def test_present_and_history_agree(tables: dict[str, ibis.Table]) -> None:
    for kind in ("person", "account"):
        history = rows(tables[f"{kind}_stage_changes"], f"{kind}_id")
        last = {row[f"{kind}_id"]: row["stage"] for row in sorted(history, key=lambda row: row["sequence"])}

        assert {row[f"{kind}_id"]: row["stage"] for row in rows(tables[f"{kind}_stages"])} == last
        assert all(len(row["stage_reason"]) <= 255 for row in rows(tables[f"{kind}_stages"]))
