"""The real web server of Dagster over our definitions, and the ways in which a foreign web page can talk to it.

Belongs here: starting it, the requests of a foreign page (sent as a browser would, or by a headless Chromium), and waiting for the runs
that they launch. What must come of it: `test_cross_site.py`.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import dagster as dg
import requests

START_SECONDS = 180.0
RUN_SECONDS = 300.0
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: No queue and no daemon: what is launched starts at once.
_INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: DefaultRunCoordinator
"""
_WORKSPACE = """\
load_from:
  - python_module:
      module_name: alignment_pipeline.definitions
      location_name: alignment_pipeline
"""
_MUTATION = "mutation L($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename ... on PythonError { message } } }"


@dataclass(frozen=True)
class WebUi:
    """A running web server and its instance's folder."""

    url: str
    folder: Path

    def runs(self) -> list[dg.DagsterRun]:
        """Every run that was launched."""
        with dg.DagsterInstance.from_config(str(self.folder)) as instance:
            return list(instance.get_runs())

    def told(self, asset: str, name: str) -> list[str]:
        """One metadata value of every materialization of an asset."""
        with dg.DagsterInstance.from_config(str(self.folder)) as instance:
            found = instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
            made = [record.asset_materialization for record in found]
            return [str(one.metadata[name].value) for one in made if one is not None and name in one.metadata]

    def ended(self, number: int) -> list[dg.DagsterRun]:
        """The runs, once `number` of them have ended."""
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            found = self.runs()
            if len(found) >= number and all(run.is_finished for run in found):
                return found
            assert time.monotonic() < deadline, f"{[run.status for run in found]} of {number}"
            time.sleep(0.5)


@contextmanager
def web_ui(folder: Path, environ: Mapping[str, str], *options: str) -> Iterator[WebUi]:
    """`dagster-webserver` on a free port of 127.0.0.1, its runs in this environment."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(_INSTANCE)
    (folder / "workspace.yaml").write_text(_WORKSPACE)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(folder / "workspace.yaml")]
    settings = {**os.environ, **environ, "DAGSTER_HOME": str(folder), "DAGSTER_DISABLE_TELEMETRY": "yes", "PYTHONWARNINGS": "ignore"}
    with (folder / "server.log").open("wb") as log:
        child = subprocess.Popen([*command, *options], env=settings, stdout=log, stderr=log, start_new_session=True)
        try:
            made = WebUi(f"http://127.0.0.1:{port}", folder)
            _wait(made, child)
            yield made
        finally:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait(30)


def _wait(server: WebUi, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if requests.get(f"{server.url}/server_info", timeout=5).ok:
                return
        except requests.RequestException:
            assert child.poll() is None and time.monotonic() < deadline, (server.folder / "server.log").read_text()[-2000:]
            time.sleep(0.25)


def question(job: str, asset: str, **tags: str) -> dict[str, str]:
    """The GraphQL request that launches one asset of a job."""
    selector = {"repositoryLocationName": "alignment_pipeline", "repositoryName": "__repository__", "jobName": job}
    wanted = {"selector": {**selector, "assetSelection": [{"path": [asset]}]}, "mode": "default"}
    labels = {"executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]}}
    return {"query": _MUTATION, "variables": json.dumps({"p": wanted | labels})}


def forged(server: WebUi, asked: Mapping[str, str], *names: str) -> dict[str, requests.Response]:
    """The requests that a browser lets any page send without asking first (no preflight), by name; only these `names` when some are."""
    body = json.dumps({"query": asked["query"], "variables": json.loads(asked["variables"])})
    foreign = {"Origin": "http://evil.example", "Referer": "http://evil.example/", "Sec-Fetch-Site": "cross-site", "Accept": "*/*"}
    ways: dict[str, dict[str, Any]] = {
        "image": {"method": "GET", "params": asked},
        "form": {"params": asked, "kind": "application/x-www-form-urlencoded"},
        "text": {"params": asked, "kind": "text/plain"},
        "text that says JSON": {"data": body, "kind": "text/plain; application/json"},
        "text that says GraphQL": {"data": _literal(asked), "kind": "text/plain; application/graphql"},
    }
    answers = {}
    for name, way in ways.items():
        if not names or name in names:
            headers = foreign | ({"Content-Type": way.pop("kind")} if "kind" in way else {})
            answers[name] = requests.request(**({"method": "POST"} | way), url=f"{server.url}/graphql", headers=headers, timeout=60)
    return answers


def _literal(asked: Mapping[str, str]) -> str:
    """The same without variables."""
    selector = json.loads(asked["variables"])["p"]["selector"]
    path = selector.pop("assetSelection")[0]["path"][0]
    names = ", ".join(f'{name}: "{value}"' for name, value in selector.items())
    chosen = f'{{selector: {{{names}, assetSelection: [{{path: ["{path}"]}}]}}, mode: "default"}}'
    return f"mutation {{ launchRun(executionParams: {chosen}) {{ __typename }} }}"


def visited(server: WebUi, asked: Mapping[str, str], folder: Path) -> str:
    """A headless Chromium opens a page of another site that does what such a page can do; returns what the browser let pass."""
    assert CHROMIUM is not None
    address, body = f"{server.url}/graphql", json.dumps({"query": asked["query"], "variables": json.loads(asked["variables"])})
    script = f"""
      const send = (url, more) => fetch(url, {{mode: 'no-cors', ...more}}).then(() => 'sent', error => 'refused ' + error);
      const url = {json.dumps(f"{address}?{urlencode(asked)}")}, address = {json.dumps(address)}, body = {json.dumps(body)};
      const image = new Promise(done => {{ const one = new Image(); one.onload = one.onerror = () => done('sent'); one.src = url; }});
      Promise.all([
        image,
        send(url, {{method: 'POST', headers: {{'Content-Type': 'text/plain'}}, body: ''}}),
        send(address, {{method: 'POST', headers: {{'Content-Type': 'text/plain; application/json'}}, body: body}}),
        fetch(address, {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: body}})
          .then(() => 'allowed', () => 'stopped by the browser'),
      ]).then(found => fetch('/done?' + encodeURIComponent(found.join('; '))));
    """
    with _page(f"<!doctype html><title>A page</title><script>{script.replace('</', '<' + chr(92) + '/')}</script>") as (url, done):
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'chromium'}"]
        child = subprocess.Popen([CHROMIUM, *options, "--remote-debugging-port=0", url], stdout=-3, stderr=-3, start_new_session=True)
        try:
            assert done.is_set.wait(RUN_SECONDS), "the page did not finish"
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait(30)
    return done.said


@dataclass
class _Done:
    is_set: threading.Event
    said: str = ""


@contextmanager
def _page(content: str) -> Iterator[tuple[str, _Done]]:
    """One page of another site (another host name, another port), and what its script says when it is done."""
    done = _Done(threading.Event())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/done?"):
                done.said = unquote(self.path.partition("?")[2])
                done.is_set.set()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/", done
        server.shutdown()
