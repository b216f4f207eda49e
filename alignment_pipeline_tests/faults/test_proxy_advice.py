"""The proxy that docs/security.md advises lets in who is signed in and comes from its own pages, and nobody else. Needs nginx."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import subprocess
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from alignment_pipeline.sandbox.tls.authority import Authority

NGINX = shutil.which("nginx")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
NAME, OWN = "dagster.example.com", "https://dagster.example.com"
SECURITY = Path(__file__).parents[2] / "docs" / "security.md"
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}


@dataclass
class Advised:
    """The advised proxy; `reached` are the requests that came through to the web server, as (path, Upgrade header)."""

    port: int
    reached: list[tuple[str, str | None]] = field(default_factory=list)

    def ask(self, *, host: str = NAME, signed_in: bool = True, **headers: str) -> int:
        """Status of a request that a browser sends to the proxy."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=ssl._create_unverified_context(), timeout=10)
        cookie = {"Cookie": "session=known"} if signed_in else {}
        connection.request("POST", "/graphql", body=b"{}", headers={"Host": host, **cookie, **headers})
        return connection.getresponse().status


def advice() -> str:
    """The server block as it stands in the document."""
    text = SECURITY.read_text(encoding="utf-8")
    begin = text.index("    server {\n")
    return textwrap.dedent(text[begin : text.index("\n    }\n", begin) + len("\n    }\n")])


def serving(answer: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def advised(tmp_path: Path) -> Iterator[Advised]:
    found = Advised(free_port())

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204 if self.headers.get("Cookie") == "session=known" else 401)
            self.end_headers()

    class WebServer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.reached.append((self.path, self.headers.get("Upgrade")))
            self.send_response(200)
            self.end_headers()

    gateway, web = serving(Gateway), serving(WebServer)
    certificate = Authority(tmp_path).issue("dagster", [NAME])
    block = advice()
    for given, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{found.port} ssl",
        "/etc/ssl/dagster.pem": str(certificate.chain_file),
        "/etc/ssl/dagster.key": str(certificate.key_file),
        "127.0.0.1:4180": f"127.0.0.1:{gateway.server_port}",
        "127.0.0.1:3000": f"127.0.0.1:{web.server_port}",
    }.items():
        assert given in block
        block = block.replace(given, here)
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    settings = tmp_path / "nginx.conf"
    head = f"daemon off;\npid {tmp_path}/nginx.pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n"
    settings.write_text(f"{head}{temporary}{block}\n}}\n", encoding="utf-8")
    assert NGINX is not None
    child = subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", str(settings)], stderr=subprocess.PIPE)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", found.port), timeout=1):
                break
            time.sleep(0.05)
        yield found
    finally:
        child.terminate()
        child.wait(timeout=20)
        for server in (gateway, web):
            server.shutdown()


def test_who_is_signed_in_and_comes_from_its_own_page_is_let_in(advised: Advised) -> None:
    assert [200, 200, 200] == [advised.ask(), advised.ask(Origin=OWN), advised.ask(Origin=OWN, **UPGRADE)]
    assert [("/graphql", None), ("/graphql", None), ("/graphql", "websocket")] == advised.reached


def test_nobody_else_reaches_the_web_server(advised: Advised) -> None:
    foreign = "https://evil.example"

    assert [403, 403, 403, 403, 401] == [
        advised.ask(Origin=foreign),
        advised.ask(Origin=foreign, **UPGRADE),
        advised.ask(Origin=f"{OWN}.evil.example"),
        advised.ask(host="rebound.example"),
        advised.ask(signed_in=False),
    ]
    assert not advised.reached
