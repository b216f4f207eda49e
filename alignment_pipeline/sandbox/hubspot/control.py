"""`/__sandbox__/hubspot/`: what people and their browsers do at the portal, for tests and the demo. None of it is an API of the vendor."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

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

    return [Route(f"{PREFIX}/submissions", submissions, methods=["POST"])]
