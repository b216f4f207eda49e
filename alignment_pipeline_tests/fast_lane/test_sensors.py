"""The fast lane's sensors ask for one run that answers and one that stands by, under a key that says what it is for."""

from __future__ import annotations

import warnings
from pathlib import Path

import dagster as dg
import pytest

from alignment_pipeline.defs import fast_lane, sensors
from alignment_pipeline.defs.placement import HERE
from alignment_pipeline.fast_lane import lane
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.lease import acquire


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path))
    monkeypatch.setenv("MARKETO_DOMAIN", "127.0.0.1:9")
    return tmp_path


def evaluated(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(found, dg.RunRequest | dg.SkipReason)
    return found


def test_without_a_marketo_nothing_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MARKETO_DOMAIN", raising=False)
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(evaluated(sensors.fast_lane_runs(HERE), instance), dg.SkipReason)
        assert isinstance(evaluated(sensors.new_hand_raisers(HERE), instance), dg.SkipReason)


def test_the_same_evaluation_asks_for_the_same_run(configured: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first, again = (evaluated(sensors.fast_lane_runs(HERE), instance) for _ in range(2))

    assert isinstance(first, dg.RunRequest) and isinstance(again, dg.RunRequest)
    assert ("lane-after:first", "lane-after:first") == (first.run_key, again.run_key)


def test_while_a_loop_is_coming_no_look_starts_another(configured: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(fast_lane.hand_raises_job(HERE), status=dg.DagsterRunStatus.STARTING)

        assert isinstance(evaluated(sensors.new_hand_raisers(HERE), instance), dg.SkipReason)


def test_one_leads_and_one_stands_by(configured: Path) -> None:
    home = Home.from_env()
    with dg.DagsterInstance.ephemeral() as instance, home.journal() as journal, acquire(journal, lane.LEASE):
        second = evaluated(sensors.fast_lane_runs(HERE), instance)
        with acquire(journal, lane.STANDBY):
            third = evaluated(sensors.fast_lane_runs(HERE), instance)

    assert (type(second), type(third)) == (dg.RunRequest, dg.SkipReason)


def test_a_killed_run_is_replaced_before_dagster_knows_of_it(configured: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance, Home.from_env().journal() as journal:
        run = instance.create_run_for_job(fast_lane.hand_raises_job(HERE), status=dg.DagsterRunStatus.STARTED)
        with acquire(journal, lane.LEASE):
            found = evaluated(sensors.fast_lane_runs(HERE), instance)

    assert isinstance(found, dg.RunRequest)
    assert f"lane-after:{run.run_id}" == found.run_key


def test_a_loop_that_has_ended_is_started_again(configured: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(fast_lane.hand_raises_job(HERE), status=dg.DagsterRunStatus.SUCCESS)
        found = evaluated(sensors.fast_lane_runs(HERE), instance)

    assert isinstance(found, dg.RunRequest)
    assert f"lane-after:{run.run_id}" == found.run_key


def test_a_marketo_that_cannot_be_asked_is_said(configured: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        found = evaluated(sensors.new_hand_raisers(HERE), instance)

    assert isinstance(found, dg.SkipReason)
