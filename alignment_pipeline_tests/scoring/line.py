"""Runs the scoring rules in their order over an organisation, as the wiring does.

Belongs here: the order of calls. The wiring of the product is in `defs/`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.scoring import (
    account_fits,
    account_scores,
    account_tiers,
    engagement,
    person_fits,
    person_scores,
    scored_activities,
)
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.organisations import Organisation


def inputs(made: Organisation) -> dict[str, ibis.Table]:
    """The input tables of an organisation."""
    return {name: table(name, getattr(made, name)) for name in ("accounts", "people", "person_records", "person_accounts", "activities")}


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
    made_tables = inputs(made)
    stamp = {"as_of": as_of, "agreement_version": "test"}
    t = dict(made_tables)
    pilot = {"scope": scope, "users": users}
    t["account_fits"] = account_fits.account_fits(t["accounts"], scoring=scoring, **stamp).cache()
    t["account_tiers"] = account_tiers.account_tiers(t["accounts"], t["account_fits"], overrides, scoring=scoring, **pilot, **stamp).cache()
    t["person_fits"] = person_fits.person_fits(t["people"], t["person_accounts"], t["account_tiers"], scoring=scoring, **stamp).cache()
    dims = [t[name] for name in ("people", "person_accounts", "accounts", "account_tiers", "person_fits")]
    t["scored_activities"] = scored_activities.scored_activities(
        t["activities"], dims[0], t["person_records"], *dims[1:], scoring=scoring, **pilot, **stamp
    ).cache()
    t["activity_exclusions"] = scored_activities.activity_exclusions(t["scored_activities"], **stamp)
    t["person_engagement_factors"] = engagement.person_engagement_factors(t["scored_activities"], scoring=scoring, **stamp).cache()
    t["person_scores"] = person_scores.person_scores(t["person_engagement_factors"], *dims, scoring=scoring, **pilot, **stamp).cache()
    t["account_engagement_factors"] = engagement.account_engagement_factors(
        t["person_engagement_factors"], scoring=scoring, **stamp
    ).cache()
    t["account_scores"] = account_scores.account_scores(
        t["account_engagement_factors"], t["person_scores"], t["account_tiers"], t["account_fits"], scoring=scoring, **stamp
    ).cache()
    return t
