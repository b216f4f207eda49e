"""What others can read or put in our place is refused, and nobody's modes are changed silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import doctor


def test_a_home_that_is_open_to_others_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "somebodys home"
    folder.mkdir()
    folder.chmod(0o755)

    with pytest.raises(ConfigurationError, match="open to others"):
        Home(folder, {}, Clock()).warehouse()
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_dot_env_that_others_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".env"
    path.write_text("SALESFORCE_CLIENT_SECRET=secret\n")
    path.chmod(0o644)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        Home.from_env()
    path.chmod(0o600)
    assert Home.from_env().environ["SALESFORCE_CLIENT_SECRET"] == "secret"


def test_a_symbolic_link_in_the_journals_place_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, Clock())
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"")
    home.path.mkdir(mode=0o700)
    (home.path / "journal.sqlite").symlink_to(other)

    with pytest.raises(ConfigurationError, match="symbolic link"):
        home.journal()
    assert other.read_bytes() == b""


def test_a_corrupt_pointer_is_moved_aside_by_the_doctor(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, Clock())
    warehouse = home.warehouse()
    folder = warehouse.root / "people"
    folder.mkdir()
    (folder / "CURRENT.json").write_text("{not json")

    found = [one for one in doctor.state(home) if one.subject == "warehouse"]
    assert [one.status for one in found] == ["fail"] and "doctor --repair" in found[0].fix

    assert [one.status for one in doctor.state(home, repair=True) if one.subject == "warehouse"] == ["warn"]
    assert not home.warehouse().exists("people")
