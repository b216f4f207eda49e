"""Access tokens: static ones of a private app, those that OAuth gives for half an hour, and those of an app for itself.

Belongs here: who may call. What each call needs is said by its route.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.hubspot.answers import Refusal
from alignment_pipeline.sandbox.hubspot.settings import READ_SCOPES, WRITE_SCOPES, HubSpotSettings


@dataclass(frozen=True)
class App:
    """The caller: its name in the audit log and what it may do. `is_itself`: an app on its own behalf, which sees no records."""

    name: str
    scopes: frozenset[str]
    is_itself: bool = False


class Tokens:
    """The tokens of one portal. `rotate` ends a static one."""

    def __init__(self, settings: HubSpotSettings) -> None:
        self._settings = settings
        self._static = dict(settings.tokens)
        self._issued: dict[str, datetime] = {}
        self._of_apps: dict[str, tuple[datetime, frozenset[str]]] = {}

    def issue(self, form: dict[str, str], now: datetime) -> dict[str, object]:
        """`POST /oauth/v1/token` with a refresh token, or for the app itself. Raises Refusal 400 for wrong credentials."""
        if form.get("grant_type") == "client_credentials":
            return self._for_itself(form, now)
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

    def _for_itself(self, form: dict[str, str], now: datetime) -> dict[str, object]:
        """A token with the scopes that are asked for, each of which the app must have. There is no refresh token."""
        secret, granted = self._settings.journal_apps.get(form.get("client_id", ""), ("", frozenset()))
        if not secret or form.get("client_secret") != secret:
            raise Refusal(400, "VALIDATION_ERROR", "missing or invalid client id or secret", more={"error": "invalid_client"})
        asked = frozenset(form.get("scope", "").split())
        if not asked or asked - granted:
            lacking = ", ".join(sorted(asked - granted)) or "no scope is asked for"
            raise Refusal(400, "VALIDATION_ERROR", f"the app does not have the scopes: {lacking}", more={"error": "invalid_scope"})
        token = f"app-{len(self._of_apps) + 1:08d}"
        self._of_apps[token] = (now + timedelta(seconds=self._settings.token_seconds), asked)
        return {"access_token": token, "expires_in": self._settings.token_seconds, "token_type": "bearer", "scope": " ".join(sorted(asked))}

    def rotate(self, token: str) -> None:
        """End a token."""
        self._static.pop(token, None)
        self._issued.pop(token, None)
        self._of_apps.pop(token, None)

    def app_of(self, token: str, now: datetime) -> App:
        """Who calls. Raises Refusal 401."""
        if token in self._static:
            return App(f"private-app-{token[-4:]}", self._static[token])
        if self._issued.get(token, now) > now:
            return App("oauth-app", READ_SCOPES | WRITE_SCOPES)
        ends, scopes = self._of_apps.get(token, (now, frozenset()))
        if ends > now:
            return App("app-itself", scopes, is_itself=True)
        raise Refusal(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or expired")
