"""`/__sandbox__/marketo/`: what people and their browsers do in Marketo, for tests and the demo.

A hand-raise, a page visit, an edit by a marketer, a lateness of the log: none of it is an API of the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from alignment_pipeline.sandbox.marketo import history
from alignment_pipeline.sandbox.marketo.answers import iso
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.world import World

PREFIX = "/__sandbox__/marketo"


def control_routes(world: World) -> list[BaseRoute]:
    """Routes below `/__sandbox__/marketo`."""
    store: MarketoStore = world.marketo

    async def activities(request: Request) -> Response:
        """POST: add activities that happen now, or at their activityDate; visible after the lateness switched on."""
        given: Any = await request.json()
        listed = given.get("activities", [given]) if isinstance(given, dict) else given
        late = given.get("visible_after_seconds") if isinstance(given, dict) else None
        with store.lock:
            return JSONResponse({"added": add_activities(world, listed, late_seconds=late)}, status_code=201)

    async def lateness(request: Request) -> Response:
        """POST {"seconds": n}: activities added from now on become visible that much later."""
        with store.lock:
            if request.method == "POST":
                store.late_seconds = int((await request.json())["seconds"])
            return JSONResponse({"seconds": store.late_seconds})

    async def edit(request: Request) -> Response:
        """PATCH {field: value}: a marketer edits a lead; the change is logged with source `Manual`."""
        lead_id = int(request.path_params["lead_id"])
        given: Mapping[str, Any] = await request.json()
        with store.lock:
            if lead_id not in store.leads:
                return JSONResponse({"error": f"no lead {lead_id}"}, status_code=404)
            return JSONResponse({"changed": edit_lead(world, lead_id, given)})

    async def state(request: Request) -> Response:
        """GET: how much there is."""
        now = world.clock.now()
        with store.lock:
            counts = {"leads": len(store.leads), "activities": len(store.log), "export_bytes_today": store.exports.bytes_used(now)}
            return JSONResponse(counts | {"usage": store.limits.usage(now, 1), "munchkin_id": store.settings.munchkin_id})

    async def tokens(request: Request) -> Response:
        """DELETE: every access token ends now."""
        with store.lock:
            store.identity.expire()
        return Response(status_code=204)

    return [
        Route(PREFIX, state, methods=["GET"]),
        Route(f"{PREFIX}/activities", activities, methods=["POST"]),
        Route(f"{PREFIX}/lateness", lateness, methods=["GET", "POST"]),
        Route(f"{PREFIX}/leads/{{lead_id:int}}", edit, methods=["PATCH"]),
        Route(f"{PREFIX}/tokens", tokens, methods=["DELETE"]),
    ]


def add_activities(world: World, given: list[Mapping[str, Any]], *, late_seconds: int | None = None) -> int:
    """Append activities; each without activityDate happens now. Returns how many."""
    store: MarketoStore = world.marketo
    now = world.clock.now()
    faulty = [int(fault.options.get("seconds", 0)) for fault in world.faults.standing("late_visible", "marketo")]
    late = late_seconds if late_seconds is not None else max([store.late_seconds, *faulty])
    visible_at = int(now.timestamp()) + late if late else 0
    return store.log.extend([{"activityDate": iso(now)} | dict(one) for one in given], visible_at=visible_at)


def edit_lead(world: World, lead_id: int, given: Mapping[str, Any]) -> list[str]:
    """Change a lead as a person would; returns the names of the fields that changed. Raises RecordRefusal, KeyError."""
    store: MarketoStore = world.marketo
    lead = store.leads[lead_id]
    now = world.clock.now()
    parsed = {name: store.schema.by_name[name].parse(value) for name, value in given.items()}
    changes = {name: value for name, value in parsed.items() if lead.values.get(name) != value}
    if changes:
        store.keep(store.changed(lead, changes, now))
        cause = history.Cause(now, source="Manual")
        store.log.extend(
            history.changed_value(lead, store.schema.by_name[name], lead.values.get(name), value, cause) for name, value in changes.items()
        )
        world.audit.record(
            system="marketo",
            at=now,
            user="person",
            action="update",
            object="Lead",
            record_id=str(lead_id),
            changes={name: (lead.values.get(name), value) for name, value in changes.items()},
            source="human",
        )
    return sorted(changes)
