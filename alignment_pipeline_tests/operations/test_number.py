"""Where a number comes from: its definition, its value, and rows that add up to it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from alignment_pipeline.agreement import field_map
from alignment_pipeline.cli import main
from alignment_pipeline.clock import Clock
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import number, numbers
from alignment_pipeline.pipeline_metrics import pipeline_metrics, pipeline_movements
from alignment_pipeline_tests.pipeline_metrics import test_oracle
from alignment_pipeline_tests.staging.factories import account, contact, days_ago, staged

NOW = datetime(2026, 12, 10, 23, 59, 59, tzinfo=UTC)
SCORE, TIER = "Account.Alignment_Engagement_Points__c", "Account.Alignment_Tier__c"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two hundred random deals, and an account whose minutes are made of two factors."""
    found = Home(tmp_path_factory.mktemp("home"), {}, Clock(moment=NOW, unix=0.0, unix_time=lambda: 0.0))
    warehouse, agreement = found.warehouse(), found.agreement
    empty = {name: CONTRACTS[name].empty() for name in ("users", "accounts", "account_tiers")}
    for name, rows in empty.items():
        warehouse.replace(name, rows)
    warehouse.replace("opportunity_states", test_oracle.table())
    scoped = [warehouse.read(name) for name in empty]
    about: dict[str, Any] = {"fiscal": agreement.fiscal, "pipeline": agreement.pipeline, "as_of": NOW, "agreement_version": "v"}
    states = warehouse.read("opportunity_states")
    warehouse.replace("pipeline_movements", pipeline_movements.pipeline_movements(states, *scoped, **about))
    # the CRM of a company with one currency, whose rate doubled in July
    rates = [("USD", date.min, date(2026, 7, 1), 1.0), ("USD", date(2026, 7, 1), None, 2.0)]
    columns = ("currency", "starts_on", "ends_on", "units")
    rated = [dict(zip(columns, rate, strict=True)) | {"basis": "dated"} for rate in rates]
    warehouse.replace("currency_rates", pa.Table.from_pylist(rated, schema=CONTRACTS["currency_rates"].schema))
    made = [warehouse.read(name) for name in ("pipeline_movements", "users", "accounts", "account_tiers", "currency_rates")]
    warehouse.replace("pipeline_metrics", pipeline_metrics.pipeline_metrics(states, *made, **about))
    factors = [
        {"account_id": account(n), "factor": name, "contribution_micro": micro, "first_at": days_ago(2), "last_at": days_ago(1)}
        for n in (1, 2)
        for name, micro in (("Page visit", 1_500_000 * n), ("Demo request", 20_000_000))
    ]
    updates = [
        {"object": "Account", "record_id": account(n), "field": SCORE.partition(".")[2], "value": str(20 + 1.5 * n), "reason": "pages"}
        for n in (1, 2)
    ]
    warehouse.replace("account_engagement_factors", staged("account_engagement_factors", factors))
    warehouse.replace("field_updates", staged("field_updates", updates))
    return found


def of(home: Home, name: str, **asked: Any) -> number.Number:
    return number.number(home, home.warehouse(), name, **asked)


def scopes(home: Home, name: str) -> list[tuple[str, float]]:
    return [(row["scope"], row["value"]) for row in of(home, name).values]


@pytest.mark.parametrize("name", ["open_pipeline", "overdue_pipeline", "eligible_pipeline", "all_open_pipeline", "bookings"])
def test_the_deals_behind_a_sum_add_up_to_it_in_every_scope(home: Home, name: str) -> None:
    found = {scope: sum(filter(None, of(home, name, scope=scope).rows["amount_cents"].to_pylist())) for scope, _ in scopes(home, name)}

    assert dict(scopes(home, name)) == found
    assert len(found) > 1 and (found["all"] > 0 or name == "bookings")


