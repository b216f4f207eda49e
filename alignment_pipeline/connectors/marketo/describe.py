"""Which lead fields this API user may read and write.

Belongs here: describe.json, and the choice of the fields we want. Which those are: `contracts/raw.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.contracts.systems.marketo import MERGED_INTO
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import Permanent, Retryable


@dataclass(frozen=True)
class LeadField:
    """One field of the lead database, by its REST name."""

    name: str
    type: str
    length: int
    is_read_only: bool


@dataclass(frozen=True)
class Selection:
    """The lead fields to read."""

    stream: RawStream
    fields: tuple[str, ...]
    custom: tuple[str, ...]
    types: Mapping[str, str]
    missing: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything asked for."""
        return tuple(dict.fromkeys((*self.fields, *self.custom)))


def describe(session: MarketoSession) -> dict[str, LeadField]:
    """REST name -> field. Retryable when the answer holds none."""
    body = session.get("/rest/v1/leads/describe.json", "lead describe")
    fields: dict[str, LeadField] = {}
    for entry in body.get("result") or ():
        rest = entry.get("rest") or {}
        if rest.get("name"):
            kind = str(entry.get("dataType") or "string").lower()
            fields[rest["name"]] = LeadField(rest["name"], kind, int(entry.get("length") or 0), bool(rest.get("readOnly", False)))
    if not fields:
        raise Retryable("lead describe: the answer names no fields")
    return fields


def choose(stream: RawStream, known: Mapping[str, LeadField], custom: Sequence[str] = ()) -> Selection:
    """Choose the fields that exist. Permanent names required ones that do not."""
    hidden = [name for name in stream.required if name not in known]
    if hidden:
        raise Permanent(
            f"Marketo leads: {', '.join(hidden)} cannot be read. The field does not exist in this subscription or is hidden: "
            "un-hide it (Admin > Field Management)"
        )
    asked = [name for name in stream.fields if name != MERGED_INTO]
    wanted = [*asked, *custom]
    return Selection(
        stream,
        tuple(name for name in asked if name in known),
        tuple(name for name in custom if name in known and name not in stream.fields),
        {name: known[name].type for name in wanted if name in known},
        tuple(name for name in wanted if name not in known),
    )
