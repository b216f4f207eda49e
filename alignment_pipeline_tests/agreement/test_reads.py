"""Every key of the agreement is read by the program: a setting that changes nothing misleads whoever sets it."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import alignment_pipeline
from alignment_pipeline import agreement
from alignment_pipeline.agreement.section import Section
from alignment_pipeline_tests.agreement import reads

ROOT = Path(alignment_pipeline.__file__).parents[1]
# large packages whose types add nothing here
_SKIPPED = "duckdb.*,pyarrow.*,ibis.*,pandas.*,dagster.*,sqlalchemy.*,numpy.*,apprise.*,holidays.*"
CONFIGURATION = f"""[mypy]
plugins = pydantic.mypy, {reads.__name__}
check_untyped_defs = True
ignore_missing_imports = True
[mypy-{_SKIPPED}]
follow_imports = skip
"""


def sections() -> list[type[Section]]:
    """Every section of the agreement."""
    for module in pkgutil.iter_modules(agreement.__path__, f"{agreement.__name__}."):
        importlib.import_module(module.name)
    classes = [Section]
    for one in classes:
        classes += one.__subclasses__()
    return [one for one in classes if one.__module__.startswith(f"{agreement.__name__}.") and one is not Section]


def unread(reads_: set[str]) -> list[str]:
    """Keys that nothing reads, as Section.key."""
    return sorted(
        f"{one.__name__}.{key}"
        for one in sections()
        for key in one.model_fields
        if not any(f"{base.__module__}.{base.__name__}.{key}" in reads_ for base in one.__mro__)
    )


@pytest.fixture(scope="module")
def all_reads(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Class and key of each access in the package, from mypy's types: equal names in other classes do not count."""
    configuration = tmp_path_factory.mktemp("mypy") / "mypy.ini"
    configuration.write_text(CONFIGURATION)
    command = [sys.executable, "-m", "mypy", "--config-file", str(configuration), "--no-incremental", "alignment_pipeline"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert not done.stderr, done.stderr
    return {line.removeprefix(reads.MARK) for line in done.stdout.splitlines() if line.startswith(reads.MARK)}


def test_every_key_of_the_agreement_is_read(all_reads: set[str]) -> None:
    assert unread(all_reads) == []


def test_a_key_that_nothing_reads_is_noticed(all_reads: set[str]) -> None:
    key = "alignment_pipeline.agreement.write_back.Canary.first"
    assert key in all_reads
    assert unread(all_reads - {key}) == ["Canary.first"]
