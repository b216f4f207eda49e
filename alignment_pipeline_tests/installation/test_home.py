"""What others can read or put in our place is refused, and nobody's modes are changed silently."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import FIRST_DAY, Home, first_day
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


@pytest.mark.parametrize("text", ["01.01.2025", "2025-13-01", "yesterday", "2025"])
def test_a_first_day_that_is_no_date_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{FIRST_DAY} is '{text}', which is no date; write it as 2025-01-31"):
        Home.from_env({FIRST_DAY: text})


@given(st.text(max_size=12))
def test_a_first_day_is_a_date_or_a_sentence(text: str) -> None:
    try:
        assert isinstance(first_day({FIRST_DAY: text}), date)
    except ConfigurationError as error:
        assert FIRST_DAY in str(error)


def test_a_first_day_that_is_no_date_leaves_the_code_location_with_its_schedules(tmp_path: Path) -> None:
    code = (
        "from alignment_pipeline.definitions import defs\n"
        "found = defs() if callable(defs) else defs\n"
        "print(len(list(found.resolve_all_job_defs())), len(found.schedules or []))"
    )
    environ = {**os.environ, FIRST_DAY: "01.01.2025", "ALIGNMENT_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=300, check=False)
    jobs, schedules = done.stdout.split()

    assert done.returncode == 0 and int(jobs) > 0 and int(schedules) > 0
