"""The services of compose.yaml as plain processes of this machine: their commands and environments are read from that file.

Belongs here: starting, killing and asking them. A host name of another service becomes 127.0.0.1, a port a free one, a path of the image a
folder. What is tried with them: `smoke.py`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")


def services() -> dict[str, dict[str, Any]]:
    """The services of compose.yaml with those of the demo laid over, anchors resolved."""
    read = YAML(typ="safe")
    found: dict[str, dict[str, Any]] = read.load((ROOT / "compose.yaml").read_text())["services"]
    for name, over in read.load((ROOT / "compose.demo.yaml").read_text())["services"].items():
        found[name] = {**found.get(name, {}), **over}
    return found


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Processes:
    """The services that run, over one folder; `databases` are the URLs of Dagster's storage and of the journal."""

    folder: Path
    databases: Callable[[], tuple[str, str]]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("data", "logs", "dagster", "keys/private", "keys/public"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "data").chmod(0o700)
        for name in ("dagster.yaml", "workspace.yaml"):
            (self.folder / "dagster" / name).write_text((ROOT / "docker" / name).read_text())
        self.ports = {old: free_port() for old in ("3000", "4000", "8801", "8802")}
        self.services = services()

    def _here(self, text: str) -> str:
        changed = {"/opt/dagster": "dagster", "/data": "data", "/keys": "keys"}
        for image, folder in changed.items():
            if text == image or text.startswith(f"{image}/"):
                return str(self.folder / folder) + text[len(image) :]
        return {"0.0.0.0": "127.0.0.1", "code": "127.0.0.1"}.get(text, str(self.ports.get(text, text)))

    def environment(self, service: str) -> dict[str, str]:
        """What a service's container would see: the image's variables, its own, and nothing of this shell's."""
        storage, journal = self.databases()
        said = {name: self._here(str(value)) for name, value in self.services[service].get("environment", {}).items()}
        said |= {name: value for name, value in (("DAGSTER_POSTGRES_URL", storage), ("ALIGNMENT_DATABASE_URL", journal)) if name in said}
        image = {"DAGSTER_HOME": str(self.folder / "dagster"), "ALIGNMENT_HOME": str(self.folder / "data" / "home")}
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**kept, "DAGSTER_DISABLE_TELEMETRY": "yes", "PYTHONWARNINGS": "ignore", **image, **said}

    def command(self, service: str, *arguments: str) -> list[str]:
        """A service's command, or another one in its place."""
        words = [self._here(str(one)) for one in arguments or self.services[service]["command"]]
        return [str(BIN / words[0]), *words[1:]]

    def start(self, service: str) -> None:
        """Start a service."""
        log = (self.folder / f"{service}.log").open("ab")
        self.running[service] = subprocess.Popen(
            self.command(service),
            env=self.environment(service),
            cwd=self.folder / self._volume(service),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _volume(self, service: str) -> str:
        """The folder in the place of the volume that the service has as /data."""
        mounted = [str(one).split(":")[0] for one in self.services[service].get("volumes", ()) if str(one).endswith(":/data")]
        return mounted[0] if mounted else "data"

    def kill(self, service: str) -> None:
        """As a machine that loses its power: the service and all of its children."""
        process = self.running.pop(service)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Kill what still runs."""
        for service in list(self.running):
            self.kill(service)

    def once(self, service: str, *arguments: str, kill_after: float | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's environment to its end, or kill it after some seconds."""
        process = subprocess.Popen(
            self.command(service, *arguments),
            env=self.environment(service),
            cwd=self.folder / "data",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def healthy(self, service: str, *, seconds: float = 120) -> None:
        """Wait until the service's own health check of compose.yaml passes. Raises TimeoutError with the end of its log."""
        _, *words = self.services[service]["healthcheck"]["test"]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._check([word.replace("127.0.0.1:3000", f"127.0.0.1:{self.ports['3000']}") for word in words], service):
                return
            time.sleep(1)
        raise TimeoutError(f"{service} is not healthy\n{(self.folder / f'{service}.log').read_text()[-3000:]}")

    def _check(self, words: list[str], service: str) -> bool:
        here = [self._here(word) for word in words]
        program = BIN / here[0]
        command = [str(program) if program.exists() else here[0], *here[1:]]
        return subprocess.run(command, env=self.environment(service), cwd=self.folder / "data", capture_output=True).returncode == 0

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask the web server."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['3000']}/graphql", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"the web server answered {error.code}: {error.read().decode()[:2000]}") from error
        return found

    def statuses(self) -> dict[str, str]:
        """Runs and their status, newest first, as the web server shows them."""
        found = self.graphql("{ runsOrError { ... on Runs { results { runId status } } } }")
        return {one["runId"]: one["status"] for one in found["data"]["runsOrError"]["results"]}
