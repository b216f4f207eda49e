"""A promise that makes no sense is refused in words, at loading."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.sla_ladders import fill

HOURS = {"name": "hours", "week": {"mon": ["09:00-17:00"]}}
GOOD: dict[str, object] = {
    "name": "first",
    "title": "First touch",
    "trigger": {"event": "activity"},
    "stops": [{"event": "touch"}],
    "target": {"minutes": 5},
    "calendar": "hours",
}
RUNG = {"name": "rep", "at_share": 1, "notify": ["rep"], "subject": "Call {person}", "body": "{reason}"}


def policy(**changes: object) -> dict[str, object]:
    return {"calendars": [HOURS], "policies": [GOOD | changes]}


def test_a_plain_promise_is_taken() -> None:
    assert Sla.model_validate(policy()).policy("first").target.total_minutes == 5


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (policy(target={"minutes": 5, "hours": 1}), "one of minutes, hours or days"),
        (policy(target={"days": 1}), "a day has no fixed length"),
        (policy(calendar=None), "business time needs `calendar`"),
        (policy(time="calendar"), "calendar time takes none"),
        (policy(calendar="nights"), "'nights' is not defined; defined: hours"),
        (policy(ladder="sales"), "ladder 'sales' is not defined"),
        (policy(subject="opportunity"), "activity does not happen to opportunity; allowed: "),
        (policy(trigger={"event": "touch", "count": 2}), "count belongs to stops"),
        (policy(trigger={"event": "touch", "stages": ["MQL"]}), "stages says nothing about touch"),
        (policy(duty="account_owner"), "goes with applies_to existing"),
        (policy(stops=[]), "at least 1 item"),
        (policy(at_risk_share=1.2), "less than 1"),
        (policy(name="First Touch"), "should match pattern"),
        ({"calendars": [HOURS, HOURS]}, "hours is listed twice"),
        ({"policies": [GOOD | {"time": "calendar", "calendar": None}] * 2}, "first is listed twice"),
        ({"escalation": {"ladders": [{"name": "sales", "rungs": [RUNG, RUNG | {"name": "boss"}]}]}}, "must rise"),
        ({"escalation": {"ladders": [{"name": "sales", "rungs": [RUNG | {"body": "{person.__class__}"}]}]}}, "is not a placeholder"),
        ({"leave": [{"email": "a@b.example", "first_day": "2026-05-02", "last_day": "2026-05-01"}]}, "is before first_day"),
        ({"fast_lane": {"budget_share": 1.5}}, "less than or equal to 1"),
        ({"contact_yield": {"classes": [0, 5, 3]}}, "classes must rise"),
    ],
)
def test_a_promise_that_makes_no_sense_says_why(section: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Sla.model_validate(section)


def test_a_template_reads_its_placeholders_and_nothing_else() -> None:
    assert fill("{person} is {state}; {other} {0} {person!r}", {"person": "{state}", "state": "late"}) == "{state} is late;   "


def test_the_shipped_agreement_has_every_clock_of_the_table() -> None:
    sla = loader.load(loader.default_path()).sla
    names = {item.name for item in sla.policies}

    assert names >= {
        "routing", "first_touch_hand_raiser", "first_touch_mql", "first_touch_existing_account", "speed_to_lead", "accept_or_reject",
        "qualification", "ae_conversion", "persistence", "post_accept_ageing", "first_touch_mqa", "win_loss_reason",
    }  # fmt: skip
    assert {item.measure for item in sla.commitments} >= {
        "mqls",
        "acceptance_pct",
        "sourced_pipeline_usd",
        "coverage_ratio",
        "sourced_won_pct",
    }
