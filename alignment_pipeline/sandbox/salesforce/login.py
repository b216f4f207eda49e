"""How a client logs in: OAuth client credentials and JWT bearer, the legacy SOAP login, identity and revocation.

Belongs here: the forms of login over HTTP. Credentials and sessions are in `identities.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import jwt

from alignment_pipeline.sandbox.salesforce.identities import ConnectedApp, Session
from alignment_pipeline.sandbox.salesforce.organisation import Org
from alignment_pipeline.sandbox.salesforce.rest.call import Answer

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION_SECONDS = 300
_SOAP_PATH = re.compile(r"^/services/soap/[uc]/(\d+)(?:\.\d)?(?:/.*)?$", re.IGNORECASE)
_FIRST_WITHOUT_LOGIN = 65


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine."""
    return host.split(":")[0].lower() in ("127.0.0.1", "localhost", "[")


def instance_url(org: Org, host: str) -> str:
    """The URL for data calls: where the caller already is on loopback or My Domain, else My Domain."""
    if is_loopback(host):
        return f"http://{host}"
    named = host if host.endswith(".my.salesforce.com") else org.store.identities.my_domain
    return f"https://{named}"


def _refused(error: str, description: str, status: int = 400) -> Answer:
    return Answer(status, {"error": error, "error_description": description})


