"""What the guard answers: checks with their numbers, and the verdict that follows from them.

Belongs here: the answer's form. The checks themselves: `guard.py`, `schema_checks.py`, `source_health.py`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

#: A person may lift a block for how much changes; every other block is for what is never right, or lifted by `accept-sources`.
AMOUNTS = frozenset({"records_changed", "values_cleared", "owners_changed", "creates", "value_mix"})


class Verdict(StrEnum):
    """The worst of the checks decides the plan."""

    OK = "OK"
    NEEDS_APPROVAL = "NEEDS_APPROVAL"
    BLOCKED = "BLOCKED"


_ORDER = list(Verdict)


@dataclass(frozen=True)
class Check:
    """One check with its numbers, in words a person can act on."""

    name: str
    subject: str
    verdict: Verdict
    text: str
    value: float | None = None
    approve_above: float | None = None
    block_above: float | None = None
    #: Of the managed records; None where the limit knows no share.
    share_pct: float | None = None

    def to_json(self) -> dict[str, Any]:
        """For `plan.guard` and `--json`."""
        return asdict(self) | {"verdict": self.verdict.value}


@dataclass(frozen=True)
class Judgement:
    """The guard's answer: the verdict and every check."""

    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks."""
        verdicts = {check.verdict for check in self.checks}
        return next((one for one in (Verdict.BLOCKED, Verdict.NEEDS_APPROVAL) if one in verdicts), Verdict.OK)

    @property
    def is_liftable(self) -> bool:
        """Whether a person's signature can let the plan be applied."""
        return all(check.name in AMOUNTS for check in self.checks if check.verdict is Verdict.BLOCKED)

    def to_text(self) -> str:
        """For the journal."""
        return json.dumps({"verdict": self.verdict.value, "checks": [check.to_json() for check in self.checks]})

    def is_worse_than(self, text: str) -> bool:
        """Whether any check is judged worse than in an earlier judgement (`to_text`); one that was not made then was fine."""
        before: dict[tuple[str, str], int] = {}
        for check in json.loads(text)["checks"]:
            key = (check["name"], check["subject"])
            before[key] = max(before.get(key, 0), _ORDER.index(check["verdict"]))
        return any(_ORDER.index(check.verdict) > before.get((check.name, check.subject), 0) for check in self.checks)

    def reasons(self, verdict: Verdict | None = None) -> list[str]:
        """What stands in the way, worst first; or only the reasons of one verdict."""
        order = (verdict,) if verdict else (Verdict.BLOCKED, Verdict.NEEDS_APPROVAL)
        return [check.text for one in order for check in self.checks if check.verdict is one]
