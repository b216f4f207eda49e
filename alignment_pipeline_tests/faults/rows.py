"""The fault matrix: 86 faults, what must come of each, and the tests that prove it.

Belongs here: the table. A row's proofs are pytest node ids (a prefix stands for all its parameters); `run.py` runs them and prints the
table, `test_rows.py` sees to it that every row has a proof that exists.
"""

from __future__ import annotations

from dataclasses import dataclass

_SYNC = "alignment_pipeline_tests/write_back"
_FAULTS = "alignment_pipeline_tests/faults"
_SOURCES = "alignment_pipeline_tests/connectors"
_WIRE, _CONFIG, _CRASH, _VALUES = (f"{_FAULTS}/test_{name}.py::test_row" for name in ("wire", "config", "crash", "values"))
_SALESFORCE = f"{_SOURCES}/salesforce/test_extraction.py::test"
_MARKETO = f"{_SOURCES}/marketo/test_extraction.py::test"
_APPROVAL = f"{_SYNC}/plans/test_approval.py::test"
_GUARD = f"{_SYNC}/plans/test_guard.py::test"
_MARKER = f"{_SYNC}/sending/test_marker.py::test"
_TEETH = f"{_FAULTS}/test_teeth.py"
_HUBSPOT = f"{_SOURCES}/hubspot/test_extraction.py::test"
_PORTAL = f"{_FAULTS}/test_portal.py::test_row"
_SIGNS = f"{_SOURCES}/hubspot/test_form_signs.py::test"
_STORE = "alignment_pipeline_tests/warehouse/test_warehouse.py::test"
_TIMEOUTS = tuple(
    f"{_SALESFORCE}_{name}"
    for name in ("a_time_out_halves_the_window_until_all_rows_are_there", "a_query_that_always_times_out_fails_and_is_not_zero_rows")
)
_STAMPS = (f"{_SALESFORCE}_a_time_out_inside_one_second_goes_on_by_id",)


#: The suite that every connector passes, by every way it reads.
_SUITES = tuple(
    f"{system}/test_conformance.py::Test{way}"
    for system, way in (("salesforce", "Rest"), ("salesforce", "Bulk"), ("marketo", "Pages"), ("marketo", "Bulk"))
)


def _any(name: str) -> tuple[str, ...]:
    return tuple(f"{_SOURCES}/{suite}::test_{name}" for suite in _SUITES)


def _of_hubspot(name: str) -> tuple[str, ...]:
    return tuple(f"{_SOURCES}/hubspot/test_conformance.py::Test{way}::test_{name}" for way in ("List", "Search", "EmailEvents"))


@dataclass(frozen=True)
class Row:
    """One fault."""

    number: int
    group: str
    fault: str
    expected: str
    proofs: tuple[str, ...]


def _row(number: int, group: str, fault: str, expected: str, *proofs: str) -> Row:
    return Row(number, group, fault, expected, proofs)


