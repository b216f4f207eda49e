"""`/__sandbox__/hubspot/`: what people and their browsers do at the portal, for tests and the demo. None of it is an API of the vendor."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from alignment_pipeline.sandbox.hubspot import pages
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.world import World

PREFIX = "/__sandbox__/hubspot"


def control_routes(world: World) -> list[BaseRoute]:
    """Routes below `/__sandbox__/hubspot`."""
    store: HubSpotStore = world.hubspot

    async def submissions(request: Request) -> Response:
        """POST {"email", "form"}: somebody fills out the first form whose name contains `form`, now."""
        given: Any = await request.json()
        with store.lock:
            wanted = str(given["form"]).lower()
            form = next((one for one in store.forms if wanted in str(one["name"]).lower()), None)
            if form is None:
                return JSONResponse({"error": f"no form {given['form']}"}, status_code=404)
            identity = store.submit(str(form["id"]), world.clock.now(), {"email": str(given["email"])})
        return JSONResponse({"conversionId": identity}, status_code=201)

    async def record(request: Request) -> Response:
        """The page of a record; `?group=` names the property group on its card."""
        with store.lock:
            kind, chosen = request.path_params["kind"], store.get(request.path_params["kind"], request.path_params["record_id"])
            if chosen is None:
                return JSONResponse({"error": "no such record"}, status_code=404)
            return HTMLResponse(pages.record_page(store, kind, chosen, request.query_params.get("group", "alignment")))

    async def view(request: Request) -> Response:
        """A saved view: `?title=&columns=a,b&where=property:value`."""
        asked = request.query_params
        filters = {name: value for name, _, value in (one.partition(":") for one in asked.getlist("where"))}
        columns = [one for one in asked.get("columns", "").split(",") if one]
        with store.lock:
            return HTMLResponse(pages.view_page(store, request.path_params["kind"], asked.get("title", "View"), filters, columns))

    return [
        Route(f"{PREFIX}/submissions", submissions, methods=["POST"]),
        Route(f"{PREFIX}/records/{{kind}}/{{record_id}}", record),
        Route(f"{PREFIX}/views/{{kind}}", view),
    ]
