"""Logging in to Salesforce: OAuth client credentials, OAuth JWT bearer, SOAP login (legacy).

Belongs here: credentials -> session token and the host to talk to. Keeping the token alive is `session.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape, unescape

import jwt

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.answers import Answer
from alignment_pipeline.connectors.hosts import Host
from alignment_pipeline.connectors.salesforce.credentials import SUFFIXES, Credentials
from alignment_pipeline.connectors.salesforce.identifiers import id18, is_id
from alignment_pipeline.connectors.transport import Call, Transport
from alignment_pipeline.errors import ConfigurationError, CredentialsRefused

# The last version family with SOAP login() is 64.0; 59.0 is what the public Python client speaks.
_SOAP_VERSION = "59.0"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ASSERTION_LIFE = timedelta(minutes=3)
_SKEW = timedelta(minutes=1)
_SOAP = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<env:Envelope xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><n1:login xmlns:n1="urn:partner.soap.sforce.com">'
    "<n1:username>{username}</n1:username><n1:password>{password}</n1:password></n1:login></env:Body></env:Envelope>"
)


@dataclass(frozen=True)
class Login:
    """A session: the token, the host it is good for, and whose it is (18-character ids, None when the answer did not say)."""

    token: str = field(repr=False)
    host: Host
    organization_id: str | None
    user_id: str | None


def log_in(credentials: Credentials, transport: Transport) -> Login:
    """Log in once. CredentialsRefused carries the vendor's words; nothing is tried twice but a JWT against a skewed clock."""
    if credentials.method == "soap_login":
        return _soap(credentials, transport)
    if credentials.method == "client_credentials":
        grant = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id or "",
            "client_secret": credentials.client_secret or "",
        }
        return _token(credentials, transport.send(_token_call(grant)))
    try:
        return _jwt(credentials, transport, transport.clock.now())
    except _Skewed as skewed:
        return _jwt(credentials, transport, skewed.server_time)


class _Skewed(Exception):
    def __init__(self, server_time: datetime) -> None:
        super().__init__()
        self.server_time = server_time


def _token_call(grant: dict[str, str]) -> Call:
    return Call(
        "POST",
        "/services/oauth2/token",
        "login",
        headers=_FORM,
        body=urlencode(grant).encode(),
        is_signed=False,
        accept=frozenset({400}) if "assertion" in grant else frozenset(),
    )


def _jwt(credentials: Credentials, transport: Transport, now: datetime) -> Login:
    name = credentials.host.name
    audience = "https://test.salesforce.com" if ".sandbox." in name or name.startswith("test.") else "https://login.salesforce.com"
    claims = {"iss": credentials.client_id, "sub": credentials.username, "aud": audience, "exp": int((now + _ASSERTION_LIFE).timestamp())}
    try:
        assertion = jwt.encode(claims, credentials.private_key or "", algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise ConfigurationError(
            f"SALESFORCE_PRIVATE_KEY_FILE holds no RSA private key in PEM form ({type(error).__name__}); "
            "it needs the key whose certificate was uploaded to the app"
        ) from None
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = transport.send(_token_call(grant))
    if answer.status == 400:
        body = answer.json_or_none()
        code, why = (str(body.get("error")), str(body.get("error_description"))) if isinstance(body, dict) else ("", answer.fingerprint)
        if answer.date is not None and abs(answer.date - now) > _SKEW:
            raise _Skewed(answer.date)
        raise CredentialsRefused(
            f"login: Salesforce refused the JWT of {credentials.username}: {code}: {redaction.PROCESS(why)[:300]}. Check that the user is "
            "pre-authorised for the app and that the certificate belongs to the key"
        )
    return _token(credentials, answer)


def _token(credentials: Credentials, answer: Answer) -> Login:
    body = answer.json()
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token:
        raise CredentialsRefused(f"login: the token endpoint of {credentials.host.name} answered without an access_token")
    redaction.PROCESS.add(token)
    who = re.search(r"/id/([A-Za-z0-9]{15,18})/([A-Za-z0-9]{15,18})$", str(body.get("id") or ""))
    return Login(token, _instance(credentials, str(body.get("instance_url") or "")), _id(who and who[1]), _id(who and who[2]))


def _instance(credentials: Credentials, address: str) -> Host:
    """The host of data calls. A system on loopback stays the one that was configured, whatever it claims to be."""
    if credentials.host.is_loopback or not address:
        return credentials.host
    parts = urlsplit(address)
    return Host.parse(f"{parts.scheme}://{parts.netloc}", suffixes=SUFFIXES, setting="instance_url (from Salesforce's login answer)")


def _soap(credentials: Credentials, transport: Transport) -> Login:
    password = (credentials.password or "") + (credentials.security_token or "")
    redaction.PROCESS.add(password)
    body = _SOAP.format(username=escape(credentials.username or ""), password=escape(password))
    answer = transport.send(
        Call(
            "POST",
            f"/services/Soap/u/{_SOAP_VERSION}",
            "login",
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "login", "Accept": "text/xml"},
            body=body.encode(),
            is_signed=False,
            expects_json=False,
            accept=frozenset({500}),
        )
    )
    text = answer.body.decode("utf-8", "replace")
    token = _element(text, "sessionId")
    if answer.status != 200 or not token:
        code, why = _element(text, "exceptionCode") or _element(text, "faultcode"), _element(text, "exceptionMessage")
        raise CredentialsRefused(
            f"login: SOAP login of {credentials.username} failed: {code or answer.status}: {(why or answer.fingerprint)[:300]}. It is not "
            "tried again, since repeated failures lock the user. New organisations refuse SOAP login: use OAuth client credentials"
        )
    redaction.PROCESS.add(token)
    host = _instance(credentials, _element(text, "serverUrl") or "")
    return Login(token, host, _id(_element(text, "organizationId")), _id(_element(text, "userId")))


def _element(text: str, name: str) -> str | None:
    """The text of the first element of that local name. No XML parser: nothing here needs entities, and none shall be expanded."""
    match = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^>]*)?>([^<]*)</", text)
    return unescape(match[1], {"&quot;": '"', "&apos;": "'"}).strip() if match else None


def _id(text: str | None) -> str | None:
    return id18(text) if text is not None and is_id(text) else None
