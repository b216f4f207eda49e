"""Runs the lifecycle rules in their order, after the scoring rules, as the wiring does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.lifecycle import Lifecycle
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.lifecycle.mqa import mqa_statuses
from alignment_pipeline.lifecycle.stages import account_stages, person_stages
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.line import scores
from alignment_pipeline_tests.scoring.organisations import Organisation


@dataclass
class Crm:
    """Rows of the CRM tables that stages read, beside the organisation."""

    opportunities: list[dict[str, Any]] = field(default_factory=list)
    opportunity_contact_roles: list[dict[str, Any]] = field(default_factory=list)
    leads: list[dict[str, Any]] = field(default_factory=list)
    record_changes: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)


def mqas(
    made: Organisation, scoring: Scoring, lifecycle: Lifecycle, crm: Crm | None = None, *, as_of: datetime = NOW
) -> dict[str, ibis.Table]:
    """Scores and the two MQA tables."""
    t = scores(made, scoring, as_of=as_of)
    t["opportunities"] = table("opportunities", (crm or Crm()).opportunities)
    given = [t[name] for name in ("scored_activities", "person_fits", "accounts", "account_tiers", "opportunities")]
    parts = {"mqa": lifecycle.mqa, "scoring": scoring, "as_of": as_of, "agreement_version": "test"}
    return t | mqa_statuses.account_mqa_tables(*given, **parts)


def stages(made: Organisation, agreement: Agreement, crm: Crm | None = None, *, as_of: datetime = NOW) -> dict[str, ibis.Table]:
    """Everything, with stages of people and accounts."""
    crm = crm or Crm()
    t = mqas(made, agreement.scoring, agreement.lifecycle, crm, as_of=as_of)
    for name in ("opportunity_contact_roles", "leads", "record_changes", "users"):
        t[name] = table(name, getattr(crm, name))
    stamp = {"as_of": as_of, "agreement_version": "test"}
    t |= person_stages.person_stage_tables(t, agreement=agreement, **stamp)
    t |= account_stages.account_stage_tables(t, agreement=agreement, **stamp)
    return t
