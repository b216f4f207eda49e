"""Keeping a plan: the same changes planned again are the same plan, unless they are judged worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.errors import ApprovalRequired
from alignment_pipeline.write_back.plans.source_health import SourceHealth
from alignment_pipeline_tests.write_back.office import lead_id, office

HEALTHY = SourceHealth("raw_salesforce_lead", 100, [100] * 7)
EMPTY = SourceHealth("raw_salesforce_lead", 0, [100] * 7)


@pytest.mark.parametrize("is_signed", [False, True])
def test_the_same_changes_judged_worse_lose_their_verdict_and_their_signature(is_signed: bool, tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        first = acme.plan(sources=[HEALTHY])
        if is_signed:
            first.approve()

        again = acme.plan(sources=[EMPTY])

        assert (again.plan_hash, again.state) == (first.plan_hash, "BLOCKED")
        with pytest.raises(ApprovalRequired, match="is blocked"):
            again.apply()
        assert acme.writes() == []


def test_when_the_source_is_back_the_plan_can_be_approved_and_written(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        for health in (HEALTHY, EMPTY):
            acme.plan(sources=[health])

        done = acme.plan(sources=[HEALTHY]).approve().apply()

        assert done.states == {"VERIFIED": 1}


def test_planned_again_and_judged_no_worse_it_keeps_its_signature(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.plan(sources=[HEALTHY]).approve()

        again = acme.plan(sources=[HEALTHY])

        assert again.state == "APPROVED" and again.apply().states == {"VERIFIED": 1}
