"""`/__sandbox__/salesforce/`: people's acts, a record as it is stored, settings, sessions.

Belongs here: what tests and demos do behind the API's back. None of it exists at the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.salesforce.failures import ApiError, RowError
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.lifecycle import People
from alignment_pipeline.sandbox.salesforce.schema import ObjectSchema
from alignment_pipeline.sandbox.salesforce.values import from_json, json_renderer
from alignment_pipeline.sandbox.world import World

_PREFIX = "/__sandbox__/salesforce"


def control_routes(world: World) -> Sequence[BaseRoute]:
    """The routes of this system's control endpoints."""
    store = world.salesforce

    async def people(request: Request) -> Response:
        given = await request.json()
        store.settle()
        try:
            outcome = _act(world, given)
        except (ApiError, RowError) as error:
            return JSONResponse({"error": str(error)}, status_code=409)
        return JSONResponse(outcome)

    async def record(request: Request) -> Response:
        store.settle()
        identifier = to18(request.path_params["id"]) or ""
        outcome, schema = store.find(identifier), store.schema.of_id(identifier)
        if outcome is None or schema is None:
            return Response(status_code=404)
        return JSONResponse({one.name: json_renderer(one)(outcome.get(one.name)) for one in schema.fields if one.type != "address"})

    async def settings(request: Request) -> Response:
        if request.method == "POST":
            for name, value in (await request.json()).items():
                if not hasattr(store.settings, name):
                    raise ConfigurationError(f"setting {name!r} is unknown; known: {', '.join(vars(store.settings))}")
                setattr(store.settings, name, value)
        return JSONResponse(vars(store.settings))

    async def sessions(request: Request) -> Response:
        store.identities.sessions.clear()
        return Response(status_code=204)

    return [
        Route(f"{_PREFIX}/people", people, methods=["POST"]),
        Route(f"{_PREFIX}/records/{{id}}", record, methods=["GET"]),
        Route(f"{_PREFIX}/settings", settings, methods=["GET", "POST"]),
        Route(f"{_PREFIX}/sessions", sessions, methods=["DELETE"]),
    ]


def _act(world: World, given: Mapping[str, Any]) -> dict[str, Any]:
    """One act: create, edit, delete, undelete, hard_delete, merge, convert; `as` names the user."""
    person = People(world.salesforce, given.get("as"))
    act = given.get("act")
    if act == "create":
        return {"id": person.create(given["object"], _values(world, given["object"], given["values"]))}
    if act == "edit":
        schema = world.salesforce.schema.of_id(to18(given["id"]) or "")
        values = _values(world, schema.name if schema else "", given["values"])
        person.edit(given["id"], values, visible_after_seconds=float(given.get("visible_after_seconds", 0)))
    elif act in ("delete", "undelete", "hard_delete"):
        getattr(person, act)(given["id"])
    elif act == "merge":
        person.merge(given["winner"], given["losers"])
    elif act == "convert":
        return dict(
            person.convert(
                given["id"], account_id=given.get("account_id"), contact_id=given.get("contact_id"), opportunity=given.get("opportunity")
            )
        )
    else:
        raise ConfigurationError(f"act {act!r} is unknown: create, edit, delete, undelete, hard_delete, merge or convert")
    return {"done": act}


def _values(world: World, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    schema: ObjectSchema | None = world.salesforce.schema.get(name)
    if schema is None:
        raise ConfigurationError(f"object {name!r} is not known to the sandbox")
    values: dict[str, Any] = {}
    for key, value in given.items():
        one = schema.get(key)
        if one is None:
            raise ConfigurationError(f"{schema.name} has no field {key!r}")
        values[one.name] = from_json(one, value)
    return values
