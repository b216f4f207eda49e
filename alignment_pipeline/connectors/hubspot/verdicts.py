"""What an answer of HubSpot means: take it, renew the token, wait and repeat, or give up.

Belongs here: status and category -> verdict, for whole requests. Rows of a batch are read where the batch is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import Answer
from alignment_pipeline.connectors.calls import CallCounter, Usage
from alignment_pipeline.connectors.refusals import RequestRefused
from alignment_pipeline.connectors.transport import TAKE, Call, Verdict
from alignment_pipeline.errors import CredentialsRefused, QuotaExhausted, Retryable

LOGIN = ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_REFRESH_TOKEN")
_WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
# locked, and a migration of the account between data centres: the work was not begun
_NOT_BEGUN = {423: 2.0, 477: 10.0}
_RESET = "it starts again at midnight in the account's time zone"


class HubSpotRefused(RequestRefused):
    """HubSpot refused a whole request. `reason` is the code of the first error inside it, "" where there is none."""

    def __init__(self, message: str, *, status: int, code: str, detail: str, fields: tuple[str, ...] = (), reason: str = "") -> None:
        super().__init__(message, status=status, code=code, detail=detail, fields=fields)
        self.reason = reason


def missing_scopes(body: Any) -> list[str]:
    """Scopes that a refused call would have needed, wherever the answer names them."""
    lacking: list[str] = []
    for error in (body.get("errors") or []) if isinstance(body, Mapping) else []:
        context = error.get("context") if isinstance(error, Mapping) else None
        for name in ("requiredGranularScopes", "requiredScopes"):
            lacking += [str(scope) for scope in (context or {}).get(name) or []]
    return list(dict.fromkeys(lacking))


class HubSpotJudge:
    """Judges answers, and notes the account's usage of the day that they carry. `login`: the variables that a login needs."""

    def __init__(self, counter: CallCounter, *, is_static: bool, login: Sequence[str] = LOGIN) -> None:
        self._counter = counter
        self._is_static = is_static
        self._login = login

    def __call__(self, call: Call, answer: Answer) -> Verdict:
        """See `Judge`."""
        self._note_usage(answer)
        if answer.status in call.accept or answer.status == 204:
            return TAKE
        if 200 <= answer.status < 300:
            if call.expects_json:
                answer.json()
            return TAKE
        return self._refusal(call, answer)

    def _note_usage(self, answer: Answer) -> None:
        allowed, left = answer.headers.get("X-HubSpot-RateLimit-Daily", ""), answer.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if allowed.isdigit() and left.isdigit():
            self._counter.usage = Usage(int(allowed) - int(left), int(allowed))

    def _refusal(self, call: Call, answer: Answer) -> Verdict:
        body = answer.json_or_none()
        code, detail, policy = "", "", ""
        if isinstance(body, Mapping):
            code, detail = str(body.get("category") or body.get("errorType") or ""), str(body.get("message") or "")
            policy = str(body.get("policyName") or "")
        shown = detail[:500] or answer.fingerprint
        what = redaction.PROCESS(f"{call.endpoint}: {answer.status} {code or 'without a category'}: {shown}")
        if not call.is_signed and answer.status in (400, 401, 403):
            advice = f"Check {', '.join(self._login[:-1])} and {self._login[-1]}"
            return Verdict(error=CredentialsRefused(f"{what}. {advice}"))
        if answer.status == 401 and self._is_static:
            advice = "The token was rotated or the private app removed: set HUBSPOT_ACCESS_TOKEN to the present one"
            return Verdict(error=CredentialsRefused(f"{what}. {advice}"))
        if answer.status == 401:
            return Verdict(error=CredentialsRefused(what), renew=True)
        if answer.status == 429 and policy == "DAILY":
            return Verdict(error=QuotaExhausted(f"{what}. The day's calls are used up; {_RESET}"))
        if answer.status == 429:
            return Verdict(error=Retryable(what), repeat=True, is_refusal=True, least_wait=_WAITS.get(policy, 1.0))
        if answer.status in _NOT_BEGUN:
            return Verdict(error=Retryable(what), repeat=True, is_refusal=True, least_wait=_NOT_BEGUN[answer.status])
        if answer.status >= 500 or answer.status in (408, 420):
            return Verdict(error=Retryable(what), repeat=True)
        scopes = missing_scopes(body)
        if answer.status == 403 and scopes:
            what += f". Give the app the scope {', '.join(scopes)}"
        reason, fields = _blamed(body)
        # a refused write names what it lacked, as it does for a property
        fields = fields or tuple(scopes)
        return Verdict(error=HubSpotRefused(what, status=answer.status, code=code, detail=detail, fields=fields, reason=reason))


def _blamed(body: Any) -> tuple[str, tuple[str, ...]]:
    """Code and properties of the first error inside an answer."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    names = (first.get("context") or {}).get("propertyName") or ()
    return str(first.get("code") or ""), tuple(str(name) for name in names)
