"""`alignment agreement` shows where values come from and explains keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from alignment_pipeline.cli import agreement as command
from alignment_pipeline.errors import ConfigurationError


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text("extends: default\nname: Mine\nmatching:\n  match_confidence: 0.9\n", encoding="utf-8")
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALIGNMENT_AGREEMENT", str(path))
    return path


def run(*arguments: str) -> str:
    found = CliRunner().invoke(command.agreement, list(arguments), standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.output


def test_the_difference_is_shown_with_its_line(mine: Path) -> None:
    assert f"matching.match_confidence: 0.52 -> 0.9  # {mine}:4" in run("show", "--diff").splitlines()


def test_the_whole_is_shown_with_sources(mine: Path) -> None:
    lines = run("show").splitlines()

    assert f"  match_confidence: 0.9  # {mine}:4" in lines
    assert any(line.startswith("  review_confidence: 0.2  # default.yaml:") for line in lines)


def test_a_key_is_explained_with_range_value_and_what_it_changes(mine: Path) -> None:
    said = run("explain-key", "matching.match_confidence")

    for part in ("at least 0, at most 1", f"= 0.9  # {mine}:4", "lead_account_matches"):
        assert part in said


def test_a_key_of_a_list_is_explained_with_all_its_values() -> None:
    found = json.loads(run("explain-key", "scoring.engagement.rules[Page visit].points", "--json"))

    assert "scoring.engagement.rules[].points" == found["key"]["path"]
    assert len(found["values"]) > 5


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"no key 'half_life_days'; did you mean scoring\.engagement\.decay\.half_life_days\?"):
        run("explain-key", "half_life_days")
