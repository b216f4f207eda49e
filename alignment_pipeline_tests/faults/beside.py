"""What the write-back must show beside the 86 rows: kills, sweeps, random histories, rollback, teeth.

Belongs here: the second table of `make faults`, in the form of `rows.py`. Throughput is measured by `make bench-write-back`.
"""

from __future__ import annotations

from alignment_pipeline_tests.faults.rows import Row

_KILL = "alignment_pipeline_tests/faults/test_kill.py::test"
_SYNC = "alignment_pipeline_tests/write_back"


def _shown(number: int, group: str, fault: str, expected: str, *proofs: str) -> Row:
    return Row(number, group, fault, expected, proofs)


BESIDE: tuple[Row, ...] = (
    _shown(
        1,
        "kill",
        "210 random kills over three seeds, 12 % wire faults",
        "nothing lost, doubled or overwritten",
        f"{_KILL}_killed_at_random",
    ),
    _shown(2, "kill", "every crash point of an apply, three seeds", "the same", f"{_KILL}_every_crash_point"),
    _shown(
        3,
        "kill",
        "20 kills of Dagster runs",
        "the CRM ends as one that nobody killed",
        "alignment_pipeline_tests/faults/test_dagster_kill.py",
    ),
    _shown(4, "teeth", "five broken variants of the protocol", "each is caught", f"{_KILL}_a_broken_variant"),
    _shown(5, "histories", "500 random histories of 60 steps", "no invariant broken", f"{_SYNC}/test_machine.py"),
    _shown(
        6,
        "rollback",
        "5,000 records rolled back, 3 % edited since",
        "the untouched restored, the touched kept",
        f"{_SYNC}/plans/test_rollback.py",
    ),
    _shown(
        7,
        "kill",
        "100 random kills of writing to HubSpot, 12 % wire faults",
        "nothing lost, doubled or overwritten",
        "alignment_pipeline_tests/faults/test_portal.py::test_killed_at_random",
    ),
    _shown(
        8,
        "teeth",
        "four broken variants of the protocol, at HubSpot",
        "each is caught",
        "alignment_pipeline_tests/faults/test_portal.py::test_a_broken_variant",
    ),
)
