"""A wait that a person would notice is said before it begins; a short one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline_tests.write_back.office import lead_id, office


def test_an_apply_that_waits_for_a_lost_answer_says_so_and_until_when(tmp_path: Path) -> None:
    told: list[str] = []
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.fault("zombie", method="PATCH", path="composite/sobjects$", seconds=240)
        done = acme.run(waiting=told.append)

    assert done.states == {"VERIFIED": 1}
    assert told and all(line.startswith("waiting ") and " min, until " in line for line in told)
    assert "the CRM's answer for 1 record was lost" in told[0]


@pytest.mark.parametrize("number", [1, 3])
def test_a_record_that_is_tried_again_is_counted(tmp_path: Path, number: int) -> None:
    told: list[str] = []
    with office(tmp_path) as acme:
        for place in range(number):
            acme.want(lead_id(place), Score__c=1)
        acme.fault("row_error", path="Lead/", count=2 * number, code="UNABLE_TO_LOCK_ROW", message="unable to obtain exclusive access")
        done = acme.run(waiting=told.append)

    assert done.states == {"VERIFIED": number}
    assert not told or f"{number} record{'s' * (number > 1)} could not be written yet" in told[0]


def test_an_apply_without_a_wait_says_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.run(waiting=told.append)

    assert told == []
