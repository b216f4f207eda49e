"""The table of `make faults` says what the tests said: passed, failed, or not run at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline_tests.faults import run
from alignment_pipeline_tests.faults.rows import Row

WIRE = "alignment_pipeline_tests/faults/test_wire.py::test_row"
MACHINE = "alignment_pipeline_tests/write_back/test_machine.py"
REPORT = """<testsuites><testsuite>
<testcase classname="alignment_pipeline_tests.faults.test_wire" name="test_row[14]"/>
<testcase classname="alignment_pipeline_tests.faults.test_wire" name="test_row[14 shared]"/>
<testcase classname="alignment_pipeline_tests.faults.test_wire" name="test_row[15]"><failure>no</failure></testcase>
<testcase classname="alignment_pipeline_tests.faults.test_wire" name="test_row[16]"><skipped/></testcase>
<testcase classname="alignment_pipeline_tests.write_back.test_machine.TestWriteBackMachineA" name="runTest"/>
<testcase classname="alignment_pipeline_tests.write_back.test_machine.TestWriteBackMachineB" name="runTest"/>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("proofs", "expected"),
    [
        ((f"{WIRE}[14]",), "pass (1)"),
        ((f"{WIRE}[14]", f"{WIRE}[14 shared]"), "pass (2)"),
        ((MACHINE,), "pass (2)"),
        ((f"{WIRE}[14]", f"{WIRE}[15]"), "FAIL"),
        ((f"{WIRE}[16]",), "FAIL"),
        ((f"{WIRE}[14]", f"{WIRE}[17]"), "not run"),
    ],
)
def test_a_row_is_proven_when_all_its_proofs_ran_and_passed(proofs: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)

    assert expected == run._judge(Row(1, "wire", "x", "y", proofs), run._results(report))
