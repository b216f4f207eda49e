"""Filling, listing and cutting; lengths are those that Salesforce counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.wording import forms
from alignment_pipeline_tests.wording.forbidden import problems


@given(st.text(max_size=600), st.integers(min_value=10, max_value=255))
def test_a_text_fits_in_utf_16_units_and_a_short_one_stays(text: str, limit: int) -> None:
    cut = forms.fit(text, limit)

    assert forms.length(cut) <= limit
    assert cut == text or forms.length(text) > limit


def test_a_letter_outside_the_basic_plane_counts_twice() -> None:
    assert forms.length("\U0001f680") == 2
    assert forms.length(forms.fit("\U0001f680" * 200)) <= 255


def test_a_text_is_cut_at_a_word() -> None:
    assert forms.fit("Belongs to a company with a long name", 24) == "Belongs to a company\u2026"


@pytest.mark.parametrize(
    ("name", "company", "said"),
    [
        ("Ann Lee", "Acme", "Ann Lee (Acme)"),
        ("Sheila's company", "Sheila's company", "Sheila's company"),
        ("Acme GmbH", "Acme", "Acme GmbH"),
        ("Ann Lee", "", "Ann Lee"),
        ("Ann Lee", "n/a", "Ann Lee"),
        ("", "Acme", "Acme"),
    ],
)
def test_a_company_is_said_once(name: str, company: str, said: str) -> None:
    assert forms.once(name, company) == said


def test_as_many_ways_as_fit_are_said_and_the_rest_counted() -> None:
    ways = ["1 hand raise", "50 more minutes in 90 days", "fit 60 (now 40)"]

    assert forms.ways(ways, room=200) == "1 hand raise; or 50 more minutes in 90 days; or fit 60 (now 40)"
    assert forms.ways(ways, room=60) == "1 hand raise; or 50 more minutes in 90 days; or another way"
    assert forms.ways(ways, room=10) == "1 hand raise; or 2 other ways"


def test_what_is_wanted_is_said_as_actions() -> None:
    assert forms.wanted([("accepted", 1), ("rejected", 1), ("converted", 1)]) == "accept, reject with a reason or convert"
    assert forms.wanted([("touch", 6)]) == "contact them (6 times)"


def test_sentences_that_no_longer_fit_are_left_out_whole() -> None:
    assert forms.joined("One.", "Two.", "Three is long.", limit=12) == "One. Two."


@pytest.mark.parametrize(
    "text",
    [
        "due 2026-11-23 14:00 UTC",
        "Owner 005Qy0001000BvyIAE has it",
        "only 0% sure",
        "0 minutes from 1 activity",
        "started by activity (hand_raise)",
        "for Sheila (Sheila's company) (Sheila's company)",
        "the the account",
        "Disqualified since 10 Jun 2026: status became unqualified or disqualified or closed - not converted or similar.",
        "Recycled since 24 Sep 2026: status became recycle or nurtur or return*marketing.",
        "Up 136 % on the period before.",
        "12 minutes of engagement, 0 of 4 people engaged: Meeting 11.",
        "22 minutes of engagement, nobody engaged yet: Meeting 21.",
        "127.1 minutes in 90 days and 2 people with 20 minutes each in 90 days.",
        "Done Fri 4 Sep, 12:00 Berlin time: contacted. It was due Mon 7 Sep, 12:00 Berlin time.",
        "Not an MQA yet. Needs 0.4 more minutes and 1 more person with 20 minutes.",
        "Next, Accepted: status such as working, contacted or accepted.",
        "No path of the agreement holds any more",
        "110 by business day 35 of 62, when 33.87 were expected; the goal is 60.",
        "1% of their wins fall into the period, 99% (7929.4 deals) into later ones",
        "Tier 3: Tier 3. Fit 50 of 100.",
        "574 minutes of engagement: Pricing page 147. Far more than in the period before. Surging.",
        "Call, write or meet: contact them (6 of them).",
        "Not an MQA yet. Needs 18 more minutes of engagement in 90 days.",
        "Target since 1 Aug 2022: on the target account list. Next, Aware: 3 more minutes of engagement in 90 days.",
        "Senior interest: 1 VP with 20 minutes in 90 days (now a little below the threshold).",
        "3 of 9 people engaged: Meeting 9 times. Far more than in the period before.",
        "3 of 9 people engaged: Meeting 9 times. Surging: far more than in the period before.",
        "Aware since 12 Jun 2026: 3 minutes in 90 days.",
        "1 activity: Inbound e-mail once.",
        "Nobody engaged at the moment: Hand raised once.",
        "The only person engaged: Hand raised once.",
        "Done late, Mon 22 Jun, 09:40 New York time: contacted. It was due Mon 22 Jun, 09:40.",
        "Tier 2. Fit 77 of 100: revenue 1292 million (+25).",
        "15 accounts get their first Latest MQA",
        "0 times the target by business day 35 of 62; the goal is 3 times the target.",
        "a hand raise; or 50 minutes of engagement in 90 days, reached once more and a fit of 40",
        "Reached longer ago than the agreement's max_age_hours: not told any more.",
    ],
)
def test_the_list_of_forbidden_patterns_finds_what_was_seen(text: str) -> None:
    assert problems(text) != []
