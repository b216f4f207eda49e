"""What an answer of Marketo means: errors come with HTTP 200 and a code in the body.

Belongs here: status and code -> verdict, for whole requests. Record-level outcomes are `writes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import Answer
from alignment_pipeline.connectors.refusals import RequestRefused
from alignment_pipeline.connectors.transport import TAKE, Call, Verdict
from alignment_pipeline.errors import CredentialsRefused, QuotaExhausted, Retryable

# 600 is what a call without its token gets; 601 and 602 are refused and expired tokens.
_TOKEN = frozenset({"600", "601", "602"})
_RATE = {"606": 20.0, "615": 2.0}
# 604 timed out and 611 system error may have done the work; the others say that they did not begin.
_PASSING = {"604": False, "611": False, "713": False, "608": True, "614": True}
_EMPTY = "702"
_RESET = "it starts again at midnight US Central time"


class MarketoRefused(RequestRefused):
    """Marketo refused a whole request."""


def first_error(body: Any) -> tuple[str, str]:
    """Code and message of the first error of an answer; empty strings when it is none."""
    if not isinstance(body, Mapping):
        return "", ""
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return str(errors[0].get("code") or ""), str(errors[0].get("message") or "")
    if body.get("error"):
        return str(body["error"]), str(body.get("error_description") or "")
    return "", ""


def judge(call: Call, answer: Answer) -> Verdict:
    """See `Judge`."""
    if answer.status in call.accept:
        return TAKE
    if 200 <= answer.status < 300:
        if not call.expects_json and not answer.body:
            return TAKE
        body = answer.json()
        if not call.is_signed or (isinstance(body, Mapping) and body.get("success") is True):
            return TAKE
        code, detail = first_error(body)
        return _refusal(call, answer, code, detail)
    code, detail = first_error(answer.json_or_none())
    return _refusal(call, answer, code, detail)


def _refusal(call: Call, answer: Answer, code: str, detail: str) -> Verdict:
    what = redaction.PROCESS(f"{call.endpoint}: {answer.status} {code or 'without an error code'}: {detail[:500] or answer.fingerprint}")
    if not call.is_signed and answer.status in (400, 401, 403):
        return Verdict(error=CredentialsRefused(f"{what}. Check MARKETO_CLIENT_ID and MARKETO_CLIENT_SECRET"))
    if code in _TOKEN or (answer.status == 401 and call.is_signed):
        return Verdict(error=CredentialsRefused(what), renew=True)
    if code in _RATE or answer.status == 429:
        return Verdict(error=Retryable(what), repeat=True, is_refusal=True, least_wait=_RATE.get(code, 2.0))
    if code in _PASSING:
        return Verdict(error=Retryable(what), repeat=True, is_refusal=_PASSING[code])
    if code == "607" or (code == "1029" and "quota" in detail.lower()):
        return Verdict(error=QuotaExhausted(f"{what}. The day's quota is used up; {_RESET}"))
    if code == _EMPTY:
        return TAKE
    if code == "603":
        what += ". The API user's role lacks this permission, or the network is not on the allow-list: ask the Marketo administrator"
    if not code and (answer.status >= 500 or answer.status in (408, 420) or answer.status < 400):
        return Verdict(error=Retryable(what), repeat=True)
    return Verdict(error=MarketoRefused(what, status=answer.status, code=code, detail=detail))
