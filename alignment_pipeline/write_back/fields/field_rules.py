"""What the agreement and describe say of each field: ours or not, machine or shared, carried, locked, fitting.

Belongs here: questions about one field. The map itself: `agreement/field_map.py`; the CRM's side: `shape.py`.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import FieldMapping
from alignment_pipeline.connectors.values import stamp_text
from alignment_pipeline.write_back.fields.shape import FieldShape, Scalar, Shapes, shape_of

#: The objects whose records we create, each with an external key.
CREATABLE = frozenset({"Task"})
_REASONS = "_reason"
#: How engagement changed between two periods, both of which slide every day.
_TREND = "account.engagement_trend_pct"
#: The trend of an account without any activity in the later of the two.
_NOTHING_LATELY = -100.0
_AGED = (".engagement_points", ".engagement_points_at", ".engagement_half_life_days")
#: Two scores that differ by less are the same to a reader.
CENT = 0.01
#: The one field outside the map: a task that we made is closed when its reason is gone, unless a person has touched its status.
TASK_STATUS = FieldMapping.model_construct(
    object="Task",  # type: ignore[arg-type]
    field="Status",
    value="task.status",  # type: ignore[arg-type]
    owner="shared",
    type="text",
    label="Status",
)


@dataclass(frozen=True)
class FieldRules:
    """The agreement's field map beside describe."""

    agreement: Agreement
    shapes: Shapes
    _map: dict[tuple[str, str], FieldMapping] = field(default_factory=dict, repr=False)
    _shapes: dict[tuple[str, str], FieldShape] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for mapping in self.agreement.crm.fields:
            self._map[(mapping.object, mapping.field)] = mapping
        self._map[(TASK_STATUS.object, TASK_STATUS.field)] = TASK_STATUS

    def mapping(self, object_: str, name: str) -> FieldMapping | None:
        """The field's line in the map; None when the field is not ours to write."""
        return self._map.get((object_, name))

    def label(self, object_: str, name: str) -> str:
        """What people call the field; its API name where the map does not say."""
        mapping = self.mapping(object_, name)
        return (mapping.label if mapping else None) or name

    def shape(self, object_: str, name: str) -> FieldShape:
        """The CRM's shape of the field, else the agreement's, else plain text."""
        known = self._shapes.get((object_, name))
        if known is None:
            mapping = self.mapping(object_, name)
            agreed = FieldShape.from_mapping(mapping) if mapping else FieldShape(name=name, type="string")
            known = self._shapes[object_, name] = shape_of(self.shapes, object_, name) or agreed
        return known

    def is_shared(self, object_: str, name: str) -> bool:
        """Whether people may edit the field and their edit is respected."""
        mapping = self.mapping(object_, name)
        return mapping is not None and mapping.owner == "shared"

    def is_carried(self, object_: str, name: str) -> bool:
        """Whether the field only rides along with other changes (last synced at)."""
        mapping = self.mapping(object_, name)
        return mapping is not None and mapping.value.endswith(".synced_at")

    def carried(self, object_: str, values: Mapping[str, Scalar], as_of: datetime) -> dict[str, Scalar]:
        """The fields that ride along with a change of this object, and their values."""
        mappings = (mapping for mapping in self.agreement.crm.fields if mapping.object == object_)
        names = [mapping.field for mapping in mappings if mapping.value.endswith(".synced_at")]
        present = stamp_text(as_of)
        return {name: values.get(name) or present for name in names if self._is_there(object_, name)}

    def is_routine(self, object_: str, name: str, before: Scalar, after: Scalar) -> bool:
        """Whether a change is ageing only: a number that moved little, or a reason text."""
        if self.is_sentence(object_, name):
            return True
        if isinstance(before, bool) or isinstance(after, bool) or not isinstance(before, int | float) or not isinstance(after, int | float):
            return False
        share = self.agreement.write_back.guard.routine_change_pct / 100
        largest = max(abs(before), abs(after))
        # written by steps, a number that ages has fallen by a step and the last day's decay
        aged = 2 * self._step(largest) if self.agreement.write_back.steps.refresh_days and after < before else 0.0
        return abs(after - before) < max(share * largest, aged)

    def is_within_step(self, object_: str, name: str, before: Scalar, after: Scalar) -> bool:
        """Whether the difference alone is not worth a write: a sentence, or a number that moved by less than the agreement's step.

        A trend begins and ends as days pass, never by an activity: its earlier period has got something to compare with, or has lost it.
        """
        if self.is_sentence(object_, name) or (self._is_trend(object_, name) and (before is None or after is None)):
            return True
        if isinstance(before, bool) or isinstance(after, bool) or not isinstance(before, int | float) or not isinstance(after, int | float):
            return False
        if self.ages_in_crm(object_, name) and after > before:
            # points rise by activity alone, however little it is; they fall when an activity passes the horizon
            return after - before < CENT
        return abs(after - before) < self._step(max(abs(before), abs(after)), is_trend=self._is_trend(object_, name))

    def is_sentence(self, object_: str, name: str) -> bool:
        """Whether the field holds a reason."""
        mapping = self.mapping(object_, name)
        return mapping is not None and mapping.value.endswith(_REASONS)

    def ages_in_crm(self, object_: str, name: str) -> bool:
        """Whether the field holds what a formula field of the CRM ages by itself: there is nothing to refresh."""
        mapping = self.mapping(object_, name)
        is_aged = mapping is not None and mapping.value.endswith(_AGED)
        return is_aged and self.agreement.scoring.engagement.decay.ages_by_formula is not None

    def has_refresh(self, object_: str, name: str, before: Scalar, after: Scalar) -> bool:
        """Whether a value within its step is written after some days all the same.

        What the CRM ages and a sentence wait for another field, however long. So does the trend, which moves without an activity only as
        its periods slide; unless it has begun and something still happens.
        """
        if self._is_trend(object_, name):
            return before is None and after is not None and after != _NOTHING_LATELY
        return not (self.ages_in_crm(object_, name) or self.is_sentence(object_, name))

    def is_refresh_due(self, record_id: str, written_at: datetime, now: datetime) -> bool:
        """Whether a value within its step has waited long enough; records have different days, so that they do not all come at once."""
        days = self.agreement.write_back.steps.refresh_days
        first = (days + 1) // 2
        spread = zlib.crc32(record_id.encode()) % (days - first + 1)
        return now - written_at >= timedelta(days=first + spread)

    def is_locked(self, object_: str, values: Mapping[str, Scalar]) -> bool:
        """Whether people ticked the record's do-not-sync box."""
        return any(values.get(name) in (True, "true") for name in self._lock_names(object_))

    def lock_fields(self, object_: str) -> list[str]:
        """The do-not-sync fields that are read again before each batch."""
        return [name for name in self._lock_names(object_) if self._is_there(object_, name)]

    def misfit(self, object_: str, name: str, value: Scalar) -> str | None:
        """Why the value cannot be stored in the field, or None."""
        misfit = self.shape(object_, name).misfit(value)
        return f"{object_}.{name}: the value {misfit}" if misfit else None

    def external_key_field(self, object_: str) -> str:
        """The unique field that makes a create exactly-once."""
        return self.agreement.crm.tasks.external_key_field

    def is_flapping(self, counts: Mapping[str, int]) -> bool:
        """Whether a field was changed back, or rewritten by the CRM, too often in the window."""
        numbers = self.agreement.write_back.holds
        return counts.get("drift", 0) >= numbers.drift_limit or counts.get("rewritten", 0) >= numbers.rewrite_limit

    def _is_trend(self, object_: str, name: str) -> bool:
        mapping = self.mapping(object_, name)
        return mapping is not None and mapping.value == _TREND

    def _step(self, value: float, *, is_trend: bool = False) -> float:
        steps = self.agreement.write_back.steps
        least, share = (steps.trend_points, steps.trend_pct) if is_trend else (steps.points, steps.pct)
        return max(least, share / 100 * value)

    def _lock_names(self, object_: str) -> list[str]:
        inputs = (mapping for mapping in self.agreement.crm.inputs if mapping.object == object_)
        return [mapping.field for mapping in inputs if mapping.meaning == "is_do_not_sync"]

    def _is_there(self, object_: str, name: str) -> bool:
        return object_ not in self.shapes or shape_of(self.shapes, object_, name) is not None
