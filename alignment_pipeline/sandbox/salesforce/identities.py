"""Who may log in: connected apps, passwords, keys, and the sessions they get.

Belongs here: credentials and sessions. The HTTP forms of login are in `login.py`; what a user may see of the schema in `view.py`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

READER = "reader"
WRITER = "writer"


@dataclass(frozen=True)
class ConnectedApp:
    """One external client app with the user that its client-credentials flow runs as."""

    role: str
    client_id: str
    client_secret: str
    username: str


@dataclass
class Session:
    """One access token."""

    token: str
    username: str
    expires_at: datetime
    client: str


@dataclass
class Identities:
    """Credentials of the organisation, made again for each sandbox unless given, and the sessions in force."""

    organization_id: str
    my_domain: str = "acme.my.salesforce.com"
    session_seconds: float = 7200.0
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    security_token: str = field(default_factory=lambda: secrets.token_hex(12))
    soap_login: bool = True
    login_failures_before_lock: int = 10
    locked_seconds: float = 900.0
    apps: tuple[ConnectedApp, ...] = ()
    public_keys: dict[str, str] = field(default_factory=dict)
    approved: set[tuple[str, str]] = field(default_factory=set)
    sessions: dict[str, Session] = field(default_factory=dict)
    failures: dict[str, list[datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.apps:
            self.apps = tuple(
                ConnectedApp(role, f"3MVG9.{secrets.token_urlsafe(24)}", secrets.token_hex(32), f"integration.{role}@sandbox.example")
                for role in (READER, WRITER)
            )
        # An administrator has approved the apps for their own users: JWT needs it before the first use.
        self.approved |= {(app.client_id, app.username) for app in self.apps}

    def app(self, role: str) -> ConnectedApp:
        """The app of a role. Raises KeyError when there is none."""
        for one in self.apps:
            if one.role == role:
                return one
        raise KeyError(role)

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def private_key(self) -> str:
        """A PEM private key whose public half all apps accept; made on first use."""
        public = self._key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        for app in self.apps:
            self.public_keys.setdefault(app.client_id, public.decode())
        private = self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return private.decode()

    def open_session(self, username: str, client: str, now: datetime) -> Session:
        """A new session for a user."""
        token = f"{self.organization_id[:15]}!AQ{secrets.token_urlsafe(60)}"
        session = Session(token, username, now + timedelta(seconds=self.session_seconds), client)
        self.sessions[token] = session
        return session

    def session(self, token: str, now: datetime) -> Session | None:
        """The session of a token while it lives."""
        session = self.sessions.get(token)
        if session is not None and session.expires_at <= now:
            del self.sessions[token]
            return None
        return session

    def failed(self, username: str, now: datetime) -> None:
        """Note a login with a wrong password."""
        self.failures.setdefault(username, []).append(now)

    def is_locked(self, username: str, now: datetime) -> bool:
        """Whether too many wrong passwords have locked a user out, for a while."""
        recent = [at for at in self.failures.get(username, ()) if now - at < timedelta(seconds=self.locked_seconds)]
        return len(recent) >= self.login_failures_before_lock

    def end(self, token: str) -> None:
        """End one session."""
        self.sessions.pop(token, None)

    def environment(self) -> dict[str, str]:
        """The variables that a client of this project logs in with (client credentials, reader and writer apart)."""
        reader, writer = self.app(READER), self.app(WRITER)
        return {
            "SALESFORCE_CLIENT_ID": reader.client_id,
            "SALESFORCE_CLIENT_SECRET": reader.client_secret,
            "SALESFORCE_WRITER_CLIENT_ID": writer.client_id,
            "SALESFORCE_WRITER_CLIENT_SECRET": writer.client_secret,
            "SALESFORCE_ORG_ID": self.organization_id,
        }

    def soap_environment(self, role: str = READER) -> dict[str, str]:
        """The variables of the legacy SOAP login."""
        return {
            "SALESFORCE_USERNAME": self.app(role).username,
            "SALESFORCE_PASSWORD": self.password,
            "SALESFORCE_SECURITY_TOKEN": self.security_token,
        }
