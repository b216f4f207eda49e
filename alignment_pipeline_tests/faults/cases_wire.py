"""Cases of the wire and of single rows (rows 9, 13 to 20, 39, 41, 44, 47, 52): faults as data."""

from __future__ import annotations

from typing import Any

from alignment_pipeline.errors import ApprovalRequired
from alignment_pipeline.write_back.fields import holds
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline.write_back.records import dead_letters
from alignment_pipeline_tests.faults.harness import Case, Played
from alignment_pipeline_tests.write_back.office import PERSON, Office, account_id, agreement, lead_id

_COLLECTION = {"method": "PATCH", "path": "composite/sobjects$"}
_SMALL_BULK = {"sending": agreement().write_back.sending.model_copy(update={"bulk_above": 200})}


def _all_verified(played: Played) -> None:
    assert played.states == {"VERIFIED": 30}


def _once_each(acme: Office) -> None:
    written = [write.record_id for write in acme.writes()]
    assert len(written) == len(set(written)), "a record was written twice"


def _merge(acme: Office) -> None:
    acme.people.merge(lead_id(0), [lead_id(1)])
    acme.people.convert(lead_id(2))
    for record_id in (lead_id(1), lead_id(2)):
        for key in [key for key in acme.wanted if key[1] == record_id]:
            del acme.wanted[key]


def _gone(played: Played) -> None:
    assert played.states == {"GONE": 2, "VERIFIED": 28}


def _no_newer_write_while_unknown(played: Played) -> None:
    """Row 16 looks while the late write may still come: see `_zombie_plan`."""
    assert played.states == {"VERIFIED": 30}


def _refused(code: str, low: int = 3) -> Any:
    def look(played: Played) -> None:
        assert played.applied is not None
        dead = dead_letters.listing(played.acme.journal, code=code)
        assert len(dead) >= low and played.states == {"VERIFIED": 30 - len(dead), "DEAD": len(dead)}

    return look


def _human_wins(played: Played) -> None:
    assert played.acme.value(lead_id(3), "Note__c") == "typed" and played.states == {"VERIFIED": 29, "HELD": 1}
    found = holds.listing(played.acme.journal)
    assert [(hold.record_id, hold.reason) for hold in found] == [(lead_id(3), HoldReason.FIRST_TOUCH)]


class _EditsBetween:
    """A person edits between our reading and our conditional write."""

    def __init__(self, acme: Office) -> None:
        self.acme, self.writer, self.done = acme, acme.crm.writer, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.writer, name)

    def update_one(self, object_name: str, record_id: str, fields: Any, *, if_unmodified_since: Any = None) -> Any:
        if record_id == lead_id(5) and not self.done:
            self.done = True
            self.acme.edit(record_id, Note__c="typed in between")
        assert self.writer is not None
        return self.writer.update_one(object_name, record_id, fields, if_unmodified_since=if_unmodified_since)


def _race(acme: Office) -> None:
    acme.advance(minutes=1)
    acme.crm.writer = _EditsBetween(acme)  # type: ignore[assignment]


def _race_lost(played: Played) -> None:
    assert played.acme.value(lead_id(5), "Note__c") == "typed in between" and played.states == {"VERIFIED": 29, "HELD": 1}


def _rewritten(played: Played) -> None:
    """The first write reads back different; the second makes it flap; there is no third."""
    acme = played.acme
    assert played.states == {"CONFLICT": 30}
    for _ in range(4):
        acme.advance(hours=1)
        planned = acme.plan()
        if planned.state == "DONE":
            break
        planned.approve().apply(resume=True)
    flapping = [hold for hold in holds.listing(acme.journal) if hold.reason is HoldReason.FLAPPING]
    per_record = [len(acme.world.audit.writes(record_id=lead_id(number), source="api")) for number in range(30)]
    assert (len(flapping), set(per_record)) == (30, {2})


def _bulk_survives(played: Played) -> None:
    assert played.states == {"VERIFIED": 300} and played.calls["bulk ingest create"] == 1
    assert all(job.state != "Aborted" for job in getattr(played.acme.world.salesforce, "jobs", {}).values())


