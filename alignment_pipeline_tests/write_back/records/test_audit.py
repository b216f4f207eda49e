"""The history of a record: what it says of values that are not the newest but current all the same."""

from __future__ import annotations

from pathlib import Path

from alignment_pipeline.agreement.write_back import Steps
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.records import audit
from alignment_pipeline_tests.write_back.office import lead_id, office


def test_a_value_within_its_step_counts_as_current(tmp_path: Path) -> None:
    with office(tmp_path, leads=3, steps=Steps(points=1, pct=10, refresh_days=14)) as acme:
        acme.want(lead_id(0), Score__c=40, Reason__c="a demo request", Stage__c="MQL")
        acme.run()
        wanted = {"Score__c": 39.2, "Reason__c": "39.2 minutes", "Stage__c": "Customer"}
        found = audit.audit(acme.journal, lead_id(0), wanted=wanted, rules=FieldRules(acme.agreement, {}))

    standing = {row["field"]: row.get("standing") for row in found["base"]}
    assert standing["Score__c"] == "current: 39.2 is within its step, and is written with the next change or refresh"
    assert str(standing["Reason__c"]).startswith("current: ") and standing["Stage__c"] == "differs: should be 'Customer'"


def test_without_decided_values_nothing_is_said_of_them(tmp_path: Path) -> None:
    with office(tmp_path, leads=3) as acme:
        acme.want(lead_id(0), Score__c=40)
        acme.run()

        assert all("standing" not in row for row in audit.audit(acme.journal, lead_id(0))["base"])