ROWS: tuple[Row, ...] = (
    _row(
        1,
        "source",
        "session expires in the middle",
        "one new login, nothing lost; refused again: stop",
        *_any("a_token_that_expires_in_the_middle_is_renewed_and_nothing_is_lost"),
        *_any("a_token_that_is_always_refused_ends_the_reading_after_one_renewal"),
    ),
    _row(
        2,
        "source",
        "limits and quotas",
        "wait, or stop cleanly with the state kept",
        *_any("a_daily_quota_stops_the_reading_cleanly"),
        *_any("a_budget_of_our_own_stops_the_reading_cleanly"),
        f"{_MARKETO}_passing_errors_with_status_200_are_waited_out",
    ),
    _row(
        3,
        "source",
        "storm of 503",
        "outlived, or a clean failure and never 'no rows'",
        *_any("a_storm_of_503_is_outlived"),
        *_any("a_storm_without_end_fails_and_never_looks_like_no_rows"),
    ),
    _row(4, "source", "query times out", "window halved, never 'no rows'", *_TIMEOUTS),
    _row(
        5,
        "source",
        "many rows with one stamp",
        "all are read",
        *_any("records_of_one_and_the_same_second_are_all_read"),
        *_STAMPS,
    ),
    _row(
        6, "source", "row appears late, behind the watermark", "found by the overlap", *_any("a_late_record_behind_the_watermark_is_found")
    ),
    _row(
        7,
        "source",
        "page cut short",
        "rejected and fetched again",
        *_any("a_page_cut_on_the_wire_is_fetched_again"),
        *_any("a_file_short_of_its_promise_is_rejected"),
    ),
    _row(
        8,
        "source",
        "deleted, hard-deleted, undeleted",
        "tombstone; back again",
        f"{_SALESFORCE}_deleted_merged_and_undeleted_records_are_followed",
        f"{_SALESFORCE}_a_record_deleted_for_good_leaves_a_tombstone",
    ),
    _row(
        9,
        "source",
        "merged or converted between plan and write",
        "operation GONE, base dropped, nothing written to the loser",
        f"{_WIRE}[9]",
    ),
    _row(
        10,
        "source",
        "field removed, type changed, value retired",
        "plan blocked before any write",
        *(f"{_CONFIG}[10 {one}]" for one in ("field removed", "type changed", "value retired", "after approval")),
    ),
    _row(
        11,
        "source",
        "Marketo's export quota at 60 %",
        "jobs kept, next day goes on",
        f"{_MARKETO}_a_quota_used_up_keeps_the_jobs_and_the_next_day_goes_on",
    ),
    _row(12, "source", "source empty or 30 % short", "plan blocked", f"{_CONFIG}[12 empty]", f"{_CONFIG}[12 thirty percent]"),
    _row(
        13,
        "wire",
        "no answer",
        "timeout, outcome unknown, decided by reading",
        f"{_WIRE}[13]",
        *_any("a_server_that_hangs_is_left_by_the_time_out"),
    ),
    _row(
        14,
        "wire",
        "applied, answer lost",
        "read back: verified, not sent again",
        f"{_WIRE}[14]",
        f"{_WIRE}[14 shared]",
        f"{_WIRE}[14 tasks]",
    ),
    _row(15, "wire", "connection cut before the work", "read back: sent again once nothing can arrive late", f"{_WIRE}[15]"),
    _row(
        16,
        "wire",
        "applied after we gave up",
        "no newer write of that record until it must have arrived",
        f"{_WIRE}[16]",
        f"{_SYNC}/sending/test_apply.py::test_a_record_whose_outcome_is_unknown",
    ),
    _row(17, "wire", "some rows refused", "each row its own state, the rest goes on", f"{_WIRE}[17]"),
    _row(18, "wire", "results reordered or missing", "matched by id, missing is unknown", f"{_WIRE}[18 reordered]", f"{_WIRE}[18 missing]"),
    _row(19, "wire", "503 while a Bulk job is polled", "polling goes on, no second job, none aborted", f"{_WIRE}[19]"),
    _row(
        20,
        "wire",
        "a maintenance page for an answer",
        "never taken for a result",
        f"{_WIRE}[20]",
        f"{_WIRE}[20 refused]",
        *_any("a_maintenance_page_with_status_200_never_looks_like_no_rows"),
    ),
    _row(21, "crash", "killed while extracting or loading", "nothing partial visible, next run whole", f"{_CRASH}[21]"),
    _row(22, "crash", "killed while a plan is kept", "no plan", f"{_CRASH}[22]"),
    _row(23, "crash", "killed after the intent, before the send", "sent once", f"{_CRASH}[23]"),
    _row(
        24,
        "crash",
        "killed between write and journal",
        "decided by reading",
        f"{_CRASH}[24]",
        f"{_FAULTS}/test_kill.py",
        f"{_FAULTS}/test_dagster_kill.py",
    ),
    _row(25, "crash", "killed at each step of a Bulk job", "taken up by its id, open ones closed, no second job", f"{_CRASH}[25]"),
    _row(26, "crash", "killed while verifying", "state and base move together", f"{_CRASH}[26]"),
    _row(27, "crash", "killed while rolling back", "the rollback goes on", f"{_CRASH}[27]"),
    _row(
        28,
        "crash",
        "SIGTERM, memory or disk full, disk read-only",
        "no send without a durable intent, exit code not 0",
        *(f"{_CRASH}[28 {one}]" for one in ("disk full", "disk read-only", "memory full", "SIGTERM")),
    ),
    _row(29, "crash", "power loss", "every intent synced before its send", f"{_CRASH}[29]"),
    _row(
        30,
        "warehouse",
        "a publication meets a reader or a second one",
        "whole old or whole new table",
        f"{_STORE}_a_reader_that_opened_the_old_version_finishes_on_it",
        f"{_STORE}_a_publication_that_fails_half_way_leaves_the_old_version",
    ),
    _row(
        31,
        "warehouse",
        "a table's file damaged",
        "found by its checksum, moved aside, rebuilt",
        f"{_STORE}_a_cut_file_is_found_and_moved_aside",
        f"{_STORE}_a_changed_byte",
    ),
    _row(
        32, "warehouse", "journal lost or an old copy", "nothing applied until adopted", f"{_CONFIG}[32 lost]", f"{_CONFIG}[32 old backup]"
    ),
    _row(
        33,
        "clock",
        "daylight saving, windows over it",
        "counted once, in the zone of the business",
        "alignment_pipeline_tests/sla/test_calendars.py",
    ),
    _row(34, "clock", "our clock a day off", "nothing written", f"{_CONFIG}[34]"),
    _row(
        35,
        "clock",
        "29 February, year end, impossible dates",
        "validated",
        f"{_SYNC}/fields/test_shape.py",
        "alignment_pipeline_tests/sla/test_calendars.py",
    ),
    _row(
        36,
        "data",
        "10,000 poison rows",
        "each loaded and written, or quarantined with its reason",
        f"{_FAULTS}/test_poison.py",
        f"{_SOURCES}/test_poison.py",
    ),
    _row(
        37,
        "data",
        "15 and 18 characters, ids that differ in case",
        "the same, and different",
        f"{_VALUES}[37]",
        f"{_SYNC}/fields/test_shape.py",
    ),
    _row(38, "data", "null, empty, missing, zero", "distinct; missing never clears", f"{_VALUES}[38]", f"{_SYNC}/fields/test_decide.py"),
    _row(
        39,
        "data",
        "the CRM alters what we wrote",
        "trimming recognised; a trigger stops us after two writes",
        f"{_WIRE}[39 trimmed]",
        f"{_WIRE}[39 trigger]",
    ),
    _row(40, "data", "input in another order", "the same plan", f"{_VALUES}[40]"),
    _row(
        41,
        "data",
        "value too long, validation rule",
        "dead letter with its code, the rest goes on",
        f"{_WIRE}[41]",
        f"{_FAULTS}/test_poison.py",
    ),
    _row(42, "concurrency", "six starts at once", "one writer, five exit 75", f"{_CRASH}[42]"),
    _row(43, "concurrency", "frozen holder wakes up", "finds a higher fence and stops", f"{_CRASH}[43]", f"{_CRASH}[43 interrupted]"),
    _row(
        44,
        "concurrency",
        "a person edits between plan and write",
        "the person's value stays",
        f"{_WIRE}[44 before]",
        f"{_WIRE}[44 between]",
    ),
    _row(45, "concurrency", "a person edits after our write", "held, listed, released by a person", f"{_VALUES}[45]"),
    _row(46, "concurrency", "another integration changes it back", "three repairs in a week, then held", f"{_VALUES}[46]"),
    _row(47, "concurrency", "locked rows", "tried again in smaller batches", f"{_WIRE}[47]"),
    _row(48, "config", "80 % of the records would change", "blocked, 0 writes", f"{_CONFIG}[48]"),
    _row(49, "config", "a line of the map changed", "caught, or at most 25 writes", f"{_CONFIG}[49]"),
    _row(50, "config", "another organisation", "stopped before the first write", f"{_CONFIG}[50]"),
    _row(51, "config", "no permission on a field", "stopped before the first write", f"{_CONFIG}[51]"),
    _row(52, "config", "assignment rules are on", "header on every write, owners unchanged", f"{_WIRE}[52]"),
    _row(53, "config", "a whole column wants null", "blocked", f"{_CONFIG}[53]"),
    _row(
        54,
        "security",
        "a person is erased",
        "0 bytes left, recognised when it comes again",
        f"{_SYNC}/records/test_erase.py::test_an_erased_person",
        f"{_SYNC}/records/test_erase.py::test_a_task_holds_ids_for_names",
    ),
    _row(
        55,
        "security",
        "a run launched by a foreign page",
        "applies nothing that is not signed",
        f"{_CONFIG}[55]",
        f"{_FAULTS}/test_cross_site.py",
    ),
    _row(56, "security", "the alert sink is down", "the run is not affected, the message waits", f"{_VALUES}[56]"),
    _row(
        57,
        "approval",
        "an operation added, removed or changed after signing",
        "refused, 0 writes",
        f"{_APPROVAL}_a_plan_with_an_operation_added_removed_or_changed_is_refused",
        f"{_TEETH}",
    ),
    _row(58, "approval", "a revoked standing approval is restored", "stays revoked", f"{_APPROVAL}_a_revoked_standing_approval"),
    _row(59, "approval", "an older signed plan after a newer one", "expired", f"{_APPROVAL}_a_newer_full_plan_expires"),
    _row(
        60,
        "journal",
        "an old copy in a fresh home, in place, from before the fast lane wrote",
        "nothing applied, however often it is tried",
        f"{_MARKER}_a_copy_restored_into_a_fresh_home",
        f"{_MARKER}_the_refusal_of_a_copy_restored_in_place",
        f"{_MARKER}_a_copy_from_before_writes_of_the_fast_lane",
        f"{_MARKER}_postgresql_in_a_fresh_container",
    ),
    _row(61, "journal", "adopted after a loss", "every human edit is held", f"{_MARKER}_an_adoption_is_the_way_on"),
    _row(62, "guard", "many small plans within a day", "judged like one large plan", f"{_GUARD}_many_small_plans"),
    _row(
        63,
        "guard",
        "a source that stays small",
        "blocked until a person accepts it",
        "alignment_pipeline_tests/operations/test_source_health.py::test_a_run_that_was_not_applied",
        "alignment_pipeline_tests/operations/test_source_health.py::test_accepting_makes",
    ),
    _row(64, "guard", "values emptied by an empty text", "counted as emptied", f"{_GUARD}_an_empty_text"),
    _row(65, "guard", "a task for a record that people locked", "not created", f"{_GUARD}_do_not_sync_keeps_tasks_away"),
    _row(66, "guard", "desired records fall by half", "a person decides", f"{_GUARD}_desired_records_that_fall"),
    _row(
        67,
        "year",
        "old operations are summarised",
        "no task twice, ours stays ours",
        f"{_SYNC}/records/test_summary.py::test_a_task_that_was_made_long_ago",
        f"{_SYNC}/records/test_summary.py::test_a_value_that_we_wrote_long_ago",
    ),
    _row(
        68,
        "year",
        "thousands of appends",
        "64 files at most, no row lost",
        "alignment_pipeline_tests/warehouse/test_compaction.py::test_many_appends",
    ),
    _row(
        69,
        "security",
        "a person in any file below the home",
        "erased there, and every place is registered",
        "alignment_pipeline_tests/operations/test_personal_data.py",
    ),
    _row(
        70,
        "guard",
        "one record, or all, may not be edited",
        "a dead letter; or the run stops itself",
        f"{_GUARD}_a_record_that_may_not_be_edited",
        f"{_GUARD}_a_permission_that_is_missing_altogether",
    ),
    _row(
        71,
        "security",
        "open home, readable .env, a link for the journal, a corrupt pointer",
        "refused with the way out; repaired",
        "alignment_pipeline_tests/installation/test_home.py",
    ),
    _row(
        72,
        "year",
        "a day without news",
        "nothing is written for decay and its sentences, all is refreshed in time",
        f"{_SYNC}/plans/test_plan.py::test_a_nights_decay",
        f"{_SYNC}/plans/test_plan.py::test_a_value_within_its_step",
    ),
    _row(
        73,
        "hubspot",
        "search trails what was written",
        "read by the overlap; written values are read back by object",
        *_of_hubspot("a_late_record_behind_the_watermark_is_found"),
        f"{_PORTAL}[answer lost]",
    ),
    _row(
        74,
        "hubspot",
        "207: some rows of a batch refused",
        "each row its own state, the rest goes on",
        f"{_PORTAL}[207]",
        f"{_PORTAL}[207 for the moment]",
    ),
    _row(
        75,
        "hubspot",
        "429 by the second, by ten seconds",
        "waited out",
        f"{_PORTAL}[429 by second]",
        f"{_HUBSPOT}_ten_seconds_of_refused_calls_are_waited_out",
    ),
    _row(
        76,
        "hubspot",
        "429 by the day",
        "stops cleanly, goes on after midnight of the account",
        f"{_PORTAL}[429 by day]",
        *_of_hubspot("a_daily_quota_stops_the_reading_cleanly"),
    ),
    _row(
        77,
        "hubspot",
        "5xx, pages of maintenance, lost and late answers",
        "decided by reading, written once",
        *(f"{_PORTAL}[{name}]" for name in ("5xx", "maintenance page", "cut before", "late", "shared answer lost")),
        *_of_hubspot("a_storm_of_503_is_outlived"),
    ),
    _row(
        78,
        "hubspot",
        "token rotated",
        "stops, names the variable",
        f"{_PORTAL}[token]",
        f"{_HUBSPOT}_a_rotated_token_ends_the_reading",
    ),
    _row(79, "hubspot", "scope missing", "stops, names the scope", f"{_PORTAL}[scope]", f"{_HUBSPOT}_a_scope_that_is_missing_is_named"),
    _row(
        80,
        "hubspot",
        "more changes than a search can page through",
        "all are read",
        f"{_HUBSPOT}_changes_beyond_the_ceiling",
        *_of_hubspot("records_of_one_and_the_same_second_are_all_read"),
    ),
    _row(
        81,
        "hubspot",
        "property removed, of another type, read-only; option retired",
        "plan blocked before any write; reading reports it, or ends where the property is required",
        f"{_FAULTS}/test_portal.py::test_a_portal_whose_properties_changed_is_not_written_to",
        f"{_HUBSPOT}_a_property_that_is_gone_or_changes_its_type_is_reported_and_a_required_one_ends_the_reading",
    ),
    _row(
        82,
        "hubspot",
        "merged, archived, edited; a task without its contact; kills",
        "followed or held; completed; nothing lost or doubled",
        *(f"{_PORTAL}[{name}]" for name in ("merged", "edited", "tasks lost", "association lost")),
        f"{_SOURCES}/hubspot/test_crm.py::test_an_edit_between_the_last_look_and_the_write_is_put_back",
        f"{_FAULTS}/test_portal.py::test_killed_at_random",
        f"{_FAULTS}/test_portal.py::test_a_task_that_lost_its_contact",
    ),
    _row(
        83,
        "hubspot",
        "webhooks journal unreachable, refused, without its scope, or answering nonsense",
        "forms are polled as without it, and the lane says so",
        f"{_SIGNS}_while_the_journal_cannot_be_read_the_forms_are_polled_each_time_and_it_is_said",
        f"{_SIGNS}_a_journal_that_comes_back_is_used_again_after_a_minute",
    ),
    _row(
        84,
        "hubspot",
        "a journal file expired, gone, on a foreign host, hostile",
        "not fetched or not used; the forms are polled, and the lane says so",
        f"{_SIGNS}_a_file_that_cannot_be_read_makes_the_forms_polled_and_it_is_said",
        f"{_SIGNS}_a_file_on_this_machine_is_not_fetched_for_a_portal_that_is_elsewhere",
    ),
    _row(
        85,
        "hubspot",
        "the journal is late, silent, or tells more than can be read",
        "a submission waits ten seconds at most",
        f"{_SIGNS}_a_journal_that_does_not_tell_costs_ten_seconds_at_most",
        f"{_SIGNS}_more_news_than_a_call_brings_is_a_sign_and_is_not_read_one_by_one",
    ),
    _row(
        86,
        "hubspot",
        "a journal's offset is older than three days",
        "it goes on at the end, and the forms are polled",
        f"{_SIGNS}_an_offset_of_last_week_is_left_behind",
    ),
)
