"""The vendors' host names, reachable by unmodified clients: TLS in front of the sandbox, behind a CONNECT proxy.

A client needs two settings: the proxy and the authority to trust (`environment()`). The plain ports of `server.py` stay as they
are; both ways serve the same world.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType

import uvicorn
from starlette.types import ASGIApp

from alignment_pipeline.sandbox.server import LOOPBACK, http_server, system_app
from alignment_pipeline.sandbox.tls.authority import Authority, Certificate
from alignment_pipeline.sandbox.tls.proxy import ConnectProxy
from alignment_pipeline.sandbox.world import World

#: Host names and one-label patterns of each system.
VENDOR_HOSTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "salesforce": ("login.salesforce.com", "test.salesforce.com", "*.my.salesforce.com", "*.sandbox.my.salesforce.com"),
        "marketo": ("*.mktorest.com",),
        "hubspot": ("api.hubapi.com", "hubspot-webhooks-journal.s3.amazonaws.com"),
    }
)
_STARTS_WITHIN_SECONDS = 15


class Gateway:
    """Context manager: proxy and TLS servers for the systems of a world, in one background thread.

    `apps` may replace a system's app or add one (as for `Sandbox`). `port` fixes the proxy's port; 0 means a free one.
    """

    def __init__(
        self,
        world: World,
        *,
        apps: Mapping[str, Callable[[World], ASGIApp]] | None = None,
        hosts: Mapping[str, tuple[str, ...]] = VENDOR_HOSTS,
        port: int = 0,
    ) -> None:
        self.world = world
        given = dict(apps or {})
        systems = ["salesforce", *(name for name in ("marketo", "hubspot") if getattr(world, name) is not None)]
        self.systems = tuple(dict.fromkeys([*systems, *given]))
        self._apps = {system: system_app(world, system, given.get(system)) for system in self.systems}
        self._hosts = hosts
        self._port = port
        self._directory = tempfile.TemporaryDirectory(prefix="sandbox-tls-")
        self._authority = Authority(Path(self._directory.name))
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self.proxy: ConnectProxy | None = None

    @property
    def ca_file(self) -> Path:
        """PEM file of the authority to trust."""
        return self._authority.ca_file

    @property
    def proxy_url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://{LOOPBACK}:{self._port}"

    def environment(self) -> dict[str, str]:
        """What makes unmodified clients (requests, Node, curl) come here under the vendors' names."""
        ca = str(self.ca_file)
        trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), ca)
        return {"HTTPS_PROXY": self.proxy_url, "https_proxy": self.proxy_url} | trust

    def product_environment(self) -> dict[str, str]:
        """What makes this project's own clients come here as they would go to the vendors: names, credentials, clock, proxy, trust."""
        settings = {"ALIGNMENT_CLOCK": self.world.clock_environment(), "SALESFORCE_DOMAIN": self.world.salesforce.identities.my_domain}
        settings |= self.world.salesforce.identities.environment()
        if self.world.marketo is not None:
            settings["MARKETO_DOMAIN"] = f"{self.world.marketo.settings.munchkin_id}.mktorest.com"
            settings |= self.world.marketo.environment()
        if self.world.hubspot is not None:
            settings |= self.world.hubspot.environment()
        return settings | self.environment()

    def __enter__(self) -> Gateway:
        self._thread = threading.Thread(target=self._run, name="sandbox-gateway", daemon=True)
        self._thread.start()
        if not self._ready.wait(_STARTS_WITHIN_SECONDS) or self._failure is not None:
            raise RuntimeError(f"the sandbox's TLS gateway did not start: {self._failure}") from self._failure
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._directory.cleanup()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        routes: dict[str, int] = {}
        servers: list[tuple[uvicorn.Server, socket.socket]] = []
        for system, app in self._apps.items():
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY only then
            listening.bind((LOOPBACK, 0))
            listening.listen(128)
            routes |= dict.fromkeys(self._hosts[system], listening.getsockname()[1])
            servers.append((_tls_server(app, self._authority.issue(system, self._hosts[system])), listening))
        self.proxy = ConnectProxy(routes)
        front = await self.proxy.serve(LOOPBACK, self._port)
        self._port = front.sockets[0].getsockname()[1]
        running = [asyncio.create_task(server.serve(sockets=[listening])) for server, listening in servers]
        self._ready.set()
        await self._stop.wait()
        front.close()
        await self.proxy.close_tunnels()
        for server, _ in servers:
            server.should_exit = server.force_exit = True
        await asyncio.gather(*running)


def _tls_server(app: ASGIApp, certificate: Certificate) -> uvicorn.Server:
    files = {"ssl_certfile": str(certificate.chain_file), "ssl_keyfile": str(certificate.key_file)}
    return http_server(app, log_level="critical", **files)