def token(org: Org, host: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """POST /services/oauth2/token."""
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    kind = form.get("grant_type", "")
    if kind == "client_credentials":
        return _client_credentials(org, host, headers, form)
    if kind == JWT_BEARER:
        return _jwt_bearer(org, host, form)
    if kind == "password":
        return _refused("unsupported_grant_type", "grant type not supported")
    return _refused("unsupported_grant_type", "grant type not supported" if kind else "grant_type is missing")


def _app(org: Org, client_id: str | None) -> ConnectedApp | None:
    return next((one for one in org.store.identities.apps if one.client_id == client_id), None)


def _client_credentials(org: Org, host: str, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
    if host.split(".")[0].lower() in ("login", "test"):
        return _refused("invalid_grant", "request not supported on this domain")
    client_id, secret = form.get("client_id"), form.get("client_secret")
    authorization = headers.get("authorization", "")
    if authorization.lower().startswith("basic "):
        try:
            client_id, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return _refused("invalid_client", "invalid client credentials")
    app = _app(org, client_id)
    if app is None:
        return _refused("invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(app.client_secret, secret or ""):
        return _refused("invalid_client", "invalid client credentials")
    return _granted(org, host, app)


def _jwt_bearer(org: Org, host: str, form: Mapping[str, str]) -> Answer:
    assertion = form.get("assertion", "")
    try:
        unverified = jwt.decode(assertion, options={"verify_signature": False})
        app = _app(org, str(unverified.get("iss")))
        if app is None:
            return _refused("invalid_client_id", "client identifier invalid")
        key = org.store.identities.public_keys.get(app.client_id)
        if key is None:
            return _refused("invalid_app_access", "the app has no certificate: upload one to use the JWT bearer flow")
        claims = jwt.decode(assertion, key, algorithms=["RS256"], options={"verify_exp": False, "verify_aud": False, "verify_iat": False})
    except jwt.PyJWTError:
        return _refused("invalid_grant", "invalid assertion")
    return _claimed(org, host, app, claims)


def _claimed(org: Org, host: str, app: ConnectedApp, claims: Mapping[str, Any]) -> Answer:
    allowed = {
        "https://login.salesforce.com",
        "https://test.salesforce.com",
        instance_url(org, host),
        f"https://{org.store.identities.my_domain}",
    }
    audience = claims.get("aud")
    audiences = set(audience) if isinstance(audience, list) else {str(audience).removesuffix("/")}
    if not audiences & allowed:
        return _refused("invalid_grant", "audience is invalid")
    now = org.world.clock.now().timestamp()
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires <= now:
        return _refused("invalid_grant", "expired authorization code")
    if expires > now + _LONGEST_ASSERTION_SECONDS:
        return _refused("invalid_grant", "assertion expires too far in the future")
    username = str(claims.get("sub", ""))
    users = {str(row.get("Username")): row for row in org.store.rows("User")}
    if username not in users:
        return _refused("invalid_grant", "user hasn't approved this consumer")
    if users[username].get("IsActive") is False:
        return _refused("inactive_user", "user is inactive")
    if (app.client_id, username) not in org.store.identities.approved:
        return _refused("invalid_grant", "user hasn't approved this consumer")
    return _granted(org, host, ConnectedApp(app.role, app.client_id, app.client_secret, username))


def _granted(org: Org, host: str, app: ConnectedApp) -> Answer:
    now = org.world.clock.now()
    session = org.store.identities.open_session(app.username, app.client_id, now)
    identity = f"https://login.salesforce.com/id/{org.store.identities.organization_id}/{org.store.user_id(app.username)}"
    issued = str(int(now.timestamp() * 1000))
    signature = hmac.new(app.client_secret.encode(), (identity + issued).encode(), hashlib.sha256).digest()
    return Answer(
        body={
            "access_token": session.token,
            "signature": base64.b64encode(signature).decode(),
            "scope": "api",
            "instance_url": instance_url(org, host),
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        },
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


def identity(org: Org, host: str, session: Session) -> Answer:
    """GET /services/oauth2/userinfo and GET /id/<org>/<user>."""
    user_id = org.store.user_id(session.username)
    row = org.store.find(user_id) or {}
    organization = org.store.identities.organization_id
    url = instance_url(org, host)
    return Answer(
        body={
            "sub": f"https://login.salesforce.com/id/{organization}/{user_id}",
            "id": f"https://login.salesforce.com/id/{organization}/{user_id}",
            "user_id": user_id,
            "organization_id": organization,
            "preferred_username": session.username,
            "username": session.username,
            "display_name": row.get("Name"),
            "name": row.get("Name"),
            "email": row.get("Email"),
            "active": bool(row.get("IsActive")),
            "user_type": "STANDARD",
            "urls": {"rest": f"{url}/services/data/v{{version}}/", "sobjects": f"{url}/services/data/v{{version}}/sobjects/"},
        }
    )


def soap(org: Org, host: str, path: str, body: bytes) -> Answer:
    """POST /services/Soap/u/<version>: the login() call of the partner API."""
    match = _SOAP_PATH.match(path)
    version = int(match[1]) if match else 0
    if version < org.store.settings.minimum_version or version > org.store.settings.maximum_version:
        return _fault("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {version}.0")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - served on loopback only, to the machine's own user
    except ElementTree.ParseError as error:
        return _fault("soapenv:Client", f"cannot parse the request: {error}")
    values = {element.tag.split("}")[-1]: element.text or "" for element in root.iter()}
    if "login" not in values:
        return _fault("INVALID_OPERATION", "this sandbox serves login() only")
    if version >= _FIRST_WITHOUT_LOGIN:
        return _fault("UNSUPPORTED_API_VERSION", f"login() is not available in SOAP API version {version}.0; it ended with version 64.0")
    identities = org.store.identities
    if not identities.soap_login:
        return _fault("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    username, password = values.get("username", ""), values.get("password", "")
    known = {app.username for app in identities.apps}
    now = org.world.clock.now()
    whole = identities.password + identities.security_token
    if username not in known or identities.is_locked(username, now) or password not in (identities.password, whole):
        identities.failed(username, now)
        return _fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    if password == identities.password:
        message = "LOGIN_MUST_USE_SECURITY_TOKEN: Please append your security token to your password."
        return _fault("LOGIN_MUST_USE_SECURITY_TOKEN", message)
    session = identities.open_session(username, "soap", now)
    return _soap_session(org, host, version, session)


def _soap_session(org: Org, host: str, version: int, session: Session) -> Answer:
    identities = org.store.identities
    user_id = org.store.user_id(session.username)
    row = org.store.find(user_id) or {}
    url = instance_url(org, host)
    short = identities.organization_id[:15]
    info = {
        "accessibilityMode": "false",
        "organizationId": identities.organization_id,
        "organizationName": "Sandbox",
        "sessionSecondsValid": str(int(identities.session_seconds)),
        "userEmail": str(row.get("Email", "")),
        "userFullName": str(row.get("Name", "")),
        "userId": user_id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": session.username,
        "userTimeZone": str(row.get("TimeZoneSidKey", "GMT")),
        "userType": "Standard",
    }
    details = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in info.items())
    result = (
        f"<metadataServerUrl>{url}/services/Soap/m/{version}.0/{short}</metadataServerUrl><passwordExpired>false</passwordExpired>"
        f"<sandbox>true</sandbox><serverUrl>{url}/services/Soap/u/{version}.0/{short}</serverUrl>"
        f"<sessionId>{escape(session.token)}</sessionId><userId>{user_id}</userId><userInfo>{details}</userInfo>"
    )
    return _envelope(200, f'<loginResponse xmlns="urn:partner.soap.sforce.com"><result>{result}</result></loginResponse>')


def _envelope(status: int, inner: str) -> Answer:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )
    return Answer(status, text.encode(), content_type="text/xml; charset=utf-8")


def _fault(code: str, message: str) -> Answer:
    detail = (
        f'<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{escape(code)}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{escape(message)}</sf:exceptionMessage></sf:LoginFault></detail>"
    )
    shown = f"<faultcode>sf:{escape(code)}</faultcode><faultstring>{escape(code)}: {escape(message)}</faultstring>"
    return _envelope(500, f"<soapenv:Fault>{shown}{detail}</soapenv:Fault>")
