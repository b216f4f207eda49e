"""A value of a loaded table as the text that a connector would have stored.

Belongs here: one value. A database has types where the system's API sends text; both become the same text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from alignment_pipeline.connectors.loaded.mapping import LoadedSystem
from alignment_pipeline.connectors.values import canonical, stamp_text

_MOMENT_FIELD = re.compile(r"(Date|DateTime|Modstamp|At|timestamp|createdate|lastmodifieddate|closedate|created|date|_time)$")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def field_text(name: str, value: Any, system: LoadedSystem) -> str | None:
    """The text of a field; None where it is empty. ValueError for what is no value."""
    if value is None or value == "":
        return None
    if name in system.dates:
        return value.strftime("%Y-%m-%d") if isinstance(value, (date, datetime)) else str(value)[:10]
    if name in system.milliseconds and not isinstance(value, (str, datetime)):
        return stamp_text(datetime.fromtimestamp(int(value) / 1000, UTC))
    if isinstance(value, str):
        return canonical(value, "datetime") if _MOMENT_FIELD.search(name) and _MOMENT.match(value) else value
    if isinstance(value, datetime):
        return stamp_text(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S.000Z")
    if isinstance(value, (list, tuple, dict)):
        return _listed(value)
    if isinstance(value, (bool, int, float, Decimal)):
        return canonical(value, "boolean" if isinstance(value, bool) else "double")
    return str(value)


def _listed(value: list[Any] | tuple[Any, ...] | dict[str, Any]) -> str | None:
    """Ids of other records joined by semicolons; anything else as JSON."""
    if not isinstance(value, dict) and all(isinstance(one, (str, int)) for one in value):
        return ";".join(sorted(str(one) for one in value)) or None
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
