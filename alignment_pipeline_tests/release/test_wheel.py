"""The wheel holds the whole package, and the release files say the same as it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alignment_pipeline_tests.release.wheel import ROOT, copied, missing_from


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", command, str(folder)], cwd=copied(folder / "source"), check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package_and_none_of_the_tests(wheel: Path) -> None:
    assert [] == missing_from(wheel)
    with zipfile.ZipFile(wheel) as held:
        assert not [name for name in held.namelist() if name.startswith("alignment_pipeline_tests")]
        (entry_points,) = [name for name in held.namelist() if name.endswith("entry_points.txt")]
        said = held.read(entry_points).decode()
    assert "[dagster_dg_cli.registry_modules]\nalignment_pipeline = alignment_pipeline" in said


def test_a_release_is_published_without_a_stored_token() -> None:
    workflow = YAML(typ="safe").load((ROOT / ".github/workflows/release.yml").read_text())
    publish = workflow["jobs"]["publish"]
    assert {"id-token": "write"} == publish["permissions"] and "pypi" == publish["environment"]["name"]
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()
    assert ["build"] == [publish["needs"]]
