"""Row 55: a foreign web page launches runs on the real web server of Dagster, and nothing is written that nobody approved.

The server starts in a quarter of a minute and each run takes seconds, so this is part of `make faults` and not of `make test`, which
proves the same on the protocol (`test_config.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from alignment_pipeline.defs import jobs
from alignment_pipeline.defs.line_resource import AS_OF_TAG
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import write_back
from alignment_pipeline_tests.faults import kill, web_ui
from alignment_pipeline_tests.faults.selection import wants_all
from alignment_pipeline_tests.write_back.office import Planned

# importing the orchestrator warns of its own and of pydantic's old names
pytestmark = pytest.mark.filterwarnings("ignore")
LEADS = 12


@dataclass
class Target:
    """An organisation with a plan that nobody has signed, and what the web server's runs find."""

    arena: kill.Arena
    plan: Planned
    folder: Path

    def writes(self) -> int:
        return len(self.arena.office.writes())


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with kill.arena(tmp_path, 5, leads=LEADS, accounts=1, faults=0.0) as found:
        found.desire(1.0)
        planned = found.office.plan()
        assert planned.state == "NEEDS_APPROVAL"
        Home.from_env(found.environ).warehouse().replace("write_plans", write_back.plan_rows(found.office.journal))
        yield Target(found, planned, tmp_path / "dagster")


if wants_all():

    def test_row_55_what_a_foreign_page_launches_runs_and_writes_nothing(target: Target) -> None:
        asked = web_ui.question(jobs.DAILY, "crm_writes", **{AS_OF_TAG: "2031-01-01T00:00:00+00:00"})
        with web_ui.web_ui(target.folder, target.arena.environ) as server:
            answers = {name: answer.json()["data"]["launchRun"]["__typename"] for name, answer in web_ui.forged(server, asked).items()}
            assert set(answers.values()) == {"LaunchRunSuccess"}, "Dagster refuses such requests now: say so in docs/security.md"
            launched = len(answers)
            if web_ui.CHROMIUM:
                said = web_ui.visited(server, asked, target.folder)
                assert said == "sent; sent; sent; stopped by the browser"
                launched += said.count("sent")

            runs = server.ended(launched)

            assert len(runs) == launched and {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
            assert all("waits for approval" in note for note in server.told("crm_writes", "note"))
            assert target.writes() == 0

            target.plan.approve()
            web_ui.forged(server, asked, "image")
            server.ended(launched + 1)

        assert target.writes() == target.plan.plan.counts()["operations"], "signed outside Dagster, the same request writes the plan once"
        assert target.arena.broken() == []

    def test_row_55_a_read_only_web_server_launches_nothing_for_anybody(target: Target) -> None:
        target.plan.approve()
        with web_ui.web_ui(target.folder, target.arena.environ, "--read-only") as server:
            answers = web_ui.forged(server, web_ui.question(jobs.DAILY, "crm_writes"))

            assert {answer.json()["data"]["launchRun"]["__typename"] for answer in answers.values()} == {"UnauthorizedError"}
            assert server.runs() == [] and target.writes() == 0
