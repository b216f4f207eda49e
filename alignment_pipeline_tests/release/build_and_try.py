"""A release tried before it is one: built, checked, its parts listed, installed into an empty environment, and the small demo run from it.

    python -m alignment_pipeline_tests.release.build_and_try [--no-demo]

Wheel, sdist and SBOM lie in dist/ afterwards. Prints the size of the installation and how long the command line takes to start.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from alignment_pipeline_tests.release.wheel import ROOT, copied, missing_from

_SMALL = ("--accounts", "200", "--people", "800", "--activities", "6000")


def main(arguments: list[str]) -> int:
    """0 when the release does what it promises."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="alignment-release-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), cwd=copied(folder / "source"))
        run(sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(dist.iterdir())))
        wheel = next(dist.glob("*.whl"))
        left = missing_from(wheel)
        if left:
            raise SystemExit(f"{wheel.name} lacks {len(left)} files of the package: {left[:5]}")
        python = empty_environment(folder / "environment")
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements-server.lock"))
        before = megabytes(folder / "environment")
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", str(wheel))
        print(f"installed: {megabytes(folder / 'environment'):.0f} MB, of which {before:.0f} MB are other packages")
        run(sys.executable, "-m", "cyclonedx_py", "environment", str(python), "--of", "JSON", "-o", str(dist / "sbom.cdx.json"))
        parts = json.loads((dist / "sbom.cdx.json").read_text())["components"]
        print(f"dist/sbom.cdx.json: {len(parts)} components")
        alignment = str(Path(python).parent / "alignment")
        print(f"`alignment --help` in {seconds(alignment, '--help', cwd=folder):.2f} s, `import dagster` alone {importing(python):.2f} s")
        if "--no-demo" not in arguments:
            begun = time.monotonic()
            run(alignment, "demo", *_SMALL, cwd=folder)
            print(f"the small demo ran from the wheel in {time.monotonic() - begun:.0f} s")
    return 0


def empty_environment(folder: Path) -> str:
    """A new environment with pip and nothing else."""
    venv.create(folder, with_pip=True)
    return str(folder / "bin" / "python")


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command of the release; ends with its error."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("ALIGNMENT_")}
    done = subprocess.run(command, cwd=cwd or ROOT, env=environ | {"DAGSTER_DISABLE_TELEMETRY": "yes"}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ... ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def seconds(*command: str, cwd: Path) -> float:
    """The shortest of three runs."""
    found = []
    for _ in range(3):
        begun = time.perf_counter()
        run(*command, cwd=cwd)
        found.append(time.perf_counter() - begun)
    return min(found)


def importing(python: str) -> float:
    """What Dagster costs, which the command line does not import before it needs it."""
    return seconds(python, "-c", "import dagster", cwd=Path(python).parent)


def megabytes(folder: Path) -> float:
    """The size of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
