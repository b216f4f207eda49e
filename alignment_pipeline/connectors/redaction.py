"""Nothing secret leaves in a log line or an exception.

Belongs here: what a secret looks like, the registry of the configured ones, and the logging filter. Reading them from the
environment is done in each connector's `credentials.py`.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

MASK = "[redacted]"
_NAMES = (
    r"access_token|refresh_token|id_token|client_secret|consumer_secret|client_assertion|assertion|password|passwd|security_token"
    r"|sessionid|session_id|private_key|api_key|apikey|secret"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"\b(Bearer)\s+(?!\[redacted)[A-Za-z0-9._~+/=!:%-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    # a word of letters after these two is prose ("OAuth client credentials"); a token holds a digit or a sign
    (re.compile(r"\b(Basic|OAuth)\s+(?!\[redacted)(?=\S*[0-9+/=!])[A-Za-z0-9._~+/=!:%-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\b00D[A-Za-z0-9]{12,15}(?:!|%21)[A-Za-z0-9._%]+"), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(rf"(<(?:\w+:)?(?:{_NAMES})>)[^<]*", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"((?:{_NAMES})[\"']?\s*(?:=|:|%3D)\s*)(\"[^\"]*\"|'[^']*'|[^\"'&\s,;}}<)]+)", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"(://[^/\s:@]+:)[^/\s@]+@"), rf"\1{MASK}@"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:[a-z0-9]{2,8}\b"), MASK),
)
# A shorter configured value would blank ordinary words out of every message.
_SHORTEST = 6


class Redactor:
    """Replaces secrets in text: whatever looks like one, and every value given to `add`."""

    def __init__(self) -> None:
        self._values: tuple[str, ...] = ()

    def add(self, *secrets: str | None) -> None:
        """Register configured secrets, with their URL-encoded and XML-escaped forms."""
        forms = set(self._values)
        for secret in secrets:
            # masking a word like "password" itself would hide the name that gives the value behind it away
            if secret and len(secret) >= _SHORTEST and not _NAME.fullmatch(secret):
                forms.update((secret, quote(secret, safe=""), quote_plus(secret), escape(secret), escape(secret, {'"': "&quot;"})))
        self._values = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def __call__(self, text: str) -> str:
        """The text without secrets and without control characters that could forge a log line."""
        for value in self._values:
            text = text.replace(value, MASK)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return "".join(letter if letter in "\n\t" or letter.isprintable() else "\ufffd" for letter in text)


PROCESS = Redactor()
"""The process's redactor: credentials register themselves here when they are read."""


class RedactionFilter(logging.Filter):
    """Redacts a record in place: message, arguments and traceback. Never drops one."""

    def __init__(self, redactor: Redactor = PROCESS) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; always true."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f"{record.msg!s} {record.args!r}"
        record.msg, record.args = self._redactor(message), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = self._redactor("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        if record.stack_info:
            record.stack_info = self._redactor(record.stack_info)
        return True


def install(redactor: Redactor = PROCESS) -> None:
    """Redact every log record of this process at its birth, whichever logger and handler it meets. Idempotent."""
    present = logging.getLogRecordFactory()
    if getattr(present, "redactor", None) is redactor:
        return
    logging.setLogRecordFactory(_factory(present, RedactionFilter(redactor), redactor))


def _factory(make: Callable[..., logging.LogRecord], redaction: RedactionFilter, redactor: Redactor) -> Callable[..., logging.LogRecord]:
    def record(*args: object, **kwargs: object) -> logging.LogRecord:
        entry = make(*args, **kwargs)
        redaction.filter(entry)
        return entry

    record.redactor = redactor  # type: ignore[attr-defined]
    return record
