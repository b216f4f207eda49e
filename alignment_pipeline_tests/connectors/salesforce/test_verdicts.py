"""What passes by itself is asked again; what is used up for the day is said so."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.connectors.answers import Answer
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.salesforce.verdicts import BulkQuotaExhausted, SalesforceJudge, SalesforceRefused
from alignment_pipeline.connectors.transport import Call, Verdict
from alignment_pipeline.errors import QuotaExhausted, Retryable

CODES = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ_", max_size=30)


def verdict(status: int, code: str, message: str = "", endpoint: str = "query Lead") -> Verdict:
    body = json.dumps([{"errorCode": code, "message": message}]).encode()
    return SalesforceJudge(CallCounter())(Call("GET", "/x", endpoint, is_signed=True), Answer(status, {}, body, endpoint))


@given(status=st.integers(500, 599), code=CODES)
def test_every_fault_of_the_server_is_asked_again_whatever_its_code(status: int, code: str) -> None:
    if code == "REQUEST_LIMIT_EXCEEDED":
        return
    found = verdict(status, code)
    assert found.repeat and isinstance(found.error, Retryable)


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_security_policy_that_took_too_long_passes(status: int) -> None:
    found = verdict(status, "TXN_SECURITY_METERING_ERROR", "enabled transaction security policies took too long to complete")
    assert found.repeat and found.is_refusal


@pytest.mark.parametrize(("status", "code"), [(400, "MALFORMED_QUERY"), (403, "INSUFFICIENT_ACCESS"), (404, "NOT_FOUND")])
def test_what_asking_again_cannot_change_is_refused(status: int, code: str) -> None:
    found = verdict(status, code)
    assert not found.repeat and isinstance(found.error, SalesforceRefused)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been reached (10021)."),
        ("EXCEEDEDQUOTA", "ApiBatchItems Limit exceeded."),
        ("API_ERROR", "Bulk API query results bytes of the rolling 24-hour limit are used up"),
        ("LIMIT_EXCEEDED", "ApiBulkV2 daily limit"),
    ],
)
def test_a_quota_of_bulk_is_no_quota_of_requests(code: str, message: str) -> None:
    assert isinstance(verdict(400, code, message, "bulk query create").error, BulkQuotaExhausted)
    assert isinstance(verdict(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "bulk query create").error, QuotaExhausted)
    assert not isinstance(verdict(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests", "bulk query create").error, BulkQuotaExhausted)


@given(
    code=st.sampled_from(["LIMIT_EXCEEDED", "EXCEEDEDQUOTA", "API_ERROR"]) | CODES.filter(lambda code: code != "REQUEST_LIMIT_EXCEEDED"),
    most=st.integers(0, 10**7),
    what=st.sampled_from(["query jobs", "ingest jobs", "result bytes", "batches"]),
    status=st.sampled_from([400, 403]),
)
def test_a_bulk_quota_is_one_whatever_its_code_and_numbers_and_only_of_bulk_calls(code: str, most: int, what: str, status: int) -> None:
    message = f"Max bulk v2 {what} ({most}) per 24 hrs has been reached ({most + 1})."
    assert isinstance(verdict(status, code, message, "bulk query create").error, BulkQuotaExhausted)
    assert not isinstance(verdict(status, code, message, "query Lead").error, BulkQuotaExhausted)
