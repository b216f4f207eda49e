"""Row 36: poison rows. Each is written as it is or quarantined with its reason; nothing crashes, and the sum is right."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

from alignment_pipeline.write_back.fields import quarantine
from alignment_pipeline.write_back.records import dead_letters
from alignment_pipeline_tests.faults.selection import wants_all
from alignment_pipeline_tests.write_back.office import lead_id, office

ROWS = 10_000 if wants_all() else 400
TEXTS = (
    "a\x00b",
    "\ud83d",
    "lone\rreturn",
    "line\nfeed",
    "x" * 200_000,
    "\u202eright to left",
    "\U0001f469\u200d\U0001f680 zero width",
    "=cmd|' /C calc'!A0",
    "#N/A",
    "<script>alert(1)</script>",
    "0000-00-00",
    "NULL",
    "'; DROP TABLE op; --",
    '"quoted", comma',
    "  padded  ",
    "",
    "\t",
    "\x1b[31mred",
    "🎉" * 40,
)
NUMBERS: tuple[Any, ...] = (math.nan, math.inf, -math.inf, 1e308, -0.0, 0, 1e-12, 999_999.994, 1_000_000, True, "12")


def test_row_36(tmp_path: Path) -> None:
    dice = random.Random(36)
    with office(tmp_path, leads=ROWS) as acme:
        for number in range(ROWS):
            acme.want(lead_id(number), Note__c=None, Reason__c=dice.choice(TEXTS), Score__c=dice.choice(NUMBERS))
        planned = acme.plan()
        done = planned.approve().apply()

        written = sum(len(op.after) for op in planned.plan.ops)
        refused = len(planned.plan.quarantined)
        empty = sum(acme.wanted[key] in (None, "", "\t") for key in acme.wanted)
        assert written + refused + empty == 3 * ROWS
        assert done.states == {"VERIFIED": len(planned.plan.ops)} and dead_letters.listing(acme.journal) == []
        assert all(row.reason and row.source.startswith("plan:Lead.") for row in quarantine.listing(acme.journal))
        assert acme.plan().plan.ops == []
        for number in range(0, ROWS, 7):
            wanted = acme.wanted[("Lead", lead_id(number), "Reason__c")]
            if wanted in ("#N/A", "=cmd|' /C calc'!A0", "<script>alert(1)</script>"):
                assert acme.value(lead_id(number), "Reason__c") == wanted
