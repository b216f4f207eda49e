"""A clock is breached only when everything that could have stopped it is read, and nothing else holds it up."""

from __future__ import annotations

from datetime import timedelta

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_policies import EVENTS_OF
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.sla.arrays import NEVER
from alignment_pipeline.sla.timelines.feeds import FEEDS, watermark_of_policy
from alignment_pipeline_tests.sla.factories import at

NOW = at("2026-11-18T12:00:00")
EARLIER = NOW - timedelta(hours=9)
CORE = {"salesforce:Task": NOW, "salesforce:Lead": NOW, "salesforce:Contact": NOW}


def read(sla: Sla, **marks: object) -> int:
    named = {name.replace("_", ":", 1): value for name, value in marks.items()}
    return watermark_of_policy(sla.policy("first_touch_hand_raiser"), CORE | named)  # type: ignore[operator]


def test_a_feed_that_is_behind_holds_back_the_clocks_it_can_stop(sla: Sla) -> None:
    assert read(sla) == microseconds(NOW)
    assert read(sla, salesforce_Task=EARLIER) == microseconds(EARLIER)
    assert read(sla, salesforce_LeadHistory=EARLIER) == microseconds(EARLIER)


def test_a_feed_that_stops_nothing_holds_back_nothing(sla: Sla) -> None:
    assert read(sla, salesforce_Holiday=EARLIER, marketo_activities=EARLIER) == microseconds(NOW)


def test_without_the_tasks_nothing_is_proven(sla: Sla) -> None:
    policy = sla.policy("first_touch_hand_raiser")

    assert watermark_of_policy(policy, {name: moment for name, moment in CORE.items() if name != "salesforce:Task"}) == -NEVER
    assert watermark_of_policy(policy, {}) == -NEVER
    assert read(sla, salesforce_Task=None) == -NEVER


def test_a_system_can_be_named_as_a_whole(sla: Sla) -> None:
    assert watermark_of_policy(sla.policy("first_touch_hand_raiser"), {"salesforce": EARLIER, "marketo": NOW}) == microseconds(EARLIER)


def test_every_event_of_the_agreement_has_its_feeds() -> None:
    assert set(FEEDS) == set().union(*EVENTS_OF.values())
