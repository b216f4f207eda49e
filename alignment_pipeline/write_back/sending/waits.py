"""What an apply waits for, in a sentence for the person who watches it.

Belongs here: the wording. When it waits and for how long: `apply.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alignment_pipeline.write_back.plans.journalled import Op

# shorter waits nobody notices
NOTICED_SECONDS = 5.0


def sentence(ops: Sequence[Op], until: datetime, seconds: float) -> str:
    """Why the run waits, and until when: operations whose answer was lost, and those that are tried again."""
    lost = len({(op.object, op.record_id) for op in ops if op.state != "RETRY"})
    again = len({(op.object, op.record_id) for op in ops if op.state == "RETRY"})
    span = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
    parts = []
    if lost:
        parts.append(f"the CRM's answer for {_records(lost)} was lost; they are read when nothing sent can arrive any more")
    if again:
        parts.append(f"{_records(again)} could not be written yet and will be tried again")
    return f"waiting {span}, until {until:%H:%M:%S} UTC: {'; '.join(parts)}"


def _records(number: int) -> str:
    return "1 record" if number == 1 else f"{number:,} records"
