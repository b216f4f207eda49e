"""One API call as the endpoints see it: who asks, when, for what.

Belongs here: reading parameters and bodies with HubSpot's refusals for wrong ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alignment_pipeline.sandbox.hubspot.answers import invalid
from alignment_pipeline.sandbox.hubspot.records import Source
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.hubspot.tokens import App
from alignment_pipeline.sandbox.world import World

MOST_INPUTS, MOST_INPUTS_WITH_HISTORY = 100, 50


@dataclass(frozen=True)
class Call:
    """A checked call: token valid, scopes there, limits kept."""

    world: World
    store: HubSpotStore
    now: datetime
    app: App
    query: Mapping[str, str]
    body: bytes
    host: str = ""

    @property
    def source(self) -> Source:
        """How history names what this call changes."""
        return Source("INTEGRATION", str(self.store.settings.app_id), "Alignment")

    def names(self, name: str) -> list[str]:
        """A comma-separated parameter."""
        return [part for part in self.query.get(name, "").split(",") if part]

    @property
    def is_archived(self) -> bool:
        """Whether archived records are asked for instead of living ones."""
        return self.query.get("archived", "").lower() == "true"

    def limit(self, *, most: int, usual: int = 10) -> int:
        """The page size. Raises Refusal 400 when it is none or too large."""
        text = self.query.get("limit") or str(usual)
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise invalid(f"limit must be between 1 and {most}, it is {text[:20]}")
        return int(text)

    def after(self) -> int:
        """The cursor as a number, 0 at the start. Raises Refusal 400."""
        text = self.query.get("after") or "0"
        if not text.isdigit():
            raise invalid(f"after is no cursor: {text[:40]}")
        return int(text)

    def json_body(self) -> dict[str, Any]:
        """The JSON object of the body. Raises Refusal 400."""
        try:
            content = json.loads(self.body or b"")
        except ValueError:
            raise invalid("the body is no JSON", "INVALID_JSON") from None
        if not isinstance(content, dict):
            raise invalid("the body is no JSON object", "INVALID_JSON")
        return content

    def inputs(self, body: Mapping[str, Any], *, most: int = MOST_INPUTS) -> list[dict[str, Any]]:
        """The `inputs` of a batch. Raises Refusal 400 when there are none, or too many, or one id twice."""
        items = body.get("inputs")
        if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
            raise invalid("inputs must be a list of objects that is not empty")
        if len(items) > most:
            raise invalid(f"the maximum number of inputs is {most}, there are {len(items)}")
        ids = [str(one["id"]) for one in items if one.get("id") is not None]
        if len(set(ids)) != len(ids):
            raise invalid("Duplicate IDs found in batch input", "DUPLICATE_ID")
        return items

    def wrote(self, action: str, kind: str, record_id: str, changes: Mapping[str, tuple[Any, Any]]) -> None:
        """Note a write in the audit log."""
        self.world.audit.record(
            system="hubspot", at=self.now, user=self.app.name, action=action, object=kind, record_id=record_id, changes=changes
        )
