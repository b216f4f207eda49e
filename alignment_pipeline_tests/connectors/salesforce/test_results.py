"""A limit of somebody's trigger is passed by a smaller batch; the row is not dead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.connectors.row_results import RetryClass
from alignment_pipeline.connectors.salesforce.results import retry_class

LIMITS = [
    "Too many SOQL queries: 101", "Too many DML statements: 151", "Too many future calls: 51", "Too many query rows: 50001",
    "Too many queueable jobs added to the queue: 2", "Too many callouts: 101", "Apex heap size too large: 6034112",
    "Apex CPU time limit exceeded", "Maximum stack depth reached: 1001", "Too many Email Invocations: 11",
]  # fmt: skip


@given(
    limit=st.sampled_from(LIMITS),
    trigger=st.text(max_size=40),
    code=st.sampled_from(["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "UNKNOWN_EXCEPTION"]),
)
def test_a_governor_limit_wants_a_smaller_batch_whoever_ran_into_it(limit: str, trigger: str, code: str) -> None:
    assert retry_class(code, f"{trigger}: execution of AfterUpdate caused by: System.LimitException: {limit}") is RetryClass.LOCK
    assert retry_class(code, f"{trigger}: {limit}") is RetryClass.LOCK


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A score above 100 is too much"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "leadTrigger: System.NullPointerException: Attempt to de-reference a null object"),
        ("STRING_TOO_LONG", "Company: data value too large"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Too many contacts for this account, says our rule"),
    ],
)
def test_a_row_that_a_rule_refuses_is_the_row_s_fault(code: str, message: str) -> None:
    assert retry_class(code, message) is RetryClass.ROW
