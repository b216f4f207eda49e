"""A lost or changed attempt is found: by the doctor in the whole journal, by the audit in one record's history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.tables import ATTEMPT, ATTEMPT_LOG
from alignment_pipeline.operations import doctor
from alignment_pipeline.write_back.records import erase
from alignment_pipeline.write_back.records.audit import audit
from alignment_pipeline.write_back.sending import attempt_log, marker
from alignment_pipeline_tests.write_back.office import KEY, Office, lead_id, office

LEADS = 40


def written(acme: Office) -> None:
    """A batch of 25, one of 15, and a refused row."""
    for number in range(LEADS):
        acme.want(lead_id(number), Score__c=number + 1)
    acme.fault("row_error", path="Lead/", code="STRING_TOO_LONG", message="no", count=1)
    acme.run()


def problems(acme: Office) -> list[str]:
    return attempt_log.problems(acme.journal, noted=marker.noted_log(acme.journal))


DAMAGES: dict[str, tuple[Callable[[int], Any], str]] = {
    "an attempt is lost": (lambda op: delete(ATTEMPT).where(ATTEMPT.c.op_id == op), "of 25 attempts (SENT"),
    "an answer is changed": (lambda op: update(ATTEMPT).where(ATTEMPT.c.op_id == op).values(outcome="P:X"), "an attempt (ANSWERED"),
    "what was sent is changed": (lambda op: update(ATTEMPT).where(ATTEMPT.c.op_id == op).values(req_hash="0"), "an attempt (SENT"),
    "an answer is forgotten": (lambda op: update(ATTEMPT).where(ATTEMPT.c.op_id == op).values(done_at=None), "24 of 25 attempts (ANSWERED"),
    "a link is lost": (lambda op: delete(ATTEMPT_LOG).where(ATTEMPT_LOG.c.seq == 2), "has lost link 2"),
    "a link is changed": (lambda op: update(ATTEMPT_LOG).where(ATTEMPT_LOG.c.seq == 2).values(rows=1), "link 2 of the log of attempts was"),
    "the end is cut off": (lambda op: delete(ATTEMPT_LOG).where(ATTEMPT_LOG.c.seq > 2), "ends at link 2, 4 were noted"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_lost_or_changed_is_found(damage: str, tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS) as acme:
        written(acme)
        assert problems(acme) == []
        change, words = DAMAGES[damage]
        with acme.journal.begin() as connection:
            first = connection.execute(select(ATTEMPT.c.op_id).order_by(ATTEMPT.c.op_id)).scalar()
            connection.execute(change(int(first or 0)))

        found = problems(acme)

        assert any(words in one for one in found), found
        home = Home(acme.home, {"ALIGNMENT_DATABASE_URL": str(acme.journal.engine.url)}, acme.clock)
        said = [one for one in doctor.state(home) if one.subject == "journal" and one.status == "fail"]
        assert [one.text for one in said] == found and "alignment plan --adopt" in said[0].fix


def test_the_audit_of_a_record_says_what_its_own_batches_lack(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS) as acme:
        written(acme)
        with acme.journal.begin() as connection:
            rows = connection.execute(select(ATTEMPT).order_by(ATTEMPT.c.op_id)).all()
            connection.execute(delete(ATTEMPT).where(ATTEMPT.c.op_id == rows[-1].op_id))
        histories = [audit(acme.journal, lead_id(number)) for number in range(LEADS)]

        damaged = [number for number, one in enumerate(histories) if one["damage"]]

        together = sum(row.batch_id == rows[-1].batch_id for row in rows)
        assert len(damaged) == together < LEADS
        assert "are left" in histories[damaged[0]]["damage"][0]["problem"]


def test_an_erasure_leaves_the_rest_provable_and_hides_nothing(tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS) as acme:
        written(acme)
        erase.erase(acme.journal, [lead_id(3)], key=KEY)
        assert problems(acme) == []
        with acme.journal.begin() as connection:
            lost = connection.execute(select(ATTEMPT.c.op_id).order_by(ATTEMPT.c.op_id.desc())).scalar()
            connection.execute(delete(ATTEMPT).where(ATTEMPT.c.op_id == lost))
        before = problems(acme)

        erase.erase(acme.journal, [lead_id(number) for number in range(4, 30)], key=KEY)

        damaged = [{one.split(":")[0] for one in found} for found in (before, problems(acme))]
        assert len(damaged[0]) == 1 and damaged[0] == damaged[1]


def test_an_answer_that_takes_the_place_of_an_earlier_one_is_no_damage(tmp_path: Path) -> None:
    """A Bulk job that could not be looked at is asked again, and its rows get their true answers then."""
    with office(tmp_path, leads=LEADS) as acme:
        written(acme)
        with acme.journal.read() as connection:
            row = connection.execute(select(ATTEMPT).order_by(ATTEMPT.c.op_id)).first()
        assert row is not None
        for year in (2030, 2030, 2031):
            _answer(acme, row, f"{year}-01-01T00:00:00.000000Z", f"R:{year}")

        assert problems(acme) == []


def _answer(acme: Office, row: Any, at: str, outcome: str) -> None:
    change = update(ATTEMPT).where(ATTEMPT.c.op_id == row.op_id).values(done_at=at, outcome=outcome)
    answer = {"b_id": row.op_id, "b_n": row.n, "done_at": at, "outcome": outcome}
    with acme.journal.begin() as connection:
        attempt_log.answered(connection, row.batch_id, [answer], lambda: connection.execute(change))
