"""The asset API, as far as activities need it: programs by page and by id."""

from __future__ import annotations

from alignment_pipeline.sandbox.marketo.call import Call

MOST = 200
_NOTHING = "No assets found for the given search criteria."


def programs(call: Call) -> dict[str, object]:
    """`GET asset/v1/programs.json`: `maxReturn` (20 by default, 200 at most) from `offset`; a warning when there are none."""
    most = min(call.integer(call.optional("maxReturn") or "20"), MOST)
    offset = call.integer(call.optional("offset") or "0")
    listed = call.store.programs[offset : offset + most]
    return {"errors": [], "warnings": [], "result": listed} if listed else {"errors": [], "warnings": [_NOTHING]}


def program(call: Call, program_id: str) -> dict[str, object]:
    """`GET asset/v1/program/<id>.json`."""
    wanted = call.integer(program_id)
    matching = [one for one in call.store.programs if one.get("id") == wanted]
    return {"errors": [], "warnings": [], "result": matching} if matching else {"errors": [], "warnings": [_NOTHING]}
