"""What a wheel has to hold: every file of the package that the repository has."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SOURCE = ("alignment_pipeline", "pyproject.toml", "setup.cfg", "README.md", "LICENSE", "NOTICE", "MANIFEST.in")


def files() -> list[str]:
    """The package's files, as the repository lists them."""
    found = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "alignment_pipeline"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return sorted(name for name in found.stdout.splitlines() if (ROOT / name).is_file())


def missing_from(wheel: Path) -> list[str]:
    """Files of the package that the wheel does not hold."""
    with zipfile.ZipFile(wheel) as held:
        return sorted(set(files()) - set(held.namelist()))


def copied(folder: Path) -> Path:
    """The source as a release builds it: a copy, so that nothing is left behind here."""
    for name in _SOURCE:
        one = ROOT / name
        if one.is_dir():
            shutil.copytree(one, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif one.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(one, folder / name)
    return folder
