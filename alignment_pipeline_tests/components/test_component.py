"""The component in a project laid out as `dg` makes one: it loads beside foreign assets, its lineage is whole, and it runs."""

from __future__ import annotations

import configparser
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.core import package_entry
from dagster.components.core.component_tree import ComponentTreeException

import alignment_pipeline
from alignment_pipeline import definitions as own
from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.installation.home import Home
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline_tests.components import project
from alignment_pipeline_tests.connectors.loaded import shapes
from alignment_pipeline_tests.line.raw_tables import raw_tables

# importing the orchestrator warns of its own and of pydantic's old names
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project.write(tmp_path)


def keys(definitions: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}


def test_dg_finds_the_component_by_its_entry_point() -> None:
    assert "AlignmentComponent" in dict(package_entry.get_package_objects_in_module(alignment_pipeline))
    # what an installed wheel registers is tested with the wheel (repository/test_release.py)
    declared = configparser.ConfigParser()
    declared.read(Path(__file__).parents[2] / "setup.cfg", encoding="utf-8")
    assert "alignment_pipeline = alignment_pipeline" in declared["options.entry_points"][package_entry.DG_PLUGIN_ENTRY_POINT_GROUP]


def test_what_is_scaffolded_loads_as_it_is(folder: Path, tmp_path: Path) -> None:
    agreement = folder / "agreement.yaml"
    assert loader.load(agreement).version == loader.load(loader.default_path()).version
    with project.loaded(tmp_path) as found:
        dg.Definitions.validate_loadable(found)


def test_all_assets_and_checks_are_there_and_lineage_is_whole(folder: Path, tmp_path: Path) -> None:
    project.attributes(folder, upstream={"raw_salesforce_leads": ["fivetran/salesforce/lead"]})
    with project.loaded(tmp_path) as found:
        graph = found.resolve_asset_graph()
        ours = {name for name in keys(found) if name.startswith("alignment/")}

        assert {f"alignment/{name}" for name in keys(own.defs())} == ours
        assert {"fivetran/salesforce/lead", "territory_plan"} == keys(found) - ours
        undefined = [key for key in graph.get_all_asset_keys() if not graph.get(key).is_executable]
        assert [] == undefined
        assert dg.AssetKey(["fivetran", "salesforce", "lead"]) in graph.get(dg.AssetKey(["alignment", "raw_salesforce_leads"])).parent_keys
        assert dg.AssetKey(["territory_plan"]) in graph.get(dg.AssetKey(["alignment", "account_scores"])).child_keys
        checks = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys}
        assert {(key.asset_key.path[-1], key.name) for key in own.defs().resolve_asset_graph().asset_check_keys} == checks


def test_jobs_touch_nobody_else_s_assets_and_names_do_not_clash(folder: Path, tmp_path: Path) -> None:
    project.attributes(folder, schedules={"daily": "0 6 * * *", "incremental": None}, group="revenue")
    with project.loaded(tmp_path) as found:
        repository = found.get_repository_def()
        daily = found.resolve_job_def("alignment_daily").asset_layer.executable_asset_keys

        assert {"alignment"} == {key.path[0] for key in daily}
        assert {"daily", "alignment_daily", "alignment_run", "alignment_tidy"} <= {job.name for job in repository.get_all_jobs()}
        crons = {one.job_name: one.cron_schedule for one in repository.schedule_defs}
        assert "0 6 * * *" == crons["alignment_daily"] and "alignment_incremental" not in crons
        groups = {spec.group_name for spec in found.resolve_all_asset_specs() if spec.key.path[0] == "alignment"}
        assert {"revenue"} == groups


@pytest.mark.parametrize("is_on", [True, False])
def test_tables_follow_what_they_read_only_where_the_project_wants_it(folder: Path, tmp_path: Path, is_on: bool) -> None:
    project.attributes(folder, automation=is_on)
    with project.loaded(tmp_path) as found:
        automated = {spec.key.path[-1] for spec in found.resolve_all_asset_specs() if spec.automation_condition is not None}
    assert is_on == ({"accounts", "person_scores", "sla_clocks"} <= automated)
    assert not {"raw_salesforce_leads", "write_plans", "crm_writes", "notifications"} & automated


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"connectors": ["pardot"]}, "attributes.connectors: 'pardot' is none of"),
        ({"schedules": {"weekly": "0 0 * * 0"}}, "attributes.schedules: 'weekly' is none of"),
        ({"extraction": {"salesforce": {"tool": "stitch"}}}, "there is no mapping 'stitch' of salesforce"),
        ({"extraction": {"salesforce": {"tool": "dlt", "url": "postgresql://me:secret@db/raw"}}}, "holds a password"),
        ({"upstream": {"leads": ["x"]}}, "attributes.upstream: 'leads' is none of"),
    ],
)
def test_a_wrong_attribute_is_named(folder: Path, tmp_path: Path, changed: dict[str, object], said: str) -> None:
    project.attributes(folder, **changed)
    with pytest.raises(ComponentTreeException) as caught, project.loaded(tmp_path) as found:
        found.get_repository_def()
    chain: list[str] = []
    error: BaseException | None = caught.value
    while error is not None:
        chain.append(str(error))
        error = error.__cause__ or error.__context__
    assert any(said in text for text in chain), chain


@pytest.mark.slow
def test_it_runs_beside_the_others(folder: Path, tmp_path: Path) -> None:
    """From tables that Fivetran loaded to accounts, with an asset before and one after in the same run."""
    place = shapes.fivetran(raw_tables(generate(seed=7, accounts=100, people=500, activities=2500)), tmp_path / "fivetran")
    project.attributes(folder, extraction={"salesforce": {"tool": "fivetran", "url": place, "keys": "fivetran/salesforce/{table}"}})
    ours = [*(stream.table for stream in SALESFORCE.streams), "contacts", "opportunity_stage_changes", "opportunities", "accounts"]
    foreign = [dg.AssetKey(["fivetran", "salesforce", "lead"]), dg.AssetKey(["territory_plan"])]
    with project.loaded(tmp_path) as found, dg.DagsterInstance.ephemeral() as instance:
        leads = found.resolve_asset_graph().get(dg.AssetKey(["alignment", "raw_salesforce_leads"]))
        assert foreign[0] in leads.parent_keys
        result = found.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[*(dg.AssetKey(["alignment", name]) for name in ours), *foreign],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

        made = {event.asset_key for event in result.get_asset_materialization_events() if event.asset_key}
        assert {*(dg.AssetKey(["alignment", name]) for name in ours), *foreign} == made
        assert all(check.passed for check in result.get_asset_check_evaluations())
        # the component's home, not the environment's
        warehouse = Home.from_env({"ALIGNMENT_HOME": str(tmp_path / ".alignment")}).warehouse()
        assert warehouse.read("accounts").count().to_pyarrow().as_py() > 50
        assert {"loaded"} <= set(warehouse.read("extractions").method.to_pyarrow().to_pylist())
