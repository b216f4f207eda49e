"""The wiring: everything loads, everything says whose it is, and nothing depends on a table that nobody makes."""

import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from alignment_pipeline import definitions as definitions_module
from alignment_pipeline.agreement import loader
from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs import jobs, launch, progress
from alignment_pipeline.defs.line import Line
from alignment_pipeline.defs.line_resource import AS_OF_TAG, LineResource
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.defs.specs import BLOCKING_GROUPS, CONTRACT_CHECK, table
from alignment_pipeline.errors import AnotherWriter, ConfigurationError, CredentialsRefused, QuotaExhausted, Retryable
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import lease
from alignment_pipeline.journal.journal import Journal

# importing the orchestrator warns of its own and of pydantic's old names
pytestmark = pytest.mark.filterwarnings("ignore")

# contracts whose table no asset publishes, and why
WITHOUT_ASSET: dict[str, str] = {
    "scored_activities": "worked out by the rules that read it; no run stores a row for every activity",
    "agreement_impacts": "made when somebody asks what a change of the agreement would move",
}
# assets that are no table of the contracts; the first two reach the outside
OUTWARD = {"crm_writes", "notifications"}
WITHOUT_CONTRACT = {*OUTWARD, "report", "weekly_pack", "quarterly_pack"}
# made once a day, since the past does not change with every run
LOOKING_BACK = {"mqa_backtest_terms", "mqa_backtests", "mql_backtest_terms", "mql_backtests"}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return definitions_module.defs()


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ALIGNMENT_CLOCK", raising=False)
    yield Home.from_env()


