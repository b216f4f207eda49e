"""An HTTP CONNECT proxy that knows only the vendors' host names and leads each to a port of the sandbox.

Every other host, port or method is refused: nothing that goes through it leaves the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

_LONGEST_HEAD = 16_384
_CHUNK = 65_536
_TLS_PORT = "443"
_ENDS_WITHIN_SECONDS = 2


def port_of(host: str, routes: Mapping[str, int]) -> int | None:
    """The port a host name is led to; a pattern `*.x.y` takes one label in place of the star."""
    name = host.lower().rstrip(".")
    if name in routes:
        return routes[name]
    _, dot, parent = name.partition(".")
    return routes.get(f"*.{parent}") if dot else None


class ConnectProxy:
    """Serves CONNECT on a loopback socket. `routes` is host name or pattern -> loopback port of a TLS server."""

    def __init__(self, routes: Mapping[str, int]) -> None:
        self._routes = dict(routes)
        self.refused: list[str] = []
        self._tunnels: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Begin to listen."""
        return await asyncio.start_server(self._client, host, port, limit=_LONGEST_HEAD)

    async def close_tunnels(self) -> None:
        """End all open connections and wait until they have ended."""
        tunnels = dict(self._tunnels)
        for writer in tunnels.values():
            writer.transport.abort()
        if tunnels:
            await asyncio.wait(tunnels, timeout=_ENDS_WITHIN_SECONDS)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = asyncio.current_task()
        if tunnel is not None:
            self._tunnels[tunnel] = writer
            tunnel.add_done_callback(self._tunnels.pop)
        try:
            port = await self._asked_port(reader, writer)
            if port is not None:
                await _relay(reader, writer, port)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that goes away ends its own tunnel
        finally:
            writer.close()

    async def _asked_port(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
        """Read the request head; answer a refusal and return None when it is no CONNECT to a vendor."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        target = rest.split(" ")[0]
        if method != "CONNECT":
            await _refuse(writer, "405 Method Not Allowed", "this proxy serves CONNECT only")
            return None
        host, _, port = target.rpartition(":")
        routed = port_of(host, self._routes) if port == _TLS_PORT else None
        if routed is None:
            self.refused.append(target)
            await _refuse(writer, "403 Forbidden", f"{target} is no vendor of this sandbox; nothing leaves this machine")
        return routed


async def _refuse(writer: asyncio.StreamWriter, status: str, reason: str) -> None:
    body = f"{reason}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode("latin-1") + body)
    await writer.drain()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()
    ways = [asyncio.create_task(_pump(reader, inner_writer)), asyncio.create_task(_pump(inner_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        inner_writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
