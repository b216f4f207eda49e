"""What `alignment doctor` finds.

Belongs here: the form. Each system's examination is in its connector; the examination of our own state in `operations/doctor.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and what to do."""

    subject: str
    status: Status
    text: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        """As `--json` shows it."""
        return asdict(self)
