"""The write-back's commands: what they show, and their exit codes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alignment_pipeline.cli import main
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline_tests.write_back.office import Office, lead_id, office


@contextmanager
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An organisation, and the environment that points the command line at it."""
    with office(tmp_path, leads=30, base=time.time) as acme:
        path = tmp_path / "agreement.yaml"
        path.write_text(json.dumps(acme.agreement.model_dump(mode="json", exclude={"version"}, by_alias=True)))
        (acme.home / "journal.db").rename(acme.home / "journal.sqlite")
        acme.journal.close()
        settings = acme.sandbox.environment() | {"ALIGNMENT_HOME": str(acme.home), "ALIGNMENT_AGREEMENT": str(path)}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        acme.journal = type(acme.journal).open(str(acme.home / "journal.sqlite"), home=acme.home, clock=acme.clock)
        yield acme


def alignment(*arguments: str) -> Any:
    """Run a command; returns its JSON."""
    found = CliRunner().invoke(main.cli, [*arguments, "--json"], catch_exceptions=True)
    if isinstance(found.exception, AlignmentError):
        raise found.exception
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return json.loads(found.stdout)


def test_a_plan_is_shown_applied_audited_and_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as acme:
        for number in range(30):
            acme.want(lead_id(number), Score__c=number + 1)
        planned = acme.plan()

        listed = alignment("plan")["plans"]
        shown = alignment("plan", "show", planned.plan_hash[:10])
        done = alignment("apply", planned.plan_hash[:10], "--by", "tester")
        again = alignment("apply", planned.plan_hash[:10])
        told = alignment("audit", lead_id(3))
        undone = alignment("rollback", planned.plan_hash[:10], "--yes", "--by", "tester")

        assert [(row["hash"], row["state"]) for row in listed] == [(planned.plan_hash, "NEEDS_APPROVAL")]
        assert shown["verdict"] == "NEEDS_APPROVAL" and any("First fill" in check["text"] for check in shown["checks"])
        assert [(one["record_id"], one["label"], one["after"]) for one in shown["changes"][:1]] == [(lead_id(0), "Score__c", 1)]
        assert (len(shown["changes"]), shown["found"]) == (20, 30)
        assert (done["states"], done["allowed_by"], again["plan_state"]) == ({"VERIFIED": 30}, "tester", "DONE")
        assert [(one["state"], one["changes"]) for one in told["operations"]] == [("VERIFIED", {"Score__c": [None, 4]})]
        assert undone["applied"]["states"] == {"VERIFIED": 30} and acme.value(lead_id(3), "Score__c") is None


def test_holds_and_dead_letters_are_listed_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as acme:
        acme.edit(lead_id(0), Note__c="typed")
        acme.want(lead_id(0), Note__c="ours")
        acme.want(lead_id(1), Score__c=2)
        acme.fault("row_error", path=f"Lead/{lead_id(1)}", code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="no")
        acme.run()

        held = alignment("holds")["holds"]
        dead = alignment("dead-letters")["dead_letters"]
        assert [(one["record_id"], one["reason"], one["value_seen"]) for one in held] == [(lead_id(0), "FIRST_TOUCH", "typed")]
        assert [(one["record_id"], one["code"]) for one in dead] == [(lead_id(1), "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
        assert acme.plan().plan.ops == []
        assert alignment("holds", "--release", str(held[0]["hold_id"]), "--by", "tester") == {"released": 1}
        assert alignment("dead-letters", "--replay", "--code", "FIELD_CUSTOM_VALIDATION_EXCEPTION") == {"replayed": 1}
        assert sorted(op.record_id for op in acme.plan().plan.ops) == [lead_id(0), lead_id(1)]


def test_a_standing_approval_is_signed_and_revoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as acme:
        signed = alignment("approve", "--standing", "--most-records", "5", "--days", "2", "--by", "tester")

        assert (signed["most_records"], signed["org_id"]) == (5, acme.crm.organization_id)
        assert (acme.home / "approval.key").stat().st_mode & 0o777 == 0o600
        assert alignment("approve", "--standing", "--revoke") == {"revoked": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["apply", "nothing"], 2, "no plan"),
        (["audit", "00Q000000000001AAA"], 2, "has no entry"),
        (["holds", "--release", "99", "--by", "x"], 2, "not active"),
        (["dead-letters", "--replay"], 2, "say which"),
        (["rollback", "nothing1"], 2, "nothing to roll back"),
        (["approve", "--standing", "--days", "9000"], 2, "at most 30 days"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch), pytest.raises(AlignmentError, match=said) as raised:
        alignment(*arguments)
    assert raised.value.exit_code == code
