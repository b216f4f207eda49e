"""`make interop`: clients and tools from npm, unmodified, against the sandbox. Run as `python -m alignment_pipeline_tests.interop.run`.

jsforce drives the embedded Salesforce under its vendor host names (TLS, CONNECT proxy); Salesforce's own library converts the
metadata package from source to metadata format offline. Exit code 0 when all passed, 1 when something failed, 4 when Node or npm
is missing or the packages cannot be fetched: nothing was proven then, and it says so loudly.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.tls.gateway import Gateway
from alignment_pipeline.sandbox.world import World, sandbox_clock

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "alignment_pipeline" / "connectors" / "salesforce" / "package"
SCRIPTS = ("package.json", "package-lock.json", "jsforce_client.mjs", "convert_package.mjs")
NOT_RUN = 4
LEADS = 2500
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def main(arguments: list[str] | None = None) -> int:
    """Run everything; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where node_modules go; kept for the next time (default: a temporary folder)")
    parser.add_argument("--package", type=Path, default=PACKAGE, help="the source-format package to convert")
    chosen = parser.parse_args(arguments)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return _skipped(f"{'Node' if node is None else 'npm'} is missing. Install Node 20 or later (https://nodejs.org) and run it again.")
    if _version(node) < 20:
        return _skipped(f"Node {_version(node)} is too old: 20 or later is needed.")
    with tempfile.TemporaryDirectory(prefix="interop-") as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in SCRIPTS:
            shutil.copy(HERE / name, folder / name)
        print("interop: fetching the pinned packages with npm ci", flush=True)
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(install, cwd=folder, check=False).returncode != 0:
            return _skipped("npm ci failed (no network, or a registry without these packages); its message is above.")
        results = {"jsforce": _jsforce(node, folder), "package": _package(node, folder, chosen.package)}
    for name, code in results.items():
        print(f"interop: {name} {'passed' if code == 0 else f'FAILED with exit code {code}'}")
    return 0 if not any(results.values()) else 1


def _jsforce(node: str, folder: Path) -> int:
    store = SalesforceStore()
    world = World(sandbox_clock(NOW, factor=60), Faults(), store)
    store.load({"Lead": [_lead(number) for number in range(1, LEADS + 1)]})
    environment = store.identities.environment() | store.identities.soap_environment()
    environment |= {"SALESFORCE_MY_DOMAIN": store.identities.my_domain, "INTEROP_LEADS": str(LEADS)}
    with Gateway(world) as gateway:
        print(f"interop: jsforce against https://{store.identities.my_domain} through {gateway.proxy_url}", flush=True)
        code = _node(node, folder, "jsforce_client.mjs", (), environment | gateway.environment())
        refused = gateway.proxy.refused if gateway.proxy is not None else []
    if refused:
        print(f"interop: the proxy refused {', '.join(refused)}")
    return code


def _package(node: str, folder: Path, package: Path) -> int:
    if not any(package.rglob("*-meta.xml")):
        print(f"interop: {package} holds no source-format files")
        return 1
    sf = shutil.which("sf")
    if sf is not None and _version(node) >= 22:
        return _sf_convert(sf, folder, package)
    print("interop: the sf CLI (Node 22 or later) is not here; the library it uses converts the package instead", flush=True)
    shutil.rmtree(folder / "converted", ignore_errors=True)
    shutil.rmtree(folder / "converted-back", ignore_errors=True)
    return _node(node, folder, "convert_package.mjs", (str(package), str(folder / "converted")), {})


def _sf_convert(sf: str, folder: Path, package: Path) -> int:
    project = folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(package, project / "package")
    text = '{"packageDirectories": [{"path": "package", "default": true}], "sourceApiVersion": "66.0"}'
    (project / "sfdx-project.json").write_text(text, encoding="utf-8")
    command = [sf, "project", "convert", "source", "--root-dir", "package", "--output-dir", "converted"]
    done = subprocess.run(command, cwd=project, check=False, env=os.environ | {"SF_DISABLE_TELEMETRY": "true"})
    print("interop: the package was converted by the sf CLI" if done.returncode == 0 else "interop: sf refused the package")
    return done.returncode


def _node(node: str, folder: Path, script: str, arguments: tuple[str, ...], environment: dict[str, str]) -> int:
    kept = {name: value for name, value in os.environ.items() if name.upper() not in ("NO_PROXY", "HTTP_PROXY", "ALL_PROXY")}
    quiet = {"SF_DISABLE_TELEMETRY": "true", "SF_DISABLE_LOG_FILE": "true"}
    return subprocess.run([node, script, *arguments], cwd=folder, check=False, env=kept | quiet | environment).returncode


def _lead(number: int) -> dict[str, object]:
    created = NOW - timedelta(days=30) + timedelta(minutes=number)
    return {"LastName": f"Lead {number}", "Company": f"Firma {number}", "Email": f"lead{number}@example.com", "CreatedDate": created}


def _version(node: str) -> int:
    text = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    return int(text.strip().lstrip("v").split(".")[0])


def _skipped(reason: str) -> int:
    line = "=" * 100
    print(f"{line}\nSKIPPED: {reason}\nNothing was proven with jsforce or Salesforce's metadata library.\n{line}", file=sys.stderr)
    return NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
