"""Columns that people fill in for us in the CRM, by the agreement's input map."""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.staging import values

_FLAGS = ("is_on_hold", "is_incorrect_account", "is_do_not_sync")


def add_inputs(current: ibis.Table, *, object_: str, meanings: tuple[str, ...], crm: Crm) -> ibis.Table:
    """Add one column per meaning to a typed table that still has `custom_fields`.

    Checkboxes that nobody mapped or read are false, other meanings null; `is_target_flagged` stays null when no field is mapped.
    """
    fields = {mapping.meaning: mapping.field for mapping in crm.inputs if mapping.object == object_}
    columns: dict[str, ibis.Value] = {}
    for meaning in meanings:
        value = values.custom(current, fields.get(meaning))  # type: ignore[call-overload]
        if meaning in _FLAGS:
            value = values.flag(value).fill_null(False)
        elif meaning == "is_target_flagged":
            value = values.flag(value)
        columns[meaning] = value
    return current.mutate(**columns)
