"""What assets say of their tables: which may follow what they read, and which never do."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from alignment_pipeline import definitions
from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs.line import Line
from alignment_pipeline.defs.specs import AUTOMATED_GROUPS
from alignment_pipeline.installation.home import Home
from alignment_pipeline.line.run import decide, maker
from alignment_pipeline_tests.scoring.factories import NOW, table
from alignment_pipeline_tests.scoring.line import inputs
from alignment_pipeline_tests.scoring.organisations import organisations

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


def test_what_six_rules_read_is_worked_out_once_in_a_run_until_its_tables_change(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, Clock(moment=NOW, unix=0.0, unix_time=lambda: 0.0))
    given = inputs(organisations(range(2))) | {"users": table("users", [])}
    fits = ("account_tiers", "person_fits")
    decided = decide((*fits, "scored_activities"), given, agreement=home.agreement, as_of=NOW)
    run = Line(home, "run", NOW)
    for name, rows in {**given, **{name: decided[name] for name in fits}}.items():
        run.warehouse.replace(name, rows)

    def scored(run: Line) -> pa.Table:
        walked = run.walk().along([maker("scored_activities")])
        return run.warehouse.connection.to_pyarrow(walked["scored_activities"].order_by("activity_id"))

    first, again = scored(run), scored(run)
    (folder,) = run.warehouse.spill.glob("held-*")
    assert 1 == len(list(folder.iterdir()))
    assert decided["scored_activities"].order_by("activity_id").to_pyarrow().to_pylist() == first.to_pylist() == again.to_pylist()

    fewer = run.read("activities").limit(3)
    run.warehouse.replace("activities", run.warehouse.connection.to_pyarrow(fewer))
    assert 3 == len(scored(run))

    del run
    gc.collect()
    assert not folder.exists()