@pytest.mark.parametrize("name", ["open_pipeline_at_crm_rates", "bookings_at_crm_rates"])
def test_a_sum_at_the_crms_rates_shows_the_rate_of_each_deal(home: Home, name: str) -> None:
    rows = {scope: of(home, name, scope=scope).rows for scope, _ in scopes(home, name)}

    assert dict(scopes(home, name)) == {scope: sum(filter(None, table["crm_cents"].to_pylist())) for scope, table in rows.items()}
    assert all(row["crm_units"] == (2.0 if row["close_on"] >= date(2026, 7, 1) else 1.0) for row in rows["all"].to_pylist())


def test_the_deals_behind_a_bridge_s_part_add_up_to_it(home: Home) -> None:
    parts = [one.name for one in numbers.catalogue(home.agreement) if one.name.startswith("bridge_")]

    found = {name: sum(of(home, name).rows["amount_cents"].to_pylist()) for name in parts}
    assert {name: of(home, name).values[0]["value"] for name in parts} == found
    assert len([amount for amount in found.values() if amount]) > 5


def test_a_ratio_is_explained_by_the_numbers_it_is_worked_out_from(home: Home) -> None:
    rows = {row["metric"]: row["value"] for row in of(home, "coverage").rows.to_pylist()}

    assert {"eligible_pipeline", "target", "bookings"} == rows.keys()


def test_the_rows_behind_a_field_of_a_record_add_up_to_it(home: Home) -> None:
    found = of(home, SCORE, record=account(1)[:15])

    assert "21.5" == found.values[0]["value"]
    assert 21.5 == sum(found.rows["contribution_micro"].to_pylist()) / 1_000_000
    assert {"21.5": 1, "23.0": 1} == {row["value"]: row["records"] for row in of(home, SCORE).rows.to_pylist()}


def test_every_value_that_a_field_may_hold_has_a_table_behind_it() -> None:
    allowed = [*get_args(field_map.PersonValue), *get_args(field_map.AccountValue)]

    assert [] == [value for value in allowed if value.partition(".")[2] not in numbers.BEHIND]


def test_a_number_of_the_weekly_page_asks_for_a_pack(home: Home) -> None:
    with pytest.raises(ConfigurationError, match="start with `alignment pack`"):
        of(home, "kept_in_time")


def test_every_field_of_the_agreement_and_every_metric_is_listed_with_an_existing_table(home: Home) -> None:
    listed = {one.name: one for one in numbers.catalogue(home.agreement)}

    assert {f"{one.object}.{one.field}" for one in home.agreement.crm.fields} <= listed.keys()
    assert set(home.warehouse().read("pipeline_metrics").metric.to_pyarrow().to_pylist()) <= listed.keys()
    # two numbers of the weekly page come from files that people keep
    kept_by_people = {"actions.csv", "disputes.csv and the CRM's dispute fields"}
    assert {one.table for one in listed.values()} <= CONTRACTS.keys() | kept_by_people
    assert [] == [one.name for one in listed.values() if not one.definition]


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("covrage", {}, "did you mean coverage"),
        ("xyzzy", {}, "`alignment number` lists all"),
        ("coverage", {"scope": "team:Moon"}, "has no scope 'team:Moon'; it has all"),
        (SCORE, {"record": contact(9)}, "has no value for a record"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(home: Home, name: str, asked: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        of(home, name, **asked)


def test_the_command_shows_definition_value_and_rows(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALIGNMENT_HOME", str(home.path))
    said = CliRunner().invoke(main.cli, ["number", "open_pipeline", "--rows", str(tmp_path / "rows.parquet")], standalone_mode=False)
    content = json.loads(CliRunner().invoke(main.cli, ["number", "open_pipeline", "--json"], standalone_mode=False).stdout)
    listed = json.loads(CliRunner().invoke(main.cli, ["number", "--json"], standalone_mode=False).stdout)

    assert said.exception is None and "Amount of open deals with a close date in the period" in said.stdout
    assert content["rows"][0].keys() == set(pq.read_table(tmp_path / "rows.parquet").column_names)
    assert {"coverage", TIER} <= {one["name"] for one in listed["numbers"]}
    assert isinstance(of(home, TIER).rows, pa.Table)
