"""Opportunities, their stage history and the people in them."""

from __future__ import annotations

import ibis
from ibis import _

from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.staging import money, values
from alignment_pipeline.staging.inputs import add_inputs
from alignment_pipeline.staging.sources import typed


def opportunity_stage_changes(current: ibis.Table, *, stages: ibis.Table) -> ibis.Table:
    """One row per change of an opportunity, from the current versions of the stage history and of OpportunityStage.

    A stage that the CRM has retired and no longer lists counts as open.
    """
    base = typed(current, "raw_salesforce_opportunity_stages_over_time")
    labels = (
        stages.select(
            label=ibis.coalesce(_.MasterLabel, _.ApiName),
            stage_closed=_.IsClosed.lower() == "true",
            stage_won=_.IsWon.lower() == "true",
        )
        .group_by("label")
        .agg(stage_closed=_.stage_closed.any(), stage_won=_.stage_won.any())
    )
    joined = base.left_join(labels, base.stage == labels.label)
    return joined.mutate(is_closed=_.stage_closed.fill_null(False), is_won=_.stage_won.fill_null(False)).select(
        *CONTRACTS["opportunity_stage_changes"].names
    )


def opportunities(
    current: ibis.Table, *, opportunity_stage_changes: ibis.Table, crm: Crm, currencies: Currencies, fiscal: Fiscal
) -> ibis.Table:
    """One row per living opportunity, from the current versions of raw_salesforce_opportunities.

    It closed at the first closed change after its last open one; without history, at the start of its close date. Its amount is in the
    company's currency; an amount in a currency without a rate counts as none.
    """
    base = add_inputs(typed(current, "raw_salesforce_opportunities"), object_="Opportunity", meanings=("loss_reason",), crm=crm)
    history = opportunity_stage_changes
    last_open = history.filter(~_.is_closed).group_by("opportunity_id").agg(last_open_at=_.changed_at.max())
    closings = history.filter(_.is_closed).left_join(last_open, "opportunity_id", rname="{name}_open")
    first_closed = (
        closings.filter(_.last_open_at.isnull() | (_.changed_at > _.last_open_at))
        .group_by("opportunity_id")
        .agg(history_closed_at=_.changed_at.min())
    )
    joined = base.left_join(first_closed, "opportunity_id", rname="{name}_closed")
    closed = _.is_closed.fill_null(False)
    currency = money.code(values.custom(joined, crm.currency_field), currencies)
    return joined.mutate(
        amount_usd=joined.amount_usd / money.units(currency, joined.close_on, currencies=currencies, fiscal=fiscal),
        is_closed=closed,
        is_won=_.is_won.fill_null(False),
        closed_at=ibis.ifelse(
            closed, ibis.coalesce(_.history_closed_at, _.close_on.cast("timestamp('UTC')")), ibis.null("timestamp('UTC')")
        ),
    ).select(*CONTRACTS["opportunities"].names)


def opportunity_contact_roles(current: ibis.Table) -> ibis.Table:
    """One row per living contact role."""
    base = typed(current, "raw_salesforce_opportunity_contact_roles")
    return base.mutate(is_primary=_.is_primary.fill_null(False)).select(*CONTRACTS["opportunity_contact_roles"].names)
