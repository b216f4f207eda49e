"""Walks the rows of scoring and lifecycle over an organisation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.lifecycle import Lifecycle
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import published
from alignment_pipeline.line.steps import LIFECYCLE
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.line import inputs
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
    """The two MQA tables with scores of people, and what they follow from."""
    agreement = shipped().model_copy(update={"scoring": scoring, "lifecycle": lifecycle})
    return _decided(made, agreement, crm or Crm(), as_of, "account_mqa_changes", "account_mqa_statuses", "person_scores")


def stages(
    made: Organisation, agreement: Agreement, crm: Crm | None = None, *, as_of: datetime = NOW, also: tuple[str, ...] = ()
) -> dict[str, ibis.Table]:
    """Stages of people and accounts, what they follow from, and the tables named in `also`."""
    return _decided(made, agreement, crm or Crm(), as_of, *published(LIFECYCLE), *also)


def _decided(made: Organisation, agreement: Agreement, crm: Crm, as_of: datetime, *wanted: str) -> dict[str, ibis.Table]:
    given = inputs(made) | {name: table(name, rows) for name, rows in vars(crm).items()}
    agreement = agreement.model_copy(update={"version": "test"})
    return given | line.decide(wanted, given, agreement=agreement, as_of=as_of)
