"""Which fields of an object are read: the ones the contract wants and describe shows.

Belongs here: the choice, and a clear word about what is missing. Reading them: `extraction.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alignment_pipeline.connectors.salesforce import soql
from alignment_pipeline.connectors.salesforce.describe import ObjectDescription
from alignment_pipeline.connectors.salesforce.soql import Window
from alignment_pipeline.connectors.salesforce.values import UNREADABLE_TYPES
from alignment_pipeline.contracts.systems.system import RawStream
from alignment_pipeline.errors import Permanent

# Without these objects no lead can be matched, scored or clocked; any other may be hidden and is then reported as absent.
REQUIRED_OBJECTS = frozenset({"Account", "Contact", "Lead", "Opportunity", "Task", "Event", "User"})
_STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
_NO_SUCH_COLUMN = re.compile(r"No such column '(\w+)'")


@dataclass(frozen=True)
class Selection:
    """The fields to read of one object, in the contract's spelling. `stamp` is None when nothing can carry a watermark.

    `calculated`: formula fields among them, whose values change without moving any stamp.
    """

    stream: RawStream
    fields: tuple[str, ...]
    custom: tuple[str, ...]
    types: Mapping[str, str]
    missing: tuple[str, ...]
    stamp: str | None
    calculated: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Everything the query asks for."""
        return tuple(dict.fromkeys((*self.fields, *self.custom)))

    @property
    def with_deleted(self) -> bool:
        """Deleted, merged and archived records are asked for too."""
        return "IsDeleted" in self.fields

    def query(self, window: Window, *, is_ordered: bool) -> str:
        """The query of a window. Bulk goes without an order, which would keep the server from splitting the work."""
        order = (self.stamp, "Id") if self.stamp else ("Id",)
        where = window.where(self.stamp) if self.stamp else ()
        return soql.select(self.stream.object, self.names, where=where, order_by=order if is_ordered else ())

    def without(self, name: str) -> Selection:
        """The selection less an optional field. Permanent when the field is required."""
        if name.lower() in {field.lower() for field in self.stream.required}:
            raise _hidden(self.stream.object, [name])
        return replace(
            self,
            fields=tuple(field for field in self.fields if field.lower() != name.lower()),
            custom=tuple(field for field in self.custom if field.lower() != name.lower()),
            types={field: kind for field, kind in self.types.items() if field.lower() != name.lower()},
            missing=(*self.missing, name),
            stamp=None if self.stamp and self.stamp.lower() == name.lower() else self.stamp,
        )


def choose(stream: RawStream, description: ObjectDescription, custom: Sequence[str] = ()) -> Selection:
    """Choose the readable fields. Raises Permanent naming object and fields when required ones are missing."""
    wanted = [*stream.fields, *custom]
    seen = {name: description.field(name) for name in wanted}
    readable = {name: described for name, described in seen.items() if described is not None and described.type not in UNREADABLE_TYPES}
    hidden = [name for name in stream.required if name not in readable]
    if hidden or not description.is_queryable:
        raise _hidden(stream.object, hidden or ["the object itself"])
    candidates = [name for name in (stream.stamp, *_STAMPS) if name in readable and readable[name].is_filterable]
    return Selection(
        stream=stream,
        fields=tuple(name for name in stream.fields if name in readable),
        custom=tuple(name for name in custom if name in readable and name not in stream.fields),
        types={name: described.type for name, described in readable.items()},
        missing=tuple(name for name in wanted if name not in readable),
        stamp=candidates[0] if candidates else None,
        calculated=tuple(name for name, described in readable.items() if described.is_calculated),
    )


def refused_column(detail: str) -> str | None:
    """The field that an INVALID_FIELD message blames; None when it names none."""
    match = _NO_SUCH_COLUMN.search(detail)
    return match[1] if match else None


def _hidden(object_name: str, names: Sequence[str]) -> Permanent:
    return Permanent(
        f"Salesforce {object_name}: {', '.join(names)} cannot be read. The field does not exist, or field-level security hides it from "
        "the integration user: give its permission set read access, then run `alignment doctor`"
    )
