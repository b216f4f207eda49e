"""What assets say of their tables: which may follow what they read, and which never do."""

from __future__ import annotations

import warnings

import dagster as dg
import pytest

from alignment_pipeline import definitions
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs.line import AUTOMATED_GROUPS

# importing the orchestrator warns of its own and of pydantic's old names
pytestmark = pytest.mark.filterwarnings("ignore")


def test_what_decides_may_follow_and_what_reaches_outside_never_does() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        specs: dict[str, dg.AssetSpec] = {spec.key.to_user_string(): spec for spec in definitions.defs().resolve_all_asset_specs()}
    automated = {name for name, spec in specs.items() if spec.automation_condition is not None}
    assert {name for name in automated if CONTRACTS[name].group not in AUTOMATED_GROUPS} == set()
    assert {"accounts", "account_scores", "sla_clocks"} <= automated
    assert not {"crm_writes", "notifications", "write_plans", "write_results", "raw_salesforce_leads", "report"} & automated
    for name in automated:
        assert "all_deps_blocking_checks_passed" in str(specs[name].automation_condition).lower(), name
