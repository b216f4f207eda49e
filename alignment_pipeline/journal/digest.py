"""The hash by which the journal recognises content: a plan, an operation, a base, an attempt.

Belongs here: the canonical form of a value. What is hashed, and why: where it is called.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from alignment_pipeline.journal.journal import stamp


def digest(content: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":"), default=_plain).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return stamp(value) if isinstance(value, datetime) else str(value)
