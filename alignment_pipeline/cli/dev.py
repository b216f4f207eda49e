"""`alignment dev`: Dagster's web UI and daemon over this home, with the demo's embedded systems behind it when the home is a demo's.

Belongs here: starting and ending the processes. What they show: `defs/`; the embedded systems: `cli/sandbox.py`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click
from dotenv import dotenv_values

from alignment_pipeline.cli import demo
from alignment_pipeline.errors import AlignmentError, ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import report

HOST = "127.0.0.1"
_START_SECONDS = 240.0
# the location's name as in pyproject.toml; a file, because `-m` alone names it by its module
_WORKSPACE = """\
load_from:
  - python_module:
      module_name: alignment_pipeline.definitions
      location_name: alignment_pipeline
"""
_END_SECONDS = 30.0


@click.command(epilog="Example: alignment demo && alignment dev. Ctrl-C stops everything that it started.")
@click.option("--port", default=3000, show_default=True, help="Port of the web UI on 127.0.0.1.")
def dev(port: int) -> None:
    """Open Dagster's web UI and start its daemon on this home.

    For the home of a demo, the embedded systems continue as the demo left them."""
    home = _home()
    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        environment = {**os.environ, "ALIGNMENT_HOME": str(home.path), "DAGSTER_DISABLE_TELEMETRY": "yes"}
        if not home.environ.get("SALESFORCE_DOMAIN", "").strip():
            environment |= stack.enter_context(_embedded(home.path))
        child = stack.enter_context(_dagster(home, port, environment))
        _wait_for(child, port)
        click.echo(f"Dagster: http://{HOST}:{port}")
        click.echo("Ctrl-C ends it.", err=True)
        try:
            code = child.wait()
        except KeyboardInterrupt:
            return
        raise AlignmentError(f"Dagster ended on its own with code {code}; its output above says why")


def _home() -> Home:
    """The home that the environment names, or the demo's in this folder. ConfigurationError when there is nothing to show."""
    home = Home.from_env()
    is_named = bool(home.environ.get("ALIGNMENT_HOME", "").strip())
    is_configured = bool(home.environ.get("SALESFORCE_DOMAIN", "").strip())
    if not is_named and not is_configured and (Path(demo.HOME) / report.DEMO_MARK).exists():
        home = Home.from_env({**home.environ, "ALIGNMENT_HOME": demo.HOME})
    if not is_configured and not (home.path / demo.SANDBOX_STATE).exists():
        raise ConfigurationError(
            "there is nothing to show yet: run `alignment demo` first (its end writes the systems' state), or set SALESFORCE_DOMAIN"
        )
    return home


@contextmanager
def _embedded(folder: Path) -> Iterator[dict[str, str]]:
    """The demo's systems, going on as they were left; yields the environment that points at them."""
    env_file, log = folder / "sandbox.env", folder / "sandbox.log"
    env_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "alignment_pipeline.cli.main", "sandbox", "--env-file", str(env_file)]
    command += ["--state", str(folder / demo.SANDBOX_STATE)]
    click.echo("Starting the embedded Salesforce and Marketo as the demo left them ...", err=True)
    with log.open("wb") as output, _child(command, dict(os.environ), signal.SIGTERM, output=output) as child:
        deadline = time.monotonic() + _START_SECONDS
        while not env_file.exists() or not env_file.read_text(encoding="utf-8").endswith("\n"):
            if child.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(encoding="utf-8", errors="replace")[-600:]
                raise AlignmentError(f"the embedded systems did not start; their log ends with:\n{tail}")
            time.sleep(0.1)
        # the file is written at once, right before serving begins
        yield {name: value for name, value in dotenv_values(env_file).items() if value is not None}


@contextmanager
def _dagster(home: Home, port: int, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Web server and daemon."""
    # imported here: Dagster takes a second to load
    from alignment_pipeline.defs.launch import instance_folder

    folder = instance_folder(home)
    workspace = folder / "workspace.yaml"
    workspace.write_text(_WORKSPACE, encoding="utf-8")
    settings = {"PYTHONWARNINGS": "ignore", **environment, "DAGSTER_HOME": str(folder)}
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-h", HOST, "-p", str(port)]
    with _child([*command, "--log-level", "warning"], settings, signal.SIGINT) as child:
        yield child


@contextmanager
def _child(
    command: list[str], environment: dict[str, str], polite: signal.Signals, *, output: object = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, asked politely to end, then ended with all its children."""
    child = subprocess.Popen(command, env=environment, start_new_session=True, stdout=output, stderr=output)  # type: ignore[call-overload]
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(polite)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=_END_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(timeout=_END_SECONDS)


def _wait_for(child: subprocess.Popen[bytes], port: int) -> None:
    """Until the web server answers. AlignmentError when it ends before."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"http://{HOST}:{port}/server_info", timeout=2) as answer:
            if answer.status == 200:
                return
        if child.poll() is not None or time.monotonic() > deadline:
            raise AlignmentError(f"Dagster's web server did not start on port {port}: its output above says why, --port takes another")
        time.sleep(0.25)


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
