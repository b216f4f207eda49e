"""Tiers of target accounts: fit proposes, people decide.

Belongs here: `account_tiers`, the reading of the override file's rows, the pilot's accounts. Fit itself: `account_fits.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts import record_ids
from alignment_pipeline.contracts.scoring import ACCOUNT_TIERS
from alignment_pipeline.contracts.shape import as_contract, step
from alignment_pipeline.errors import RowsRefused
from alignment_pipeline.scoring import pilot, sentences

OVERRIDES_SCHEMA = pa.schema(
    [pa.field("account_id", pa.string(), nullable=False), pa.field("tier", pa.int64()), pa.field("override_reason", pa.string())]
)
_NO_OVERRIDES = OVERRIDES_SCHEMA.empty_table()


def account_tiers(
    accounts: ibis.Table,
    account_fits: ibis.Table,
    overrides: ibis.Table | None = None,
    users: ibis.Table | None = None,
    *,
    scoring: Scoring,
    scope: Scope | None = None,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per account. `overrides` has account_id, tier (null: no target), override_reason, each account once.

    `users` are asked when the pilot is one of reps.
    """
    asked = ibis.memtable(_NO_OVERRIDES) if overrides is None else overrides
    asked = asked.select(asked_account_id="account_id", override_tier="tier", override_reason="override_reason")
    base = accounts.inner_join(account_fits.select("account_id", "fit_score", "fit_reason"), "account_id")
    base = base.left_join(asked, base.account_id == asked.asked_account_id)
    proposed = _proposed(base, scoring)
    tiers = scoring.tiers
    has_override = proposed.asked_account_id.notnull()
    is_flagged = proposed.is_target_flagged.fill_null(False)
    flag_tier = ibis.least(proposed.proposed_tier.fill_null(tiers.flagged_tier), tiers.flagged_tier)
    # an org that has a target flag leaves most accounts unticked: only a tick says something, an empty box proposes nothing
    tier = ibis.cases((has_override, proposed.override_tier), (is_flagged, flag_tier), else_=proposed.proposed_tier)
    basis = ibis.cases(
        (has_override, "override"),
        (is_flagged, "crm_flag"),
        (proposed.fit_score.isnull(), "not_scored"),
        (proposed.proposed_tier.isnull(), "no_fit"),
        else_="fit",
    )
    decided = step(proposed, tier=tier, basis=basis)
    decided = step(decided, is_target=decided.tier.notnull(), tier_reason=sentences.sentence(_reason(decided)))
    weights = scoring.engagement.account_weights
    weight = ibis.cases(
        *[(decided.tier == number, ibis.literal(float(weights.get(f"tier_{number}", 1.0)))) for number in (1, 2, 3)],  # type: ignore[call-overload]
        else_=ibis.literal(float(weights.get("untiered", 1.0))),
    )
    decided = decided.mutate(account_weight=weight, is_in_scope=_is_in_scope(decided, scope or Scope(), users))
    return as_contract(decided, ACCOUNT_TIERS, as_of=as_of, agreement_version=agreement_version)


def _proposed(base: ibis.Table, scoring: Scoring) -> ibis.Table:
    """Tier by fit; where a tier is full, the next accounts by fit (then by id) fall to the tier below."""
    base = step(base, proposed_tier=ibis.null("int64"))
    for tier in scoring.tiers.by_fit:
        is_free = base.proposed_tier.isnull() & (base.fit_score >= tier.fit_at_least).fill_null(False)
        if tier.max_accounts is not None:
            order = [ibis.desc(ibis.ifelse(is_free, 1, 0)), ibis.desc(base.fit_score.fill_null(-1.0)), base.account_id]
            is_free = is_free & (ibis.row_number().over(ibis.window(order_by=order)) < tier.max_accounts)
        base = step(base, proposed_tier=ibis.ifelse(is_free, ibis.literal(tier.tier, type="int64"), base.proposed_tier))
    return base


def _reason(decided: ibis.Table) -> ibis.Value:
    by = ibis.cases(
        (decided.basis == "override", sentences.said("tier.by_list", why=decided.override_reason.fill_null("no reason given"))),
        (decided.basis == "crm_flag", sentences.said("tier.by_flag")),
        else_=ibis.literal(""),
    )
    chosen = ibis.ifelse(
        decided.tier.isnull(),
        sentences.said("tier.none", by=by),
        sentences.said("tier.target", tier=decided.tier.fill_null(0).cast("string"), by=by),
    )
    return chosen + ibis.literal(" ") + decided.fit_reason


def _is_in_scope(table: ibis.Table, scope: Scope, users: ibis.Table | None) -> ibis.Value:
    inside = pilot.is_inside(table, scope, users)
    if scope.tiers:
        inside = inside & table.tier.isin(list(scope.tiers)).fill_null(False)
    return inside


def overrides_from(rows: Iterable[Mapping[str, str | None]], *, name: str, lines: Iterable[int] | None = None) -> pa.Table:
    """Check rows of account_id (15 or 18 characters), tier, reason; an empty tier takes the account off the list. `lines` of the file."""
    by_account: dict[str, dict[str, object]] = {}
    problems: list[tuple[int, str]] = []
    for line, row in zip(lines or itertools.count(2), rows, strict=False):
        account_id = record_ids.long_form((row.get("account_id") or "").strip())
        tier = (row.get("tier") or "").strip()
        if not account_id:
            problems.append((line, "account_id is empty; the columns are account_id, tier, reason"))
            continue
        if tier not in ("", "1", "2", "3"):
            problems.append((line, f"tier {tier!r} is not 1, 2, 3 or empty (no target)"))
            continue
        if account_id in by_account:
            problems.append((line, f"account {account_id} is listed twice; keep one line"))
            continue
        reason = (row.get("reason") or "").strip() or None
        by_account[account_id] = {"account_id": account_id, "tier": int(tier) if tier else None, "override_reason": reason}
    if problems:
        raise RowsRefused(name, problems)
    return pa.Table.from_pylist(list(by_account.values()), schema=OVERRIDES_SCHEMA)
