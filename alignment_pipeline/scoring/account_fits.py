"""Fit of accounts with the ideal customer.

Belongs here: `account_fits`. The arithmetic of criteria: `fit.py`. What follows from fit: `account_tiers.py`.
"""

from __future__ import annotations

from datetime import datetime

import ibis

from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.scoring import ACCOUNT_FITS
from alignment_pipeline.contracts.shape import as_contract
from alignment_pipeline.scoring.fit import with_fit


def account_fits(accounts: ibis.Table, *, scoring: Scoring, as_of: datetime, agreement_version: str) -> ibis.Table:
    """One row per account of `accounts`."""
    rows = with_fit(accounts, scoring.fit.accounts, known_pct_at_least=scoring.fit.known_pct_at_least)
    return as_contract(rows, ACCOUNT_FITS, as_of=as_of, agreement_version=agreement_version)
