"""What an answer of Salesforce means: take it, log in again, repeat, or give up.

Belongs here: status and error code -> verdict, for whole requests. Outcomes of single records are `results.py`.
"""

from __future__ import annotations

import re

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import Answer
from alignment_pipeline.connectors.calls import CallCounter, Usage
from alignment_pipeline.connectors.refusals import RequestRefused
from alignment_pipeline.connectors.salesforce.results import error_of
from alignment_pipeline.connectors.transport import TAKE, Call, Verdict
from alignment_pipeline.errors import CredentialsRefused, QuotaExhausted, Retryable

_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_LOGIN_CODES = frozenset(
    (
        *("invalid_grant", "invalid_client", "invalid_client_id", "invalid_request", "invalid_scope", "invalid_app_access"),
        *("unsupported_grant_type", "unauthorized_client", "inactive_user", "inactive_org", "access_denied"),
        *("INVALID_LOGIN", "INVALID_OPERATION", "LOGIN_MUST_USE_SECURITY_TOKEN", "LOGIN_DURING_RESTRICTED_TIME", "PASSWORD_LOCKOUT"),
        *("API_DISABLED_FOR_ORG", "ORG_LOCKED", "UNSUPPORTED_API_VERSION"),
    )
)
_GATEWAY = frozenset({406, 408, 420})


# Bulk jobs, their batches and their bytes have daily limits of their own, beside the API requests
_BULK_LIMIT = re.compile(r"max bulk|bulk.*(per 24 hrs?|24[- ]hour|daily|rolling)", re.IGNORECASE)
_BULK_CODES = frozenset({"LIMIT_EXCEEDED", "API_LIMIT_EXCEEDED", "EXCEEDEDQUOTA", "EXCEEDED_QUOTA"})


class BulkQuotaExhausted(QuotaExhausted):
    """The day's Bulk jobs or their bytes are used up; REST still answers."""


class SalesforceRefused(RequestRefused):
    """Salesforce refused a whole request."""


class SalesforceJudge:
    """Judges answers, and notes the organisation's API usage that each of them carries."""

    def __init__(self, counter: CallCounter, redact: redaction.Redactor = redaction.PROCESS) -> None:
        self._counter = counter
        self._redact = redact

    def __call__(self, call: Call, answer: Answer) -> Verdict:
        """See `Judge`."""
        usage = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if usage:
            self._counter.usage = Usage(int(usage[1]), int(usage[2]))
        if answer.status in call.accept or answer.status == 204:
            return TAKE
        if 200 <= answer.status < 300:
            if call.expects_json:
                answer.json()
            return TAKE
        return self._refusal(call, answer)

    def _refusal(self, call: Call, answer: Answer) -> Verdict:
        code, detail, fields = error_of(answer.json_or_none())
        what = self._redact(f"{call.endpoint}: {answer.status} {code or 'without an error code'}: {detail[:500] or answer.fingerprint}")
        if code == "REQUEST_LIMIT_EXCEEDED":
            if "concurrent" in detail.lower():
                return Verdict(error=Retryable(what), repeat=True, is_refusal=True, least_wait=2.0)
            return Verdict(error=QuotaExhausted(f"{what}. The day's API requests are used up; the run goes on from its watermark later"))
        if call.endpoint.startswith("bulk") and (code.upper() in _BULK_CODES or _BULK_LIMIT.search(detail)):
            return Verdict(error=BulkQuotaExhausted(f"{what}. The day's Bulk jobs are used up; the run goes on from its watermark later"))
        if code in _LOGIN_CODES and not call.is_signed:
            return Verdict(error=CredentialsRefused(f"{what}. Login is not tried again, since repeated failures lock the user"))
        if answer.status == 401 and call.is_signed:
            return Verdict(error=CredentialsRefused(what), renew=True)
        if answer.status == 401:
            return Verdict(error=CredentialsRefused(what))
        # a transaction security policy that took too long blocked the request: nothing was done, and the next try may well pass
        if code in ("SERVER_UNAVAILABLE", "TXN_SECURITY_METERING_ERROR") or answer.status == 429:
            return Verdict(error=Retryable(what), repeat=True, is_refusal=True)
        if answer.status in _GATEWAY or answer.status >= 500:
            return Verdict(error=Retryable(what), repeat=True)
        if answer.status == 403 and not code:
            what += ". Check the integration user's permissions and the network's login rules"
        if answer.status == 410 or code == "UNSUPPORTED_API_VERSION":
            what += ". Set SALESFORCE_API_VERSION to a version that the organisation still serves"
        return Verdict(error=SalesforceRefused(what, status=answer.status, code=code, detail=detail, fields=fields))
