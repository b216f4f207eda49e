"""Old operations are summarised, and nothing that decides a write is lost with them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal.tables import ATTEMPT, ATTEMPT_LOG, CREATED_RECORD, OP, OP_MONTH, PLAN
from alignment_pipeline.write_back.plans import rollback
from alignment_pipeline.write_back.records import erase, results, summary
from alignment_pipeline.write_back.sending import attempt_log, marker
from alignment_pipeline_tests.write_back.office import KEY, Office, lead_id, office

KEY_OF_TASK = f"sla:{lead_id(1)}:first_touch"


def days(acme: Office, number: int) -> None:
    """One change and its apply each day."""
    for day in range(number):
        acme.advance(hours=24)
        acme.want(lead_id(day % 3), Score__c=day + 1)
        acme.run()


def summarised(acme: Office) -> summary.Summarised:
    before = acme.clock.now() - timedelta(days=4)
    return summary.summarise(acme.journal, before=before, messages_before=before)


def rows(acme: Office, table: object) -> int:
    with acme.journal.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[call-overload,no-any-return]


def test_what_is_older_than_the_undo_window_is_counted_by_month_and_the_rest_stays(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want_task(KEY_OF_TASK, lead_id(1))
        days(acme, 20)

        done = summarised(acme)

        left = 21 - done.operations
        assert done.operations >= 14 and (rows(acme, OP), rows(acme, ATTEMPT), rows(acme, PLAN)) == (left, left, left)
        assert rows(acme, ATTEMPT_LOG) == 2 * left
        with acme.journal.read() as connection:
            assert connection.execute(select(func.sum(OP_MONTH.c.operations))).scalar() == done.operations
        assert attempt_log.problems(acme.journal, noted=marker.noted_log(acme.journal)) == []
        assert summarised(acme).operations == 0
        acme.want(lead_id(0), Score__c=999)
        assert acme.run().states == {"VERIFIED": 1}


def test_a_task_that_was_made_long_ago_is_not_made_again(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want_task(KEY_OF_TASK, lead_id(1))
        acme.run()
        days(acme, 12)
        summarised(acme)
        assert rows(acme, CREATED_RECORD) == 1

        assert acme.plan().plan.skipped["created before"] == 1
        assert acme.run().states == {}
        erase.erase(acme.journal, [lead_id(1)], key=KEY)
        assert rows(acme, CREATED_RECORD) == 0


def test_a_value_that_we_wrote_long_ago_is_still_ours_to_change(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Note__c="ours")
        first = acme.run()
        days(acme, 12)
        summarised(acme)
        with pytest.raises(ConfigurationError, match="nothing to roll back"):
            rollback.build_rollback(acme.journal, first.run_id, agreement=acme.agreement, org_id="00D", new_run_id="u")
        acme.want(lead_id(0), Note__c="ours, changed")

        assert acme.run().states == {"VERIFIED": 1}


def test_results_are_updated_with_what_changed_and_forget_what_is_old(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        days(acme, 5)
        published = results.write_results(acme.journal)
        days(acme, 2)
        keep_from = acme.clock.now() - timedelta(days=3, hours=1)

        updated = results.updated(acme.journal, published, keep_from=keep_from).to_pyarrow().to_pylist()

        everything = results.write_results(acme.journal).to_pyarrow().to_pylist()
        assert sorted(row["op_key"] for row in updated) == sorted(row["op_key"] for row in everything if row["changed_at"] >= keep_from)
