"""`alignment demo` refuses a folder that is not for a demo before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline_tests.end_to_end.company import alignment


def test_a_folder_that_others_can_open_is_refused_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)  # whatever this machine's umask
    refused = alignment({"ALIGNMENT_HOME": str(home)}, "demo")
    assert 2 == refused.code and "is open to others" in refused.err and "chmod 700" in refused.err
    assert not list(home.iterdir())


@pytest.mark.parametrize("name", ["journal.sqlite", "notes.txt"])
def test_a_folder_with_something_else_in_it_is_never_touched(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / name).write_text("mine")
    refused = alignment({"ALIGNMENT_HOME": str(home)}, "demo")
    assert 2 == refused.code and "not a demo's" in refused.err
    assert "mine" == (home / name).read_text()
