"""Rows 54, 57 and more have teeth: with a plausible mistake in its place, the row's own test fails.

Belongs here: one mistake for each of these rows. The protocol's mistakes, which a killed process makes, are `variants.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alignment_pipeline.operations import erase, source_health
from alignment_pipeline.warehouse import files, folders
from alignment_pipeline.write_back.fields import holds, naming
from alignment_pipeline.write_back.plans import approval, creates, guard, ops, unattended, updates
from alignment_pipeline.write_back.records import summary
from alignment_pipeline.write_back.sending import apply, breaker, marker
from alignment_pipeline_tests.faults.selection import chosen
from alignment_pipeline_tests.installation import test_home
from alignment_pipeline_tests.operations import test_personal_data, test_source_health
from alignment_pipeline_tests.warehouse import test_compaction
from alignment_pipeline_tests.write_back.plans import test_approval, test_guard, test_plan
from alignment_pipeline_tests.write_back.records import test_erase, test_summary
from alignment_pipeline_tests.write_back.sending import test_marker

Scenario = Callable[[Path], None]


def _added(tmp_path: Path) -> None:
    test_approval.test_a_plan_with_an_operation_added_removed_or_changed_is_refused(test_approval._add, False, tmp_path)


def _fresh_home(tmp_path: Path) -> None:
    test_marker.test_a_copy_restored_into_a_fresh_home_applies_nothing(marker.FULL, tmp_path)


def _trusts_the_journal(*_: Any, **__: Any) -> None:
    return None


def _all_runs(journal: Any, measures: Any) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in source_health._rows(measures):
        found.setdefault(row["measure"], []).append(row["value"])
    return found


#: Row -> what is broken there (module, name, mistake), and the test that must notice.
MISTAKES: dict[str, tuple[Any, str, Any, Scenario]] = {
    "54 texts keep their names": (
        naming,
        "without_names",
        lambda values, _: dict(values),
        test_erase.test_a_task_holds_ids_for_names_and_is_sent_with_the_names_that_the_crm_has,
    ),
    "57 the hash is taken for granted": (apply, "hash_of", lambda ops, **more: _Anything(), _added),
    "58 a list of any age counts": (
        approval,
        "_seen",
        lambda journal: 0,
        test_approval.test_a_revoked_standing_approval_does_not_come_back,
    ),
    "59 older plans stay": (
        ops,
        "_supersede",
        _trusts_the_journal,
        test_approval.test_a_newer_full_plan_expires_what_older_ones_did_not_send,
    ),
    "60 the CRM is not asked": (marker, "_check_crm", _trusts_the_journal, _fresh_home),
    "61 holds are not looked at": (
        holds,
        "active",
        lambda *_, **__: {},
        test_marker.test_an_adoption_is_the_way_on_and_keeps_every_human_edit,
    ),
    "62 each plan alone": (unattended, "recent", lambda *_, **__: [], test_guard.test_many_small_plans_are_judged_like_one_large_one),
    "63 every run is a measure": (source_health, "history", _all_runs, test_source_health.test_a_run_that_was_not_applied_is_no_measure),
    "64 an empty text is a text": (unattended, "is_empty", lambda value: value is None, test_guard.test_an_empty_text_counts_as_emptied),
    "65 tasks for locked records": (creates, "_is_parent_locked", lambda *_: False, test_guard.test_do_not_sync_keeps_tasks_away),
    "66 nothing fell": (guard, "_desired", lambda *_: [], test_guard.test_desired_records_that_fall_by_half_are_a_finding),
    "67 keys are summarised away": (
        summary,
        "_CREATED",
        (),
        test_summary.test_a_task_that_was_made_long_ago_is_not_made_again,
    ),
    "68 no compaction": (files, "MOST_FILES", 10**6, test_compaction.test_many_appends_stay_few_files_and_lose_no_row),
    "70 a missing permission is a dead letter like any other": (
        breaker.Breaker,
        "_judge",
        lambda self: None,
        test_guard.test_a_permission_that_is_missing_altogether_stops_the_run,
    ),
    "71 an open home is used": (
        folders,
        "check_home",
        _trusts_the_journal,
        test_home.test_a_home_that_is_open_to_others_is_refused_and_left_as_it_is,
    ),
    "72 decay is written": (updates, "_is_ageing", lambda *_: False, test_plan.test_a_nights_decay_and_its_sentence_write_nothing),
    "69 damaged tables stay": (
        erase,
        "_names_them",
        lambda *_: False,
        test_personal_data.test_a_notification_whose_name_has_the_id_goes_too,
    ),
}


class _Anything:
    """Equal to every hash."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@pytest.mark.parametrize("name", chosen(MISTAKES, short=("57 the hash is taken for granted", "60 the CRM is not asked")))
def test_the_mistake_is_noticed(name: str, tmp_path: Path) -> None:
    module, attribute, mistake, scenario = MISTAKES[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, attribute, mistake)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            scenario(tmp_path)
