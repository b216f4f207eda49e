"""Walks the scoring rows of the line over an organisation."""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import published
from alignment_pipeline.line.steps import SCORING
from alignment_pipeline_tests.scoring.agreements import shipped
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.organisations import Organisation


def inputs(made: Organisation) -> dict[str, ibis.Table]:
    """The input tables of an organisation."""
    names = ("accounts", "people", "person_records", "record_periods", "person_accounts", "person_account_periods", "activities")
    return {name: table(name, getattr(made, name)) for name in names}


def scores(
    made: Organisation,
    scoring: Scoring,
    *,
    scope: Scope | None = None,
    users: ibis.Table | None = None,
    as_of: datetime = NOW,
    overrides: ibis.Table | None = None,
) -> dict[str, ibis.Table]:
    """Every table of scoring, by name, with the inputs among them."""
    agreement = shipped().model_copy(update={"scoring": scoring, "scope": scope or Scope(), "version": "test"})
    given = inputs(made) | {"users": table("users", []) if users is None else users, line.TARGET_LIST: overrides}
    return given | line.decide(published(SCORING), given, agreement=agreement, as_of=as_of)
