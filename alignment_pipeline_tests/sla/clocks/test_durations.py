"""Targets of weeks and months fall due as those of minutes do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline_tests.sla.factories import World, at, rows_of


@pytest.mark.parametrize(("days", "state"), [(23, "pending"), (26, "at_risk"), (31, "breached"), (300, "breached")])
def test_an_accepted_lead_that_does_not_move_on_breaches_after_thirty_days(sla: Sla, crm: Crm, days: int, state: str) -> None:
    accepted = at("2026-01-12T10:00:00")
    world = World().lead().stage(accepted, "Sales Lead")

    found = [
        row for row in rows_of(world.ledger(sla, crm, accepted + timedelta(days=days)).clocks) if row["policy"] == "post_accept_ageing"
    ]

    assert [(row["due_at"], row["state"]) for row in found] == [(accepted + timedelta(days=30), state)]
