"""`alignment erase --also-in`: shown, asked, deleted there, erased here."""

from __future__ import annotations

import json
from pathlib import Path

from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline_tests.connectors.served import served
from alignment_pipeline_tests.end_to_end.company import alignment
from alignment_pipeline_tests.operations.test_erase_elsewhere import ANN, Office, home_of, opened


def erase(office: Office, *arguments: str) -> tuple[int, str, str]:
    """The command, as somebody types it in this home."""
    environ = office.world.environment | {"ALIGNMENT_HOME": str(office.home.path)}
    said = alignment(environ, "erase", *arguments)
    return said.code, said.out, said.err


def test_nothing_is_deleted_anywhere_before_somebody_agrees(tmp_path: Path) -> None:
    with served(hubspot=HubSpotStore()) as world:
        office = opened(world, home_of(world, tmp_path))

        code, out, err = erase(office, ANN, "--also-in", "hubspot", "--json")

        assert (code, "--yes" in out + err) == (2, True), err
        assert (office.living(), office.knows_here()) == (["11", "12"], ["11", "12"])


def test_what_is_deleted_is_shown_and_counted(tmp_path: Path) -> None:
    with served(hubspot=HubSpotStore()) as world:
        office = opened(world, home_of(world, tmp_path))

        code, out, err = erase(office, ANN, "--also-in", "hubspot", "--yes")

        assert code == 0, err
        assert f"HubSpot has of {ANN}:\n  hubspot:11  no name, {ANN}" in err and "deleted in hubspot: 1" in out
        assert (office.living(), office.knows_here()) == (["12"], ["12"])
        code, out, err = erase(office, "hubspot:12", "--also-in", "hubspot", "--yes", "--json")
        assert (code, json.loads(out)["deleted_in_hubspot"], office.living()) == (0, 1, []), err


def test_without_the_option_no_system_is_touched(tmp_path: Path) -> None:
    with served(hubspot=HubSpotStore()) as world:
        office = opened(world, home_of(world, tmp_path))

        code, _, err = erase(office, ANN, "--yes")

        assert (code, office.living(), office.knows_here()) == (0, ["11", "12"], ["12"]), err


def test_the_two_options_exclude_each_other(tmp_path: Path) -> None:
    with served(hubspot=HubSpotStore()) as world:
        office = opened(world, home_of(world, tmp_path))

        assert erase(office, ANN, "--also-in", "hubspot", "--allow-again")[0] == 2
        assert office.living() == ["11", "12"]
