"""Decides scores, MQA and stages under an agreement from the tables of staging, identity and matching, without publishing anything.

Belongs here: the order in which the rules are called when the result is only compared (`alignment impact`) or kept as a day of the past
(`replay.py`). The published line is `defs/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.lifecycle.mqa import mqa_statuses
from alignment_pipeline.lifecycle.stages import account_stages, person_stages
from alignment_pipeline.scoring import (
    account_fits,
    account_scores,
    account_tiers,
    engagement,
    person_fits,
    person_scores,
    scored_activities,
)

GIVEN = (
    "activities", "people", "person_records", "person_accounts", "accounts", "opportunities", "opportunity_contact_roles", "leads",
    "record_changes", "users",
)  # fmt: skip


Hold = Callable[[str, ibis.Table], ibis.Table]


def in_memory(_: str, rows: ibis.Table) -> ibis.Table:
    """A rule's rows, worked out once."""
    return ibis.memtable(rows.to_pyarrow())


def decide(
    given: Mapping[str, ibis.Table], *, agreement: Agreement, as_of: datetime, overrides: ibis.Table | None = None, hold: Hold = in_memory
) -> dict[str, ibis.Table]:
    """Every table of scoring and lifecycle, by name, beside the tables of `GIVEN`. `hold` says where each is put, by its name."""
    scoring, scope = agreement.scoring, agreement.scope
    stamp = {"as_of": as_of, "agreement_version": agreement.version}
    t = dict(given)
    pilot = {"scope": scope, "users": t["users"]}

    def made(name: str, rule: Callable[..., ibis.Table], *sources: str, **options: object) -> None:
        t[name] = hold(name, rule(*(t[source] for source in sources), **options, **stamp))

    made("account_fits", account_fits.account_fits, "accounts", scoring=scoring)
    made("account_tiers", account_tiers.account_tiers, "accounts", "account_fits", scoring=scoring, overrides=overrides, **pilot)
    made("person_fits", person_fits.person_fits, "people", "person_accounts", "account_tiers", scoring=scoring)
    persons = ("people", "person_accounts", "accounts", "account_tiers", "person_fits")
    made(
        "scored_activities",
        scored_activities.scored_activities,
        *("activities", "people", "person_records", *persons[1:]),
        scoring=scoring,
        **pilot,
    )
    made("person_engagement_factors", engagement.person_engagement_factors, "scored_activities", scoring=scoring)
    made("person_scores", person_scores.person_scores, "person_engagement_factors", *persons, scoring=scoring, **pilot)
    made("account_engagement_factors", engagement.account_engagement_factors, "person_engagement_factors", scoring=scoring)
    made(
        "account_scores",
        account_scores.account_scores,
        *("account_engagement_factors", "person_scores", "account_tiers", "account_fits"),
        scoring=scoring,
    )
    judged = [t[name] for name in ("scored_activities", "person_fits", "accounts", "account_tiers", "opportunities")]
    # these rules fold in Python: their results are in memory already
    t |= mqa_statuses.account_mqa_tables(*judged, mqa=agreement.lifecycle.mqa, scoring=scoring, **stamp)  # type: ignore[arg-type]
    t |= person_stages.person_stage_tables(t, agreement=agreement, **stamp)  # type: ignore[arg-type]
    t |= account_stages.account_stage_tables(t, agreement=agreement, **stamp)  # type: ignore[arg-type]
    return t