def _headers(played: Played) -> None:
    writes = played.acme.writes()
    assert writes and all(write.headers.get("sforce-auto-assign", "").upper() == "FALSE" for write in writes)
    assert {played.acme.value(lead_id(number), "OwnerId") for number in range(30)} == {PERSON}


def _locks(played: Played) -> None:
    assert played.states == {"VERIFIED": 30} and played.acme.value(account_id(0), "Name") == "A0"


def _parents(acme: Office) -> None:
    acme.parents = {lead_id(number): account_id(number % 2) for number in range(30)}


def _owner_alarm(played: Played) -> None:
    assert played.applied is None or played.applied.stopped
    assert not isinstance(played.error, ApprovalRequired)


CASES: dict[str, Case] = {
    "9": Case(meanwhile=_merge, expect=_gone),
    "13": Case(({"kind": "hang", "seconds": 100_000} | _COLLECTION,), read_seconds=4.0, expect=_all_verified, last=_once_each),
    "14": Case(({"kind": "cut_after"} | _COLLECTION,), expect=_all_verified, last=_once_each),
    "14 shared": Case(
        ({"kind": "cut_after", "method": "PATCH", "path": "sobjects/Lead", "count": 5},), shared=True, expect=_all_verified, last=_once_each
    ),
    "14 tasks": Case(({"kind": "cut_after", "method": "PATCH", "path": "composite/sobjects/Task"},), tasks=5),
    "15": Case(({"kind": "cut_before", "count": 2} | _COLLECTION,), expect=_all_verified, last=_once_each),
    "16": Case(({"kind": "zombie", "seconds": 240} | _COLLECTION,), expect=_no_newer_write_while_unknown, last=_once_each),
    "17": Case(
        (
            {
                "kind": "row_error",
                "path": "Lead/",
                "count": None,
                "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                "message": "no",
                "share": 0.3,
            },
        ),
        expect=_refused("FIELD_CUSTOM_VALIDATION_EXCEPTION"),
    ),
    "18 reordered": Case(({"kind": "shuffle_results"} | _COLLECTION,), expect=_all_verified, last=_once_each),
    "18 missing": Case(({"kind": "drop_results", "rows": 3} | _COLLECTION,), expect=_all_verified, last=_once_each),
    "19": Case(
        (
            {"kind": "bulk_delay", "seconds": 120},
            {"kind": "answer", "status": 503, "method": "GET", "path": "jobs/ingest/[^/]+$", "count": 5, "body": ""},
        ),
        leads=300,
        write_back={**_SMALL_BULK, "canary": agreement().write_back.canary.model_copy(update={"first": 5, "second": 5})},
        expect=_bulk_survives,
        last=_once_each,
    ),
    "20": Case(({"kind": "html", "status": 200} | _COLLECTION,), expect=_all_verified, last=_once_each),
    "20 refused": Case(({"kind": "html", "status": 503} | _COLLECTION,), expect=_all_verified, last=_once_each),
    "39 trimmed": Case(
        ({"kind": "rewrite_value", "object": "Lead", "field": "Score__c", "round": 1},), expect=_all_verified, last=_once_each
    ),
    "39 trigger": Case(
        ({"kind": "rewrite_value", "object": "Lead", "field": "Score__c", "value": 7777.0},),
        expect=_rewritten,
        rests=False,
        is_judged=False,
    ),
    "41": Case(
        ({"kind": "validation_rule", "object": "Lead", "field": "Score__c", "equals": 4.5, "message": "no"},),
        expect=_refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", 1),
    ),
    "44 before": Case(shared=True, meanwhile=lambda acme: acme.edit(lead_id(3), Note__c="typed"), expect=_human_wins),
    "44 between": Case(shared=True, meanwhile=_race, expect=_race_lost),
    "47": Case(
        ({"kind": "row_error", "path": "Lead/", "count": None, "code": "UNABLE_TO_LOCK_ROW", "message": "locked", "share": 0.1},),
        meanwhile=_parents,
        expect=_locks,
        last=_once_each,
    ),
    "52": Case(expect=_headers),
}
