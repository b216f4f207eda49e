"""`alignment dev` says what is missing instead of serving nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.cli import demo, dev
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.operations import report


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("ALIGNMENT_HOME", "SALESFORCE_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_without_demo_and_without_a_crm_it_says_what_to_do(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="alignment demo"):
        dev._home()


def test_the_demos_home_in_this_folder_is_found(folder: Path) -> None:
    home = folder / demo.HOME
    home.mkdir()
    for name in (report.DEMO_MARK, demo.SANDBOX_STATE):
        (home / name).touch()

    assert home == dev._home().path


def test_a_configured_crm_needs_no_demo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_DOMAIN", "acme.my.salesforce.com")

    assert folder / ".alignment" == dev._home().path
