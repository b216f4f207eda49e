"""What stands between the socket and an embedded system: counting, the Date header, and the faults of the wire.

Belongs here: a pure ASGI layer that knows no vendor. Which faults exist is in `faults.py`; faults inside a system are fired by
that system's code.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline.sandbox.world import World

CONTROL = "/__sandbox__"
MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body><h1>We are down for maintenance.</h1>"
    "<p>Sorry for the inconvenience. We'll be back shortly.</p></body></html>"
)
_TICK = 0.02


class Wire:
    """ASGI: `/__sandbox__` goes to the control app; everything else to the system, through the faults."""

    def __init__(self, app: ASGIApp, world: World, system: str, control: ASGIApp) -> None:
        self.app = app
        self.world = world
        self.system = system
        self.control = control
        self._late: dict[asyncio.Task[None], datetime] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        if scope["path"].startswith(CONTROL):
            await self.control(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            return
        await self._late_work()
        self.world.calls.count(self.system, scope["method"], scope["path"])
        dated = self._dated(send)
        fault = self._fire(scope, body, "answer", "html", "hang", "cut_before", "cut_after", "zombie", "truncate", "shorten", "headers")
        if fault is None:
            await self.app(scope, _replay(body), dated)
        elif fault.kind in ("answer", "html"):
            await _answer(fault, dated)
        elif fault.kind == "hang":
            if await self._hang(float(fault.options.get("seconds", 3600)), receive):
                await self.app(scope, _replay(body), dated)
        elif fault.kind == "cut_before":
            _cut(send)
        elif fault.kind == "cut_after":
            await self.app(scope, _replay(body), _discard)
            _cut(send)
        elif fault.kind == "zombie":
            await self._zombie(fault, scope, body, receive, send)
        else:
            await self._spoilt(fault, scope, body, send)

    def _fire(self, scope: Scope, body: bytes, *kinds: str) -> Fault | None:
        if self.world.faults.is_quiet:
            return None
        query = scope["query_string"].decode("latin-1")
        path = scope["path"] + (f"?{query}" if query else "")
        text = body[:1_000_000].decode("utf-8", "replace")
        return self.world.faults.fire(*kinds, system=self.system, method=scope["method"], path=path, body=text)

    def _dated(self, send: Send, shift: float = 0.0) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                moment = self.world.clock.now() + timedelta(seconds=shift)
                value = format_datetime(moment, usegmt=True).encode()
                headers = [pair for pair in message.get("headers", []) if pair[0].lower() != b"date"]
                message = {**message, "headers": [*headers, (b"date", value)]}
            await send(message)

        return dated

    async def _hang(self, seconds: float, receive: Receive) -> bool:
        """Wait on the sandbox's clock; False when the client went away meanwhile."""
        until = self.world.clock.now() + timedelta(seconds=seconds)
        gone = asyncio.ensure_future(receive())
        while self.world.clock.now() < until and not gone.done():
            await asyncio.wait({gone}, timeout=_TICK)
        left = gone.done()
        gone.cancel()
        return not left

    async def _zombie(self, fault: Fault, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        due = self.world.clock.now() + timedelta(seconds=float(fault.options.get("seconds", 60)))

        async def late() -> None:
            while self.world.clock.now() < due:
                await asyncio.sleep(_TICK)
            await self.app(scope, _replay(body), _discard)

        task = asyncio.create_task(late())
        self._late[task] = due
        task.add_done_callback(lambda done: self._late.pop(done, None))
        if "hang_seconds" in fault.options:
            await self._hang(float(fault.options["hang_seconds"]), receive)
        _cut(send)

    async def _late_work(self) -> None:
        """What is due by the sandbox's clock is done before the next request is looked at, however busy the machine is."""
        due = [task for task, moment in self._late.items() if moment <= self.world.clock.now()]
        if due:
            await asyncio.wait(due)

    async def _spoilt(self, fault: Fault, scope: Scope, body: bytes, send: Send) -> None:
        """Run the request, gather its answer, spoil it, send it."""
        messages: list[Message] = []

        async def gather(message: Message) -> None:
            messages.append(message)

        await self.app(scope, _replay(body), gather)
        start = messages[0]
        content = b"".join(message.get("body", b"") for message in messages[1:])
        headers = {name.lower(): value for name, value in start.get("headers", [])}
        options = fault.options
        if fault.kind == "shorten":
            content = b"".join(content.splitlines(keepends=True)[: -int(options.get("lines", 1))])
        for name, value in dict(options.get("headers") or {}).items():
            headers[name.lower().encode()] = str(value).encode("latin-1")
        if "content_type" in options:
            headers[b"content-type"] = str(options["content_type"]).encode("latin-1")
        if start["status"] not in (204, 304):
            headers[b"content-length"] = str(len(content)).encode()
        dated = self._dated(send, float(options.get("date_shift_seconds", 0.0)))
        await dated({**start, "headers": list(headers.items())})
        if fault.kind == "truncate":
            keep = int(options.get("bytes", len(content) // 2))
            await send({"type": "http.response.body", "body": content[:keep], "more_body": True})
            await asyncio.sleep(_TICK)
            _cut(send)
            return
        await send({"type": "http.response.body", "body": content})


async def _whole_body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _discard(message: Message) -> None:
    """Swallow an answer nobody will see."""


async def _answer(fault: Fault, send: Send) -> None:
    options = fault.options
    body: Any = MAINTENANCE if fault.kind == "html" else options.get("content", options.get("body", ""))
    kind = "text/html; charset=UTF-8" if fault.kind == "html" else "text/plain"
    if not isinstance(body, str):
        body, kind = json.dumps(body), "application/json;charset=UTF-8"
    content = body.encode("utf-8")
    headers = {"content-type": str(options.get("content_type", kind)), "content-length": str(len(content))}
    headers.update({str(name).lower(): str(value) for name, value in dict(options.get("headers") or {}).items()})
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(options.get("status", 503)), "headers": pairs})
    await send({"type": "http.response.body", "body": content})


def _cut(send: Send) -> None:
    """Abort the connection without an answer: uvicorn keeps the transport on the object whose method `send` is."""
    abort: Callable[[], None] | None = getattr(getattr(getattr(send, "__self__", None), "transport", None), "abort", None)
    if abort is None:
        raise ConnectionAbortedError("this server gives no access to its connection, so it cannot be cut")
    abort()
