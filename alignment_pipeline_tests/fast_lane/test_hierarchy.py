"""Where activities count for an account up the hierarchy, the lane scores a person as a full run does."""

from __future__ import annotations

from typing import Literal

import ibis
import pytest

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.clock import Clock
from alignment_pipeline.fast_lane import lane, overlay
from alignment_pipeline.fast_lane.decisions import Decider
from alignment_pipeline.line import run as line
from alignment_pipeline_tests.fast_lane.lane_world import Place

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SOURCES = (
    "activities",
    "people",
    "person_records",
    "record_periods",
    "person_accounts",
    "person_account_periods",
    "accounts",
    "account_tiers",
    "person_fits",
)


def looking_up(agreement: Agreement, hierarchy: Literal["parent", "ultimate"]) -> Agreement:
    engagement = agreement.scoring.engagement
    engagement = engagement.model_copy(update={"roll_up": engagement.roll_up.model_copy(update={"hierarchy": hierarchy})})
    return agreement.model_copy(
        update={"scoring": agreement.scoring.model_copy(update={"engagement": engagement}), "version": f"looking-up-{hierarchy}"}
    )


def branch_person(found: lane.Lane, clock: Clock) -> str:
    """Somebody of a branch with activities that count."""
    tables = {name: found.store.read(name) for name in SOURCES}
    step = line.maker("scored_activities")
    scored = step.call(lambda one: found.store.read(one.table), agreement=found.agreement, as_of=clock.now())["scored_activities"]
    branches = tables["accounts"].filter(lambda t: t.parent_account_id.notnull()).select("account_id")
    theirs = tables["person_accounts"].semi_join(branches, "account_id").select("person_id")
    counted = scored.filter(lambda t: t.exclusion.isnull()).semi_join(theirs, "person_id")
    rows = counted.select("person_id").distinct().order_by("person_id").limit(1).to_pyarrow()
    assert rows.num_rows, "the company has no branch whose people do anything"
    return str(rows["person_id"][0])


@pytest.mark.parametrize("hierarchy", ["parent", "ultimate"])
def test_a_branchs_people_are_scored_as_by_a_full_run(monday: Place, hierarchy: Literal["parent", "ultimate"]) -> None:
    with lane.opened(monday.home) as found:
        agreement = looking_up(found.agreement, hierarchy)
        person = branch_person(found, monday.home.clock)
        records = found.store.read("person_records").filter(lambda t: t.person_id == person).to_pyarrow().to_pylist()
        ids = {kind: frozenset(row["record_id"] for row in records if row["object"] == kind) for kind in ("Lead", "Contact", "Marketo")}
        people = overlay.People(ids["Lead"], ids["Contact"], {"marketo": ids["Marketo"]})
        decider = Decider(
            found.store, overlay.raw_tables(found.store, people, {}), people, agreement, found.refresh_index(), monday.home.clock.now()
        )
        decider.decide()
        mine = sums(decider.tables["scored_activities"], person)
        step = line.maker("scored_activities")
        whole = step.call(lambda one: found.store.read(one.table), agreement=agreement, as_of=decider.as_of)["scored_activities"]

        assert mine == sums(whole, person)
        assert any(row["exclusion"] is None for row in mine)


def sums(rows: ibis.Table, person: str) -> list[dict[str, object]]:
    """Points of one person by account and reason."""
    mine = rows.filter(rows.person_id == person)
    found = mine.group_by("account_id", "exclusion").agg(points=mine.weighted_micro.sum(), number=mine.count())
    return sorted(found.to_pyarrow().to_pylist(), key=str)
