"""Access tokens: static ones of a private app, and those that OAuth gives for half an hour.

Belongs here: who may call. What each call needs is said by its route.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.hubspot.answers import Refusal
from alignment_pipeline.sandbox.hubspot.settings import READ_SCOPES, WRITE_SCOPES, HubSpotSettings


@dataclass(frozen=True)
class App:
    """The caller: its name in the audit log and what it may do."""

    name: str
    scopes: frozenset[str]


class Tokens:
    """The tokens of one portal. `rotate` ends a static one."""

    def __init__(self, settings: HubSpotSettings) -> None:
        self._settings = settings
        self._static = dict(settings.tokens)
        self._issued: dict[str, datetime] = {}

    def issue(self, form: dict[str, str], now: datetime) -> dict[str, object]:
        """`POST /oauth/v1/token` with a refresh token. Raises Refusal 400 for wrong credentials."""
        secret, refresh = self._settings.oauth_clients.get(form.get("client_id", ""), ("", ""))
        if form.get("grant_type") != "refresh_token":
            raise Refusal(400, "VALIDATION_ERROR", "missing or unknown grant type", more={"error": "unsupported_grant_type"})
        if not secret or form.get("client_secret") != secret:
            raise Refusal(400, "VALIDATION_ERROR", "missing or invalid client id or secret", more={"error": "invalid_client"})
        if form.get("refresh_token") != refresh:
            raise Refusal(400, "VALIDATION_ERROR", "missing or invalid refresh token", more={"error": "invalid_grant"})
        token = f"oauth-{len(self._issued) + 1:08d}-{self._settings.portal_id}"
        self._issued[token] = now + timedelta(seconds=self._settings.token_seconds)
        return {"access_token": token, "refresh_token": refresh, "expires_in": self._settings.token_seconds, "token_type": "bearer"}

    def rotate(self, token: str) -> None:
        """End a token."""
        self._static.pop(token, None)
        self._issued.pop(token, None)

    def app_of(self, token: str, now: datetime) -> App:
        """Who calls. Raises Refusal 401."""
        if token in self._static:
            return App(f"private-app-{token[-4:]}", self._static[token])
        if self._issued.get(token, now) > now:
            return App("oauth-app", READ_SCOPES | WRITE_SCOPES)
        raise Refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or expired")
