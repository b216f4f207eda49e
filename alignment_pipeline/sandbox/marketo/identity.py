"""Access tokens: one per custom service, an hour long, the same one until it ends.

Who a token belongs to decides whose export jobs and usage a call sees. Checking the header is `app.py`'s part.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.settings import ApiClient


@dataclass(frozen=True)
class Token:
    """One access token and when it ends."""

    text: str
    user: str
    ends_at: datetime


class Identity:
    """Issues tokens and knows which hold. Not thread safe: the store's lock guards it."""

    def __init__(self, clients: Mapping[str, ApiClient], token_seconds: int) -> None:
        self._clients = clients
        self._token_seconds = token_seconds
        self._by_client: dict[str, Token] = {}
        self._by_text: dict[str, Token] = {}

    def issue(self, client_id: str, secret: str, now: datetime) -> dict[str, object] | None:
        """The answer of the token endpoint; None when id or secret are wrong."""
        client = self._clients.get(client_id)
        if client is None or client.secret != secret:
            return None
        token = self._by_client.get(client_id)
        if token is None or token.ends_at <= now:
            token = Token(f"{uuid.uuid4()}:sb", client.user, now + timedelta(seconds=self._token_seconds))
            self._by_client[client_id] = self._by_text[token.text] = token
        left = int((token.ends_at - now).total_seconds())
        return {"access_token": token.text, "token_type": "bearer", "expires_in": max(0, left - 1), "scope": client.user}

    def user_of(self, text: str, now: datetime) -> str:
        """The API user of a token. Raises Refusal 601 for an unknown token, 602 for one that has ended."""
        token = self._by_text.get(text)
        if token is None:
            raise Refusal("601", "Access token invalid")
        if token.ends_at <= now:
            raise Refusal("602", "Access token expired")
        return token.user

    def expire(self, text: str = "") -> None:
        """End one token, or all: they answer 602 from now on and the next issue makes new ones."""
        for client_id, token in list(self._by_client.items()):
            if not text or token.text == text:
                del self._by_client[client_id]
                self._by_text[token.text] = Token(token.text, token.user, datetime.fromtimestamp(0, token.ends_at.tzinfo))

    def forget(self) -> None:
        """Forget all tokens: they answer 601."""
        self._by_client.clear()
        self._by_text.clear()
