"""What is signed is what is sent: a signature binds every operation, and only the command line's key makes one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from alignment_pipeline.errors import ApprovalRequired, ConfigurationError
from alignment_pipeline.journal import settings
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import OP, PLAN, STANDING_APPROVAL
from alignment_pipeline.write_back.plans import approval, keys
from alignment_pipeline.write_back.plans.approval import Standing
from alignment_pipeline_tests.write_back.office import CHECKING_KEY, SIGNING_KEY, Office, Planned, lead_id, office


def sign_standing(acme: Office, *, most_records: int) -> Standing:
    return approval.sign_standing(
        acme.journal,
        agreement_version=acme.agreement.version,
        org_id=acme.crm.organization_id,
        fields={"Lead": ["Score__c", "Reason__c", "Synced__c"], "Task": ["Status"]},
        most_records=most_records,
        most_creates=0,
        most_cleared=0,
        days=1,
        by="tester",
        key=SIGNING_KEY,
        numbers=acme.agreement.write_back.approvals,
    )


def _add(journal: Journal, planned: Planned) -> None:
    with journal.begin() as connection:
        row = connection.execute(select(OP).where(OP.c.plan_hash == planned.plan_hash).limit(1)).one()._asdict()
        del row["op_id"]
        connection.execute(insert(OP), row | {"op_key": "f" * 64, "record_id": lead_id(5)})


def _remove(journal: Journal, planned: Planned) -> None:
    with journal.begin() as connection:
        connection.execute(delete(OP).where(OP.c.record_id == lead_id(1)))


def _change(**values: Any) -> Callable[[Journal, Planned], None]:
    def change(journal: Journal, planned: Planned) -> None:
        with journal.begin() as connection:
            connection.execute(update(OP).where(OP.c.record_id == lead_id(1)).values(**values))

    return change


@pytest.mark.parametrize(
    "tamper",
    [
        _add,
        _remove,
        _change(after=json.dumps({"Score__c": 99})),
        _change(carried=json.dumps({"Reason__c": "another"})),
        _change(record_id=lead_id(5)),
        _change(is_shared=1),
    ],
    ids=["added", "removed", "another value", "another carried value", "another record", "another owner class"],
)
@pytest.mark.parametrize("is_interrupted", [False, True], ids=["fresh", "interrupted"])
def test_a_plan_with_an_operation_added_removed_or_changed_is_refused(
    tamper: Callable[[Journal, Planned], None], is_interrupted: bool, tmp_path: Path
) -> None:
    with office(tmp_path, leads=6) as acme:
        for number in range(3):
            acme.want(lead_id(number), Score__c=number + 1)
        planned = acme.plan().approve()
        if is_interrupted:
            acme.fault("row_error", path="Lead/", code="UNABLE_TO_LOCK_ROW", times=1)
            assert planned.apply(patience_seconds=0.0).plan_state == "APPLYING"
        written = len(acme.writes())

        tamper(acme.journal, planned)

        with pytest.raises(ApprovalRequired, match="operations were changed"):
            planned.apply()
        assert len(acme.writes()) == written


def test_a_plan_of_which_people_changed_values_meanwhile_goes_on_after_an_interruption(tmp_path: Path) -> None:
    with office(tmp_path, leads=2) as acme:
        acme.want(lead_id(0), Score__c=1, Note__c="ours")
        acme.want(lead_id(1), Score__c=2)
        planned = acme.plan().approve()
        acme.edit(lead_id(0), Note__c="typed by a person")
        acme.fault("row_error", path="Lead/", code="UNABLE_TO_LOCK_ROW", times=2)
        assert planned.apply(patience_seconds=0.0).plan_state == "APPLYING"

        done = planned.apply()

        assert done.plan_state == "DONE" and acme.value(lead_id(0), "Score__c") == 1
        assert acme.value(lead_id(0), "Note__c") == "typed by a person"


def test_a_standing_approval_counts_the_operations_and_not_what_a_column_says(tmp_path: Path) -> None:
    with office(tmp_path, leads=6) as acme:
        for number in range(6):
            acme.want(lead_id(number), Score__c=number + 1)
        acme.run()
        for number in range(6):
            acme.want(lead_id(number), Score__c=number + 51)
        planned = acme.plan()
        sign_standing(acme, most_records=5)
        with acme.journal.begin() as connection:
            stats = {"objects": {"Lead": {"records": 1, "created": 0, "cleared": 0, "fields": 1}}, "operations": 1}
            connection.execute(update(PLAN).where(PLAN.c.plan_hash == planned.plan_hash).values(stats=json.dumps(stats)))

        with pytest.raises(ApprovalRequired, match="it allows 5 records in 24 hours, with this plan there are 6"):
            planned.apply()


def test_a_revoked_standing_approval_does_not_come_back(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        sign_standing(acme, most_records=5)
        before = settings.get(acme.journal, "standing_approvals")
        assert len(approval.standing_approvals(acme.journal, CHECKING_KEY)) == 1

        assert approval.revoke_standing(acme.journal, SIGNING_KEY) == 1

        with acme.journal.begin() as connection:
            connection.execute(update(STANDING_APPROVAL).values(revoked_at=None))
        assert approval.standing_approvals(acme.journal, CHECKING_KEY) == {}
        # the list of before, restored with an old journal, is signed but older than one that was seen
        settings.put(acme.journal, "standing_approvals", before or "")
        assert approval.standing_approvals(acme.journal, CHECKING_KEY) == {}


def test_a_newer_full_plan_expires_what_older_ones_did_not_send(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.want_task(f"sla:{lead_id(1)}:first_touch", lead_id(1))
        older = acme.plan().approve()
        acme.advance(hours=1)
        acme.wanted.clear()
        acme.creates.clear()
        acme.want(lead_id(2), Score__c=3)
        acme.plan()

        with pytest.raises(ApprovalRequired, match="EXPIRED"):
            older.apply()
        assert acme.writes() == []


def test_a_plan_of_the_fast_lane_leaves_the_rest_of_a_waiting_one_as_it_was_signed(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.want(lead_id(1), Score__c=2)
        full = acme.plan().approve()
        acme.advance(minutes=1)
        del acme.wanted["Lead", lead_id(1), "Score__c"]
        fast = acme.plan(kind="fast").approve()

        assert (fast.apply().states, full.apply().states) == ({"VERIFIED": 1}, {"SUPERSEDED": 1, "VERIFIED": 1})


def test_a_plan_as_of_a_moment_that_has_not_come_cannot_be_applied(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        planned = acme.plan(as_of=acme.clock.now() + timedelta(days=1))

        assert planned.state == "BLOCKED"
        with pytest.raises(ApprovalRequired, match="later than now"):
            planned.approve()


def test_only_the_private_key_signs_and_the_public_one_checks(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    assert keys.checking_key(tmp_path, environ) is None

    key = keys.signing_key(tmp_path, environ)
    checking = keys.checking_key(tmp_path, environ)

    assert checking is not None and keys.is_signed(checking, ["plan"], keys.sign(key, ["plan"]))
    assert not keys.is_signed(checking, ["another"], keys.sign(key, ["plan"]))
    assert (tmp_path / "approval.key").stat().st_mode & 0o777 == 0o600
    assert key.private_bytes_raw().hex() not in (tmp_path / "approval.pub").read_text()
    (tmp_path / "approval.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        keys.signing_key(tmp_path, environ)
