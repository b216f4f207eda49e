"""A day without news is a quiet day: what only ages is written by steps, with other changes, and at the latest after its refresh."""

from __future__ import annotations

from pathlib import Path

from alignment_pipeline.agreement.write_back import Steps
from alignment_pipeline_tests.write_back.office import Office, lead_id, office

STEPS = Steps(points=1, pct=10, refresh_days=14)
LEADS = 30


def filled(acme: Office) -> None:
    for number in range(LEADS):
        acme.want(lead_id(number), Score__c=40, Reason__c="a demo request", Stage__c="MQL")
    acme.run()


def decayed(acme: Office, score: float) -> None:
    for number in range(LEADS):
        acme.want(lead_id(number), Score__c=score, Reason__c=f"{score} minutes")


def test_a_nights_decay_and_its_sentence_write_nothing(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS, steps=STEPS) as acme:
        filled(acme)
        acme.advance(days=1)
        decayed(acme, 39.2)

        planned = acme.plan()

        assert planned.plan.ops == [] and planned.plan.skipped["within its step"] == LEADS


def test_a_number_that_moves_by_its_step_is_written_with_its_sentence(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS, steps=STEPS) as acme:
        filled(acme)
        acme.advance(days=1)
        decayed(acme, 35.9)

        assert acme.run().states == {"VERIFIED": LEADS}
        assert (acme.value(lead_id(0), "Score__c"), acme.value(lead_id(0), "Reason__c")) == (35.9, "35.9 minutes")


def test_another_change_takes_the_present_number_along(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS, steps=STEPS) as acme:
        filled(acme)
        acme.advance(days=1)
        decayed(acme, 39.2)
        acme.want(lead_id(3), Stage__c="Customer")

        assert acme.run().states == {"VERIFIED": 1}
        assert acme.value(lead_id(3), "Score__c") == 39.2


def test_a_value_within_its_step_is_refreshed_in_time_and_not_all_on_one_day(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS, steps=STEPS) as acme:
        filled(acme)
        decayed(acme, 39.2)
        written = []
        for _ in range(14):
            acme.advance(days=1)
            planned = acme.plan()
            written.append(len(planned.plan.ops))
            planned.approve().apply()

        assert sum(written) == LEADS and max(written) <= LEADS / 2 and written[:6] == [0] * 6


def test_a_sentence_never_causes_a_write_however_long_it_waits(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS, steps=STEPS) as acme:
        filled(acme)
        acme.advance(days=40)
        for number in range(LEADS):
            acme.want(lead_id(number), Reason__c="another sentence")

        assert acme.plan().plan.ops == []


def test_a_value_that_somebody_changed_is_repaired_however_little(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS, steps=STEPS) as acme:
        filled(acme)
        acme.edit(lead_id(0), Score__c=40.5)

        assert acme.run().states == {"VERIFIED": 1}
        assert acme.value(lead_id(0), "Score__c") == 40
