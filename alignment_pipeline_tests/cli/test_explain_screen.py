"""The answer fits a terminal of 80 columns and 50 lines, whatever there is to say, and begins with what, why, since when and what next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alignment_pipeline.cli import explain_screen

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
LONG = "a very long text that says the same thing again and again " * 8


def stage(**given: Any) -> dict[str, Any]:
    return {
        "stage": "MQL",
        "sub_stage": None,
        "entered_at": NOW - timedelta(days=12),
        "as_of": NOW,
        "missing": [{"stage": "Sales Lead", "missing": "status working"}],
        "owner_team": "Sales",
        "owner_reason": "Owns the account",
        **given,
    }


def clock(state: str, days: int, policy: str = "first_touch") -> dict[str, Any]:
    return {"policy": policy, "state": state, "started_at": NOW - timedelta(days=days), "due_at": NOW - timedelta(days=days - 1)}


def person(**given: Any) -> dict[str, Any]:
    return {
        "kind": "person",
        "person": {"first_name": "Jane", "last_name": "Doe", "title": "CTO", "company": "Acme", "email": "jane@acme.example"},
        "records": [{"source_key": "contact:003x"}],
        "periods": [],
        "account": {"account_id": "001a", "basis": "matched"},
        "account_names": {"001a": "Acme Inc"},
        "moves": [],
        "match": None,
        "score": None,
        "factors": [],
        "fit": None,
        "stage": stage(),
        "stage_history": [{"entered_at": NOW - timedelta(days=12), "stage": "MQL", "reason": "Raised a hand"}],
        "clocks": [],
        "owner_name": "Robin Rep",
        **given,
    }


def full(kind: str) -> dict[str, Any]:
    """A person or account about whom there is too much to say, in texts that are too long."""
    found = person(
        kind=kind,
        person={"first_name": LONG, "last_name": LONG, "title": LONG, "company": LONG, "email": LONG},
        records=[{"source_key": f"contact:{number:018}"} for number in range(30)],
        match={
            "decision": "matched",
            "confidence": 0.9,
            "reason": LONG,
            "runner_up_id": "001b",
            "margin": 0.5,
            "evidence": [{"evidence": "same_name", "points_micro": 1}] * 40,
        },
        account_names={"001a": LONG, "001b": LONG},
        moves=[f"activities until 2026-0{month}-01 12:00 count for {LONG}" for month in range(1, 6)],
        score={"engagement_points": 12345.6, "last_activity_at": NOW},
        factors=[{"contribution_micro": 10**9, "factor": LONG, "activities": 10**6, "last_at": NOW}] * 40,
        fit={"fit_score": 20.0, "fit_reason": LONG},
        stage=stage(missing=[{"stage": LONG, "missing": LONG}] * 9, owner_reason=LONG, sub_stage=LONG),
        stage_history=[{"entered_at": NOW, "stage": LONG, "reason": LONG}] * 40,
        clocks=[clock("breached", 3, LONG)] * 40,
        owner_name=LONG,
    )
    if kind == "account":
        found["account"] = {"account_id": "001a", "name": LONG, "country": LONG}
        found["tier"] = {"tier": LONG, "tier_reason": LONG}
        found["mqa"] = {"mqa_status": "mqa", "mqa_reason": LONG, "times": 40, "first_at": NOW, "latest_at": NOW}
        found["people"] = [
            {"person_id": "x", "first_name": LONG, "last_name": LONG, "persona": LONG, "title": LONG, "engagement_points": 10.0**7}
        ] * 40
    return found


@pytest.mark.parametrize("kind", ["person", "account"])
def test_everything_fits_one_screen(kind: str) -> None:
    lines = explain_screen.lines(full(kind), width=80)

    assert len(lines) < 50, "\n".join(lines)
    assert [] == [line for line in lines if len(line) > 80]


@pytest.mark.parametrize("kind", ["person", "account"])
def test_the_whole_answer_leaves_no_row_out(kind: str) -> None:
    lines = explain_screen.lines(full(kind), width=80, is_whole=True)

    assert 40 == sum("breached" in line and "due" in line and "first" not in line for line in lines) - 1  # one more says what is next
    assert not any("--all" in line for line in lines)


def test_the_first_lines_say_what_since_when_why_and_what_next() -> None:
    clocks = [clock("met", 1), clock("pending", 2, "accept_or_reject"), clock("breached", 9)]

    lines = explain_screen.lines(person(clocks=clocks), width=80, titles={"first_touch": "First touch of an MQL"})

    assert [
        "Jane Doe, CTO, Acme",
        "jane@acme.example; contact 003x",
        "",
        "Now       MQL since 2026-11-09 08:00 (12 days)",
        "          why: Raised a hand",
        "          responsible: Robin Rep, Sales (owns the account)",
        "",
        "Next      First touch of an MQL: breached, due 2026-11-13 08:00",
        "          to become Sales Lead: status working",
    ] == lines[:9]


def test_clocks_that_need_attention_come_first_the_latest_before_older_ones() -> None:
    clocks = [clock("met", 1), clock("breached", 9, "old"), clock("at_risk", 4), clock("breached", 2, "new")]

    lines = explain_screen.lines(person(clocks=clocks), width=80)
    listed = lines[lines.index("SLA       promised times, the most urgent first") + 1 :][:4]

    assert [("breached", "new"), ("breached", "old"), ("at", "risk"), ("met", "first")] == [tuple(line.split()[:2]) for line in listed]


def test_somebody_outside_the_scope_has_no_stage_and_nothing_next() -> None:
    lines = explain_screen.lines(person(stage=None, stage_history=[], account=None, owner_name=None), width=80)

    assert "Now       no stage: outside the pilot's scope" in lines
    assert "Next      nothing is due, and no further stage is defined" in lines
    assert "Account   none" in lines


def test_explain_says_which_record_decided_whose_an_activity_is() -> None:
    until = {"source_key": "marketo:7", "from_at": NOW.replace(year=1970), "until_at": NOW, "decided_by": "contact:003x"}
    since = {"source_key": "marketo:8", "from_at": NOW, "until_at": None, "decided_by": "lead:00Q1"}
    text = "\n".join(explain_screen.lines(person(periods=[until, since]), width=120))

    assert "activities of marketo 7 count here until " in text and "contact 003x was the current record" in text
    assert "activities of marketo 8 count here from " in text and "lead 00Q1 was the current record" in text


@pytest.mark.parametrize(("exclusion", "base", "is_explained"), [(None, 0, True), ("bot", 0, False), (None, 10**6, False)])
def test_an_activity_that_gave_no_points_says_why(exclusion: str | None, base: int, is_explained: bool) -> None:
    row = {"occurred_at": NOW, "contribution_micro": base, "weighted_micro": base, "base_micro": base, "factor": "Page visit"}
    row |= {"exclusion": exclusion, "activity_type": "web_visit", "detail": "/demo"}

    text = "\n".join(explain_screen.activities([row], width=80))

    assert is_explained == ("the agreement's cap on points of its kind was reached, or its rule gives none" in text)
    assert ("not counted  bot" in text) == (exclusion == "bot")


def test_nothing_is_said_twice_and_nothing_that_shows_as_zero() -> None:
    account = {
        "kind": "account",
        "account": {"account_id": "001a", "name": "Acme", "country": "Spain"},
        "tier": {"tier": 3, "tier_reason": "Tier 3. Fit 50 of 100: industry Media (+5)."},
        "mqa": {"mqa_status": "not_yet", "mqa_reason": "Not an MQA yet. Needs 3 more minutes.", "times": 0},
        "score": {"engagement_points": 0.0, "last_activity_at": None},
        "factors": [{"factor": "Page visit", "contribution_micro": 40_000, "activities": 1, "last_at": NOW}],
        "people": [{"engagement_points": 0.04, "first_name": "Ann", "last_name": "Lee", "person_id": "p", "persona": "VP", "title": None}],
    }

    text = "\n".join(explain_screen.lines(person(**account), width=80))

    assert "Tier      3. Fit 50 of 100" in text and "MQA       Not an MQA yet." in text and "no activity is known" in text
    assert not {"Page visit", "Ann Lee"} & {word for word in ("Page visit", "Ann Lee") if word in text}


def test_of_a_lead_without_account_the_closest_one_is_named_as_too_unlike() -> None:
    match = {
        "decision": "none",
        "confidence": 0.1,
        "reason": "No account with this name or domain.",
        "evidence": [],
        "runner_up_id": "001b",
    }

    lines = explain_screen.lines(person(account=None, match=match, account_names={"001b": "Acme Mining"}), width=80)

    assert "          closest, but too unlike: Acme Mining" in lines
