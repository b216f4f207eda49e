"""What `alignment doctor` finds.

Belongs here: the form. Each system's examination is in its connector; the examination of our own state in `operations/doctor.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from alignment_pipeline.errors import AlignmentError, Retryable

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


def checked(subject: str, step: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a step finds. An error that ends it becomes a finding as well, so that the next step still runs."""
    try:
        yield from step()
    except AlignmentError as error:
        fix = "check the host name, the network and the proxy, then try again" if isinstance(error, Retryable) else ""
        yield Finding(subject, "fail", str(error), fix)
