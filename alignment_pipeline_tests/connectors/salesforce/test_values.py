"""Python values as the API takes them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from alignment_pipeline.connectors.salesforce.values import wire_value


def test_python_values_are_written_as_the_api_takes_them() -> None:
    body = {"a": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "b": date(2026, 1, 2), "c": Decimal("7.25"), "d": Decimal("7")}

    assert json.loads(json.dumps(body, default=wire_value)) == {"a": "2026-01-02T03:04:05.000Z", "b": "2026-01-02", "c": 7.25, "d": 7}
    for wrong in (datetime(2026, 1, 1), object()):
        with pytest.raises(TypeError):
            wire_value(wrong)
