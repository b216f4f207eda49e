"""The field map: what cannot be agreed on, because the write-back could not keep it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alignment_pipeline.agreement.field_map import FieldMapping

SYNCED: dict[str, Any] = {"object": "Lead", "field": "Synced__c", "value": "person.synced_at", "type": "datetime", "label": "Synced"}


def test_a_time_of_syncing_is_never_shared() -> None:
    """It is written along with every change and not decided by itself, so a person's edit of it could not be respected."""
    assert FieldMapping.model_validate(SYNCED).owner == "machine"
    with pytest.raises(ValidationError, match="Synced__c is shared"):
        FieldMapping.model_validate(SYNCED | {"owner": "shared"})
