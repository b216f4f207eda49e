"""The write-back's main way: plan, approve, apply, verify, and nothing the second time."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.errors import ApprovalRequired
from alignment_pipeline_tests.sync.office import account_id, lead_id, office


def test_a_plan_is_written_once_and_the_second_run_writes_nothing(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=12.5, Stage__c="MQL", Reason__c="two visits")
        acme.want(account_id(1), Score__c=3, Note__c="hello")

        first = acme.run()

        assert first.plan_state == "DONE" and first.states == {"VERIFIED": 2} and first.records_written == 2
        assert acme.value(lead_id(0), "Score__c") == 12.5 and acme.value(account_id(1), "Note__c") == "hello"
        assert acme.value(lead_id(0), "Synced__c") is not None
        before = len(acme.writes())
        acme.advance(hours=1)
        second = acme.plan()
        assert second.state == "DONE" and second.plan.ops == [] and len(acme.writes()) == before


def test_nothing_is_written_without_approval(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        planned = acme.plan()

        with pytest.raises(ApprovalRequired, match="nobody approved it"):
            planned.apply()

        assert acme.writes() == [] and planned.state == "NEEDS_APPROVAL"
