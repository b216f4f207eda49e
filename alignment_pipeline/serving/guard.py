"""What keeps the pages safe in a browser: headers on every answer, and proof that a form was ours.

Belongs here: the content security policy, the token of the review form. Which hosts are answered: Starlette's TrustedHostMiddleware.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: No script at all, styles from our own file alone, nothing from anywhere else.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
COOKIE = "review"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class SecurityHeaders:
    """Puts the headers on every answer that does not bring its own, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def policy_of_file(page: str) -> str:
    """The policy of a page that we rendered into a file: its own style, known by its hash, and no script."""
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(page)]
    styles = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    return f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class FormTokens:
    """A token in a form belongs to a cookie that only our pages set: a form of another site has neither."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def cookie(self, request: Request) -> str:
        """The visitor's cookie, a new one when there is none."""
        known = request.cookies.get(COOKIE, "")
        return known if re.fullmatch(r"[0-9a-f]{32}", known) else secrets.token_hex(16)

    def token(self, cookie: str) -> str:
        """What the form carries."""
        return hmac.new(self._key, cookie.encode(), hashlib.sha256).hexdigest()

    def is_ours(self, request: Request, token: str) -> bool:
        """Whether a form came from a page of ours in this browser."""
        cookie = request.cookies.get(COOKIE, "")
        site, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin")
        if site not in ("same-origin", "none"):
            return False
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            return False
        return bool(cookie) and hmac.compare_digest(self.token(cookie), token)
