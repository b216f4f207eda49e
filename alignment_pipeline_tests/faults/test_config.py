"""Rows 10, 12, 32, 34, 48 to 51, 53, 55: what must stop a plan before its first write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.connectors.salesforce import crm
from alignment_pipeline.errors import AlignmentError, ApprovalRequired, ConfigurationError, Permanent
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.write_back.fields.shape import described_shapes
from alignment_pipeline.write_back.plans import approval, ops
from alignment_pipeline.write_back.plans import plan as plans
from alignment_pipeline.write_back.plans.source_health import SourceHealth
from alignment_pipeline.write_back.records import adopt
from alignment_pipeline.write_back.sending.marker import JournalLost
from alignment_pipeline_tests.faults.selection import chosen
from alignment_pipeline_tests.write_back.office import SIGNING_KEY, Office, connect, lead_id, office

LEADS = 60


def filled(acme: Office) -> None:
    """A first fill that was approved and applied, and a day gone by."""
    for number in range(LEADS):
        acme.want(lead_id(number), Score__c=10 + number, Stage__c="MQL" if number % 2 else "New Name")
    acme.run()
    acme.advance(days=1)


def _refused(acme: Office, said: str) -> None:
    """The plan is blocked, a person cannot lift it, and nothing was written."""
    before = len(acme.writes())
    planned = acme.plan()
    assert planned.state == "BLOCKED", planned.judgement.checks
    assert any(said in reason for reason in planned.judgement.reasons()), planned.judgement.reasons()
    with pytest.raises(ApprovalRequired, match="blocked"):
        planned.approve()
    with pytest.raises(ApprovalRequired):
        planned.apply()
    assert len(acme.writes()) == before


def _field_removed(acme: Office) -> None:
    acme.want(lead_id(0), Score__c=11)
    acme.fault("hide_field", object="Lead", field="Score__c")
    _refused(acme, "does not exist or is hidden")


def _type_changed(acme: Office) -> None:
    acme.want(lead_id(0), Score__c=11)
    acme.fault("change_field", object="Lead", field="Score__c", type="string", length=20)
    _refused(acme, "is of type string")


def _value_retired(acme: Office) -> None:
    acme.want(lead_id(0), Score__c=11)
    acme.fault("retire_value", object="Lead", field="Stage__c", value="MQL")
    _refused(acme, "no active value MQL")


def _removed_after_approval(acme: Office) -> None:
    acme.want(lead_id(0), Score__c=11)
    planned = acme.plan().approve()
    acme.fault("hide_field", object="Lead", field="Stage__c")
    before = len(acme.writes())
    with pytest.raises(ApprovalRequired, match="no longer fits"):
        planned.apply()
    assert len(acme.writes()) == before


def _read_only(acme: Office) -> None:
    acme.want(lead_id(0), Score__c=11)
    acme.fault("read_only_field", object="Lead", field="Score__c")
    _refused(acme, "read-only for the integration user")


def _source(rows: int) -> Callable[[Office], None]:
    def check(acme: Office) -> None:
        acme.want(lead_id(0), Score__c=11)
        planned = acme.plan(sources=[SourceHealth("raw_salesforce_lead", rows, [100, 101, 99, 100, 100, 100, 100])])
        assert planned.state == "BLOCKED"
        with pytest.raises(ApprovalRequired):
            planned.apply()

    return check


def _journal_lost(acme: Office) -> None:
    """Deleted: nothing is applied; adoption makes what the CRM holds the base, and holds what differs."""
    acme.journal.close()
    for path in acme.home.glob("journal.db*"):
        path.unlink()
    acme.journal = Journal.open(str(acme.home / "journal.db"), home=acme.home, clock=acme.clock)
    acme.want(lead_id(0), Score__c=500)
    acme.want(lead_id(1), Note__c="perhaps emptied by a person", Reason__c="new")
    planned = acme.plan().approve()
    before = len(acme.writes())
    with pytest.raises(JournalLost, match="replaced or lost"):
        planned.apply()
    assert len(acme.writes()) == before
    found = adopt.adopt(acme.journal, lambda: _build(acme), crm=acme.crm, agreement=acme.agreement)
    assert (found.fields, dict(found.holds), found.to_fill) == (2 * LEADS - 1, {"FIRST_TOUCH": 1, "HUMAN_EDIT": 1}, 1)
    done = acme.run()
    assert (
        done.states == {"VERIFIED": 1}
        and [acme.value(lead_id(1), name) for name in ("Note__c", "Reason__c")] == [None, "new"]
        and acme.value(lead_id(0), "Score__c") == 10
    )


def _old_backup(acme: Office) -> None:
    copy = {path: path.read_bytes() for path in acme.home.glob("journal.db*") if not path.name.endswith(".lock")}
    acme.want(lead_id(0), Score__c=10.5)
    acme.run()
    acme.journal.close()
    for path in acme.home.glob("journal.db*"):
        if not path.name.endswith(".lock"):
            path.unlink()
    for path, content in copy.items():
        path.write_bytes(content)
        path.chmod(0o600)
    acme.journal = Journal.open(str(acme.home / "journal.db"), home=acme.home, clock=acme.clock)
    acme.want(lead_id(0), Score__c=10.75)
    with pytest.raises(JournalLost, match="old copy"):
        acme.run()


def _build(acme: Office) -> Any:
    acme.extract()
    assert acme.snapshot is not None
    return plans.build(
        acme.journal,
        field_updates=acme.field_updates(),
        record_creates=acme.record_creates(),
        crm_field_values=acme.snapshot[0],
        crm_record_states=acme.snapshot[1],
        agreement=acme.agreement,
        shapes=described_shapes(acme.crm.describe_all(["Lead", "Contact", "Account", "Task"])),
        org_id=acme.crm.organization_id,
        as_of=acme.clock.now(),
        run_id="adopted",
    )


def _clock_off(acme: Office) -> None:
    for days in (1, -1):
        acme.want(lead_id(0), Score__c=10.1 + days / 100)
        planned = acme.plan().approve()
        number = acme.fault("headers", path="limits$", date_shift_seconds=86_400 * days)
        before = len(acme.writes())
        with pytest.raises(Permanent, match="clock differs"):
            planned.apply()
        assert len(acme.writes()) == before
        acme.world.faults.remove(number)


def _eighty_percent(acme: Office) -> None:
    for number in range(int(LEADS * 0.8)):
        acme.want(lead_id(number), Stage__c="Customer")
    _refused(acme, "48 of 60 records would change")


def _column_of_nulls(acme: Office) -> None:
    for number in range(LEADS):
        acme.want(lead_id(number), Score__c=None)
    _refused(acme, "values would be emptied")


def _other_organisation(acme: Office) -> None:
    acme.want(lead_id(0), Score__c=11)
    planned = acme.plan().approve()
    before = len(acme.writes())
    acme.crm.organization_id = "00D000000000099AAA"
    with pytest.raises(ConfigurationError, match="organisation"):
        planned.apply()
    session = connect(acme.sandbox, acme.clock)
    session.credentials = type(session.credentials)(**{**vars(session.credentials), "expected_organization_id": "00D000000000099AAA"})
    with pytest.raises(ConfigurationError, match="SALESFORCE_ORG_ID"):
        crm.crm(session)
    assert len(acme.writes()) == before


def _launched_by_anyone(acme: Office) -> None:
    """A run that anybody launched applies nothing that is not signed, and no more than a standing approval says."""
    acme.want(lead_id(0), Score__c=10.2)
    planned = acme.plan()
    assert planned.state == "DRAFT"
    with pytest.raises(ApprovalRequired, match="nobody approved"):
        planned.apply()
    with acme.journal.begin() as connection:
        forged = ops.PLAN.update().where(ops.PLAN.c.plan_hash == planned.plan_hash)
        connection.execute(
            forged.values(state="APPROVED", approved_by="x", approved_at="2026", expires_at="2999", approval_signature="0" * 9)
        )
    with pytest.raises(ApprovalRequired, match="not signed with this installation's key"):
        planned.apply()
    signed: dict[str, Any] = {
        "agreement_version": acme.agreement.version,
        "org_id": acme.crm.organization_id,
        "fields": {"Lead": ["Score__c", "Synced__c"]},
        "most_creates": 0,
        "most_cleared": 0,
        "days": 1,
        "by": "tester",
        "key": SIGNING_KEY,
        "numbers": acme.agreement.write_back.approvals,
    }
    approval.sign_standing(acme.journal, most_records=1, **signed)
    assert planned.apply().states == {"VERIFIED": 1}
    acme.want(lead_id(0), Score__c=13)
    acme.want(lead_id(1), Score__c=14)
    with pytest.raises(ApprovalRequired, match="allows 1 records in 24 hours, with this plan there are 2"):
        acme.plan().apply()
    acme.advance(days=2)
    with pytest.raises(ApprovalRequired, match="ran out"):
        acme.plan().apply()


def _mutations(acme: Office) -> None:
    """Each line of the field map changed: caught before the first write, or stopped within the canary's 25 records."""
    original = acme.agreement
    for place, mapping in enumerate(original.crm.fields[:4]):
        others: list[dict[str, Any]] = [
            {"field": "OwnerId"},
            {"field": "Lock__c"},
            {"field": "Nothing__c"},
            {"type": "datetime"},
            {"field": "Name"},
        ]
        for change in others:
            before = len(acme.writes())
            mutated = mapping.model_copy(update=change)
            fields = [mutated if number == place else one for number, one in enumerate(original.crm.fields)]
            section = original.crm.model_copy(update={"fields": fields})
            chosen_ = original.model_copy(update={"crm": section})
            acme.agreement = chosen_.model_copy(update={"version": loader.content_version(chosen_)})
            wanted = dict(acme.wanted)
            for number in range(LEADS):
                acme.wanted.pop(("Lead", lead_id(number), mapping.field), None)
                acme.want(lead_id(number), **{mutated.field: wanted.get(("Lead", lead_id(number), mapping.field), "x")})
            with contextlib.suppress(AlignmentError):
                acme.run()
            assert len(acme.writes()) - before <= 25, (mapping.field, change)
            acme.wanted, acme.agreement = wanted, original


ROWS: dict[str, Callable[[Office], None]] = {
    "10 field removed": _field_removed,
    "10 type changed": _type_changed,
    "10 value retired": _value_retired,
    "10 after approval": _removed_after_approval,
    "12 empty": _source(0),
    "12 thirty percent": _source(65),
    "32 lost": _journal_lost,
    "32 old backup": _old_backup,
    "34": _clock_off,
    "48": _eighty_percent,
    "49": _mutations,
    "50": _other_organisation,
    "51": _read_only,
    "53": _column_of_nulls,
    "55": _launched_by_anyone,
}


@pytest.mark.parametrize("name", chosen(ROWS, short=("10 after approval", "32 lost", "48", "55")))
def test_row(name: str, tmp_path: Path) -> None:
    with office(tmp_path, leads=LEADS) as acme:
        filled(acme)
        ROWS[name](acme)
