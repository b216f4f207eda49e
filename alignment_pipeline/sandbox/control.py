"""`/__sandbox__/`: the switches and gauges of the sandbox, for tests, demos and people.

Belongs here: HTTP over the clock, faults, audit log and counters. What a person does inside a system (edit, delete, merge,
convert) is given by that system as further routes. None of it exists at the vendors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.faults import KINDS, Fault
from alignment_pipeline.sandbox.wire import CONTROL
from alignment_pipeline.sandbox.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


def control_app(world: World, further: Sequence[BaseRoute] = ()) -> Starlette:
    """The control app. `further` are routes of the systems, below the same prefix."""

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            world.advance(float((await request.json())["advance_seconds"]))
        return JSONResponse({"now": world.clock.now().isoformat(), "environment": world.clock_environment(), "factor": world.clock.factor})

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            world.faults.clear()
        if request.method == "POST":
            given: Any = await request.json()
            chosen = [Fault.from_json(item) for item in (given if isinstance(given, list) else [given])]
            return JSONResponse({"numbers": [world.faults.add(fault) for fault in chosen]}, status_code=201)
        return JSONResponse({"faults": world.faults.listing()})

    async def fault(request: Request) -> Response:
        removed = world.faults.remove(int(request.path_params["number"]))
        return Response(status_code=204 if removed else 404)

    async def kinds(request: Request) -> Response:
        return JSONResponse(dict(KINDS))

    async def audit(request: Request) -> Response:
        if request.method == "DELETE":
            world.audit.clear()
        asked = request.query_params
        writes = world.audit.writes(
            after=int(asked.get("after", 0)),
            system=asked.get("system", ""),
            object=asked.get("object", ""),
            record_id=asked.get("record_id", ""),
            source=asked.get("source", ""),
            user=asked.get("user", ""),
        )
        limit = int(asked.get("limit", 10_000))
        return JSONResponse({"total": len(world.audit), "writes": [write.to_json() for write in writes[:limit]]})

    async def calls(request: Request) -> Response:
        if request.method == "DELETE":
            world.calls.clear()
        systems = world.calls.by_endpoint()
        return JSONResponse({"total": {name: sum(removed.values()) for name, removed in systems.items()}, "endpoints": systems})

    async def reset(request: Request) -> Response:
        world.faults.clear()
        world.audit.clear()
        world.calls.clear()
        for store in (world.salesforce, world.marketo, world.hubspot):
            if hasattr(store, "reset"):
                store.reset()
        return Response(status_code=204)

    async def refused(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)

    routes: list[BaseRoute] = [
        Route(f"{CONTROL}/clock", clock, methods=["GET", "POST"]),
        Route(f"{CONTROL}/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route(f"{CONTROL}/faults/kinds", kinds, methods=["GET"]),
        Route(f"{CONTROL}/faults/{{number:int}}", fault, methods=["DELETE"]),
        Route(f"{CONTROL}/audit", audit, methods=["GET", "DELETE"]),
        Route(f"{CONTROL}/calls", calls, methods=["GET", "DELETE"]),
        Route(f"{CONTROL}/reset", reset, methods=["POST"]),
        *further,
    ]
    expected: tuple[type[Exception], ...] = (ConfigurationError, ValueError, KeyError, TypeError)
    return Starlette(routes=routes, exception_handlers=dict.fromkeys(expected, refused))
