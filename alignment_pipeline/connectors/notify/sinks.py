"""Sinks: the ways a message can leave: Apprise (e-mail, Slack, Teams and whatever else it knows) and files.

Belongs here: one small class per way, which either delivers or raises. Retrying, quiet hours and memory: `notifier.py`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import apprise

from alignment_pipeline.connectors.notify.messages import Recipient
from alignment_pipeline.errors import ConfigurationError, Retryable

ENVIRONMENT_VARIABLE = "ALIGNMENT_NOTIFY_URLS"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+$")


class Sink(Protocol):
    """A way out. `name` tells sinks apart in the outbox and holds no secret."""

    name: str
    is_personal: bool
    """One message per recipient, instead of one for all."""

    def send(self, key: str, subject: str, body: str, recipients: Sequence[Recipient]) -> None:
        """Deliver or raise: Retryable when it may work later."""


class FileSink:
    """Writes each message as a file: for the demo, and for those who watch a folder. A key is written once."""

    name = "file"
    is_personal = False

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def send(self, key: str, subject: str, body: str, recipients: Sequence[Recipient]) -> None:
        """Write `<key>.txt`, readable by its owner alone. Raises Retryable when the disk refuses."""
        to = ", ".join(f"{one.name} ({one.email or one.user_id})" for one in recipients) or "(channel)"
        name = f"{_UNSAFE.sub('-', key)[:120]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.txt"
        aside = self.directory / f".{name}.{os.getpid()}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"To: {to}\nSubject: {subject}\n\n{body}\n")
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.directory / name)
        except OSError as error:
            raise Retryable(f"notification file in {self.directory}: {error.strerror}") from error


class AppriseSink:
    """One Apprise URL. A URL that holds `{email}` gets one message per recipient, others one message per rung."""

    def __init__(self, url: str) -> None:
        self._url = url.strip()
        self.is_personal = "{email}" in self._url
        scheme = self._url.partition("://")[0].lower()
        # the URL holds tokens, so only its kind and a digest stand in the outbox and in errors
        self.name = f"{scheme}-{hashlib.sha256(self._url.encode()).hexdigest()[:8]}"
        self._service(self._url.replace("{email}", "somebody%40example.com"))

    def send(self, key: str, subject: str, body: str, recipients: Sequence[Recipient]) -> None:
        """Deliver. Raises Retryable when the service is down or refuses; the URL is never part of the message."""
        url = self._url
        if self.is_personal:
            address = next((one.email for one in recipients if _EMAIL.match(one.email)), None)
            if address is None:
                raise Retryable(f"{self.name}: the recipient has no e-mail address in the CRM")
            url = url.replace("{email}", quote(address, safe=""))
        else:
            names = ", ".join(one.name for one in recipients if one.name)
            body = f"For {names}\n{body}" if names else body
        try:
            delivered = self._service(url).notify(title=subject, body=body, body_format=apprise.NotifyFormat.TEXT)
        except (OSError, TypeError, ValueError) as error:
            raise Retryable(f"{self.name}: {type(error).__name__}") from error
        if not delivered:
            raise Retryable(f"{self.name}: the service did not take the message")

    def _service(self, url: str) -> apprise.Apprise:
        service = apprise.Apprise()
        if not service.add(url):
            raise ConfigurationError(
                f"{ENVIRONMENT_VARIABLE}: the entry of kind {url.partition('://')[0]!r} is not a URL that Apprise can read; "
                "see its documentation for the form"
            )
        return service


def sinks_of(urls: str, directory: Path) -> list[Sink]:
    """Sinks for the value of ALIGNMENT_NOTIFY_URLS (separated by spaces or commas before a scheme); without one, files in `directory`."""
    parts = [part for part in re.split(r"[\s,]+(?=[a-z0-9]+://)", urls.strip()) if part]
    sinks: list[Sink] = [AppriseSink(url) for url in parts]
    return sinks or [FileSink(directory)]
