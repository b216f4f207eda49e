"""Python values as Salesforce takes them.

Belongs here: what a request may hold. Values that come from outside: `connectors/values.py`.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from alignment_pipeline.connectors.values import stamp_text

# Values of these types cannot be read by Bulk, or are not one value.
UNREADABLE_TYPES = frozenset({"address", "location", "base64", "complexvalue"})


def wire_value(value: Any) -> Any:
    """A Python value that JSON has no form for, as Salesforce takes it. TypeError for anything else (json's `default`)."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("a moment without a time zone cannot be written")
        return stamp_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} cannot be written to Salesforce")
