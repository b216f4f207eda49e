"""Serve the embedded systems on loopback: in a thread for tests and the demo, or in a process of their own.

Belongs here: ports, threads, the environment that points a client at the sandbox. What is served lives in `salesforce/`,
`marketo/` and `hubspot/`; TLS and the proxy in `tls/`.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.control import control_app
from alignment_pipeline.sandbox.salesforce.control import control_routes
from alignment_pipeline.sandbox.wire import Wire
from alignment_pipeline.sandbox.world import World

LOOPBACK = "127.0.0.1"
_MODULES = {
    "salesforce": "alignment_pipeline.sandbox.salesforce.app",
    "marketo": "alignment_pipeline.sandbox.marketo.app",
    "hubspot": "alignment_pipeline.sandbox.hubspot.app",
}
#: The variable that names each system's host.
_HOSTS = {"salesforce": "SALESFORCE_DOMAIN", "marketo": "MARKETO_DOMAIN", "hubspot": "HUBSPOT_API_HOST"}
_BESIDE = ("marketo", "hubspot")


def http_server(app: ASGIApp, **settings: Any) -> uvicorn.Server:
    """A server that adds nothing of its own to what the app answers: no headers, no log of calls."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        **settings,
    )
    return uvicorn.Server(config)


def system_app(world: World, system: str, make: Callable[[World], ASGIApp] | None = None) -> ASGIApp:
    """The whole ASGI app of one system: its vendor answers, the faults of the wire, and `/__sandbox__`."""
    if make is None:
        make = getattr(importlib.import_module(_MODULES[system]), f"{system}_app")
    further = list(control_routes(world))
    if world.marketo is not None:
        marketo = importlib.import_module("alignment_pipeline.sandbox.marketo.app")
        further += getattr(marketo, "control_routes", lambda _: [])(world)
    if world.hubspot is not None:
        further += importlib.import_module("alignment_pipeline.sandbox.hubspot.control").control_routes(world)
    return Wire(make(world), world, system, control_app(world, further))


def _only_failures(record: logging.LogRecord) -> bool:
    """Pass what a mistake in the sandbox's own code logs, not the connections that faults cut on purpose."""
    return record.exc_info is not None


class Sandbox:
    """Context manager: the world's systems, each on a loopback port of its own, served by one background thread.

    `ports` may fix the ports (0 or absent means a free one); `apps` may replace a system's app. Marketo and HubSpot are served when
    the world has them.
    """

    def __init__(
        self, world: World, *, ports: Mapping[str, int] | None = None, apps: Mapping[str, Callable[[World], ASGIApp]] | None = None
    ) -> None:
        self.world = world
        self._wanted = dict(ports or {})
        self._apps = dict(apps or {})
        names = ["salesforce", *(name for name in _BESIDE if getattr(world, name) is not None or name in self._apps)]
        self.systems = tuple(names + [name for name in self._apps if name not in names])
        self.ports: dict[str, int] = {}
        self._servers: list[uvicorn.Server] = []
        self._thread: threading.Thread | None = None
        self._started = threading.Event()

    def __enter__(self) -> Sandbox:
        sockets: list[socket.socket] = []
        logging.getLogger("uvicorn.error").addFilter(_only_failures)
        for system in self.systems:
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY only then
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind((LOOPBACK, self._wanted.get(system, 0)))
            except OSError as error:
                port = self._wanted.get(system, 0)
                raise ConfigurationError(
                    f"port {port} for the embedded {system} cannot be used: {error.strerror}; choose another, or 0"
                ) from error
            listening.listen(128)
            sockets.append(listening)
            self.ports[system] = listening.getsockname()[1]
            self._servers.append(http_server(system_app(self.world, system, self._apps.get(system)), log_level="error"))
        self._thread = threading.Thread(target=self._serve, args=(sockets,), name="sandbox", daemon=True)
        self._thread.start()
        self._started.wait(timeout=10)
        return self

    def _serve(self, sockets: list[socket.socket]) -> None:
        asyncio.run(self._until_stopped(sockets))

    async def _until_stopped(self, sockets: list[socket.socket]) -> None:
        """Start and stop the servers by their own steps: uvicorn's main loop looks only ten times a second whether to end."""
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for server, one in zip(self._servers, sockets, strict=True):
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            await server.startup(sockets=[one])
        self._started.set()
        await self._stop.wait()
        for server, one in zip(self._servers, sockets, strict=True):
            server.force_exit = True
            await server.shutdown(sockets=[one])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(timeout=10)

    def host(self, system: str = "salesforce") -> str:
        """`127.0.0.1:PORT` of a system."""
        return f"{LOOPBACK}:{self.ports[system]}"

    def url(self, system: str = "salesforce") -> str:
        """The plain http root of a system."""
        return f"http://{self.host(system)}"

    def environment(self) -> dict[str, str]:
        """The environment variables that point this project's clients at the sandbox, its clock included."""
        settings = {"ALIGNMENT_CLOCK": self.world.clock_environment(), _HOSTS["salesforce"]: self.host("salesforce")}
        settings.update(self.world.salesforce.identities.environment())
        for name in _BESIDE:
            if name in self.ports:
                settings[_HOSTS[name]] = self.host(name)
                settings.update(getattr(getattr(self.world, name), "environment", dict)())
        return settings


def serve(
    world: World,
    *,
    ports: Mapping[str, int] | None = None,
    started: Callable[[Sandbox], None] | None = None,
    until: threading.Event | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or `until`: the body of `alignment sandbox` and of a child process.

    `started` is called once with the running sandbox (to print its environment).
    """
    stop = until or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    with Sandbox(world, ports=ports) as sandbox:
        if started is not None:
            started(sandbox)
        stop.wait()
