"""`make interop` proves something or says loudly that it did not; it never passes by doing nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alignment_pipeline_tests.interop import run


def program(folder: Path, name: str, script: str) -> None:
    """A small executable in place of Node or npm."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("present", [(), ("node",), ("npm",)])
def test_without_node_or_npm_it_says_skipped_and_fails(
    present: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in present:
        program(tmp_path, name, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    code = run.main([])

    assert code == run.NOT_RUN != 0
    assert f"SKIPPED: {'npm' if 'node' in present else 'Node'} is missing" in capsys.readouterr().err


def test_an_old_node_and_a_failed_download_are_no_success_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path, "npm", "exit 1")
    program(tmp_path, "node", "echo v18.20.0")
    old = run.main(["--folder", str(tmp_path / "work")])
    program(tmp_path, "node", "echo v20.20.2")
    offline = run.main(["--folder", str(tmp_path / "work")])

    assert (old, offline) == (run.NOT_RUN, run.NOT_RUN)
    assert capsys.readouterr().err.count("SKIPPED") == 2


def test_the_lock_file_pins_every_package_by_hash_and_names_no_registry() -> None:
    lock = json.loads((run.HERE / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((run.HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert lock["packages"][""]["dependencies"] == wanted
    assert all(version[0].isdigit() for version in wanted.values())
    assert [name for name, entry in packages.items() if "integrity" not in entry or "resolved" in entry] == []
