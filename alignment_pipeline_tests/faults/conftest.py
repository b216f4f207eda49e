"""Assertions in the harness and the cases say what they compared."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "alignment_pipeline_tests.faults.harness",
    "alignment_pipeline_tests.faults.cases_starts",
    "alignment_pipeline_tests.faults.cases_wire",
    "alignment_pipeline_tests.faults.kill",
    "alignment_pipeline_tests.faults.portal_kill",
)