def test_the_definitions_load(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_every_table_has_an_asset_and_every_asset_a_table(specs: dict[str, dg.AssetSpec]) -> None:
    assert set(CONTRACTS) - set(specs) <= set(WITHOUT_ASSET)
    assert set(specs) - set(CONTRACTS) == WITHOUT_CONTRACT
    assert set(WITHOUT_ASSET) <= set(CONTRACTS)


def test_every_asset_says_what_it_is_and_whose(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        assert spec.description and spec.owners and spec.group_name and spec.kinds, name
        assert spec.group_name != "default", name
        assert all(owner.startswith("team:") for owner in spec.owners), name
        if name in CONTRACTS:
            contract = CONTRACTS[name]
            assert spec.description.startswith("One row per "), name
            assert (contract.group, [contract.owner]) == (spec.group_name, list(spec.owners)), name
            told = spec.metadata["dagster/column_schema"]
            assert [column.name for column in told.columns] == list(contract.names), name


def test_no_asset_depends_on_what_nobody_makes(specs: dict[str, dg.AssetSpec]) -> None:
    missing = {
        (name, dep.asset_key.to_user_string())
        for name, spec in specs.items()
        for dep in spec.deps
        if dep.asset_key.to_user_string() not in specs
    }
    assert set() == missing


def test_every_table_is_checked_and_a_wrong_value_for_the_crm_stops_the_line(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checks = {(key.asset_key.to_user_string(), key.name): graph.get(key).blocking for key in graph.asset_check_keys}
    for name, contract in CONTRACTS.items():
        if name not in WITHOUT_ASSET:
            assert (contract.group in BLOCKING_GROUPS) == checks[name, CONTRACT_CHECK], name


def test_the_run_writes_nothing_to_the_crm(definitions: dg.Definitions) -> None:
    def nodes(job: str) -> set[str]:
        return {key.to_user_string() for key in definitions.resolve_job_def(job).asset_layer.executable_asset_keys}

    assert nodes(jobs.DAILY) - nodes(jobs.RUN) == OUTWARD | LOOKING_BACK


def test_every_schedule_and_sensor_has_a_job_that_exists(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    names = {job.name for job in repository.get_all_jobs()}
    assert {schedule.job_name for schedule in repository.schedule_defs} <= names
    assert repository.schedule_defs


def test_the_moment_of_a_run_is_the_same_for_all_its_steps(tmp_path: Path) -> None:
    ticks = iter(range(100))
    clock = replace(Clock(moment=datetime(2026, 11, 20, tzinfo=UTC)), unix_time=lambda: float(next(ticks) * 60))
    home = Home(path=tmp_path / "home", environ={}, clock=clock)
    first, second, other = Line(home, "one", None), Line(home, "one", None), Line(home, "two", None)
    assert first.as_of == second.as_of
    assert first.as_of < other.as_of
    given = datetime(2026, 1, 1, tzinfo=UTC)
    assert given == Line(home, "one", given).as_of
    assert given == Line(home, "three", given).stamp["as_of"]


@pytest.mark.parametrize("is_command_line", [True, False])
def test_only_the_command_line_chooses_the_moment(home: Home, is_command_line: bool) -> None:
    wished, seen = datetime(2030, 1, 1, tzinfo=UTC), []

    @dg.asset(**table("queue_members", deps=[]))
    def step(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
        seen.append(line.open(context).as_of)
        return line.open(context).publish("queue_members", members("a"))

    with dg.DagsterInstance.ephemeral() as instance, progress.listening(print) if is_command_line else nullcontext():
        dg.materialize([step], instance=instance, resources={"line": LineResource()}, tags={AS_OF_TAG: wished.isoformat()})
    assert is_command_line == (seen == [wished])


def made(name: str, rows: pa.Table, deps: list[str]) -> dg.AssetsDefinition:
    """An asset as the wiring makes them."""

    @dg.asset(**table(name, deps=deps))
    def step(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
        return line.open(context).publish(name, rows)

    return step


def members(*users: str) -> pa.Table:
    return pa.table({"queue_id": ["q"] * len(users), "queue_name": ["Queue"] * len(users), "user_id": list(users)})


@pytest.mark.parametrize(("users", "runs_on"), [(("a", "b"), True), (("a", "a"), False)])
def test_a_repeated_key_stops_what_depends_on_the_table(home: Home, users: tuple[str, ...], runs_on: bool) -> None:
    holidays = CONTRACTS["crm_holidays"].empty()
    steps = [made("queue_members", members(*users), []), made("crm_holidays", holidays, ["queue_members"])]
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            steps,
            instance=instance,
            resources={"line": LineResource()},
            raise_on_error=False,
        )
    published = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
    assert runs_on == result.success
    assert ({"queue_members", "crm_holidays"} if runs_on else {"queue_members"}) == published
    assert runs_on == home.warehouse().exists("crm_holidays")
    (check,) = [one for one in result.get_asset_check_evaluations() if one.asset_key.to_user_string() == "queue_members"]
    assert runs_on == check.passed
    assert runs_on or "1 rows repeat the key" in (check.description or "")


def test_what_can_pass_is_tried_again_and_what_cannot_is_not() -> None:
    with pytest.raises(Retryable), recoverable():
        raise Retryable("busy")
    for error in (CredentialsRefused("no"), QuotaExhausted("enough"), ConfigurationError("what")):
        with pytest.raises(dg.Failure) as caught, recoverable():
            raise error
        assert (str(error), False) == (caught.value.description, caught.value.allow_retries)
    with pytest.raises(ZeroDivisionError), recoverable():
        raise ZeroDivisionError


def test_on_the_command_line_nothing_is_tried_again_behind_a_person_s_back() -> None:
    with pytest.raises(dg.Failure, match="busy"), progress.listening(lambda *_: None), recoverable():
        raise Retryable("busy")


def test_a_dagster_home_of_one_s_own_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    home = Home(path=tmp_path / "home", environ={"DAGSTER_HOME": str(own)}, clock=Clock())
    assert own == launch.instance_folder(home)
    assert [] == list(own.iterdir())
    with pytest.raises(ConfigurationError, match="DAGSTER_HOME"):
        launch.instance_folder(replace(home, environ={"DAGSTER_HOME": str(tmp_path / "nowhere")}))


def test_without_one_the_settings_lie_below_the_home(tmp_path: Path) -> None:
    folder = launch.instance_folder(Home(path=tmp_path / "home", environ={}, clock=Clock()))
    assert tmp_path / "home" / "dagster" == folder
    assert "enabled: false" in (folder / "dagster.yaml").read_text()


class Impatient(LineResource):
    """A line that does not wait for its turn."""

    TURN_SECONDS = 0.0


def test_a_run_that_dagster_starts_waits_for_its_turn_and_gives_it_back(home: Home) -> None:
    taken: list[bool] = []

    @dg.asset(**table("queue_members", deps=[]))
    def step(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
        made = line.open(context)
        with home.journal() as journal:
            taken.append(_is_taken(journal))
        return made.publish("queue_members", members("a"))

    def run() -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.ephemeral() as instance:
            return dg.materialize([step], instance=instance, resources={"line": Impatient()}, raise_on_error=False)

    with home.journal() as journal:
        with lease.acquire(journal, lease.RUN):
            refused = run()
        assert not refused.success and "AnotherWriter" in str(refused.get_step_failure_events()[0].step_failure_data.error)
        assert not home.warehouse().exists("queue_members") and taken == []

        assert run().success and taken == [True] and not _is_taken(journal)


def test_a_run_on_the_command_line_holds_the_turn_for_all_of_its_steps(home: Home) -> None:
    with home.journal() as journal, lease.acquire(journal, lease.RUN), pytest.raises(AnotherWriter):
        launch.launch(jobs.RUN, home=home)


def _is_taken(journal: Journal) -> bool:
    try:
        with lease.acquire(journal, lease.RUN):
            return False
    except AnotherWriter:
        return True


def test_the_meeting_s_page_is_due_at_the_agreed_time_of_the_fiscal_zone(
    definitions: dg.Definitions, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Monday 06:00 in Berlin is 05:00 UTC in winter and 04:00 in summer."""
    shipped = loader.default_path().read_text(encoding="utf-8")
    agreement = tmp_path / "agreement.yaml"
    agreement.write_text(shipped.replace("time_zone: UTC, period: quarter", "time_zone: Europe/Berlin, period: quarter"), encoding="utf-8")
    monkeypatch.setenv("ALIGNMENT_AGREEMENT", str(agreement))

    def asked(moment: datetime, name: str = "weekly_meeting_page") -> bool:
        context = dg.build_schedule_context(scheduled_execution_time=moment)
        return bool(definitions.resolve_schedule_def(name).evaluate_tick(context).run_requests)

    assert asked(datetime(2026, 11, 23, 5, 0, tzinfo=UTC)) and asked(datetime(2026, 7, 20, 4, 0, tzinfo=UTC))
    assert not asked(datetime(2026, 11, 23, 5, 15, tzinfo=UTC)) and not asked(datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    assert not asked(datetime(2026, 11, 24, 5, 0, tzinfo=UTC))
    # the first Monday of a quarter reviews the one before
    first = datetime(2027, 1, 4, 5, 0, tzinfo=UTC)
    assert [True, False, False] == [asked(first + timedelta(days=days), "quarterly_review_page") for days in (0, 7, 1)]
