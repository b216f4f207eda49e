"""Salesforce credentials from the environment.

Belongs here: the three ways to log in and the variables of each. Logging in is `login.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from alignment_pipeline.connectors.credentials import secret, secret_file, setting
from alignment_pipeline.connectors.hosts import Host
from alignment_pipeline.errors import ConfigurationError

SUFFIXES = ("salesforce.com", "salesforce.mil")
DEFAULT_API_VERSION = "62.0"
Method = Literal["client_credentials", "jwt_bearer", "soap_login"]
Role = Literal["reader", "writer"]


@dataclass(frozen=True)
class Credentials:
    """How one user logs in. Secrets never show in `repr`.

    `is_shared` tells that the writer has no credentials of its own and uses the reader's.
    """

    host: Host
    method: Method
    api_version: str = DEFAULT_API_VERSION
    client_id: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    private_key: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    security_token: str | None = field(default=None, repr=False)
    expected_organization_id: str | None = None
    is_shared: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str], role: Role = "reader") -> Credentials:
        """Read SALESFORCE_* (reader), or SALESFORCE_WRITER_* (writer) and the reader's where the writer has none.

        Raises ConfigurationError that names what is missing.
        """
        prefix = "SALESFORCE_"
        own = ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PRIVATE_KEY_FILE", "PASSWORD", "SECURITY_TOKEN")
        has_own = any(setting(environ, f"SALESFORCE_WRITER_{name}") for name in own)
        if role == "writer" and has_own:
            prefix = "SALESFORCE_WRITER_"
        client_id = secret(environ, f"{prefix}CLIENT_ID")
        client_secret = secret(environ, f"{prefix}CLIENT_SECRET") or secret(environ, f"{prefix}SECRET")
        username = setting(environ, f"{prefix}USERNAME")
        private_key = secret_file(environ, f"{prefix}PRIVATE_KEY_FILE")
        password = secret(environ, f"{prefix}PASSWORD")
        method: Method
        if client_id and username and private_key:
            method = "jwt_bearer"
        elif client_id and client_secret:
            method = "client_credentials"
        elif username and password:
            method = "soap_login"
        else:
            raise ConfigurationError(
                f"No complete Salesforce credentials for the {role}. Set {prefix}CLIENT_ID and {prefix}CLIENT_SECRET (OAuth client "
                f"credentials), or {prefix}CLIENT_ID, {prefix}USERNAME and {prefix}PRIVATE_KEY_FILE (OAuth JWT bearer), or, for older "
                f"organisations, {prefix}USERNAME, {prefix}PASSWORD and {prefix}SECURITY_TOKEN (SOAP login)."
            )
        domain = setting(environ, "SALESFORCE_DOMAIN") or ("login.salesforce.com" if method == "soap_login" else None)
        if domain is None:
            raise ConfigurationError("SALESFORCE_DOMAIN is not set: the organisation's My Domain host, as acme.my.salesforce.com")
        host = Host.parse(domain, suffixes=SUFFIXES, setting="SALESFORCE_DOMAIN")
        if method == "client_credentials" and host.name in ("login.salesforce.com", "test.salesforce.com"):
            raise ConfigurationError(
                f"SALESFORCE_DOMAIN is {host.name}: OAuth client credentials work on the organisation's My Domain host alone, "
                "as acme.my.salesforce.com (Setup > My Domain)"
            )
        return cls(
            host=host,
            method=method,
            api_version=_version(setting(environ, "SALESFORCE_API_VERSION")),
            client_id=client_id,
            client_secret=client_secret,
            username=username,
            private_key=private_key,
            password=password,
            security_token=secret(environ, f"{prefix}SECURITY_TOKEN"),
            expected_organization_id=setting(environ, "SALESFORCE_ORG_ID"),
            is_shared=role == "writer" and not has_own,
        )


def _version(text: str | None) -> str:
    match = re.fullmatch(r"v?(\d{2,3})(?:\.0)?", text or DEFAULT_API_VERSION)
    if match is None or int(match[1]) < 31:
        raise ConfigurationError(f"SALESFORCE_API_VERSION is {text!r}; it takes a version from 31.0 on, as {DEFAULT_API_VERSION}")
    return f"{match[1]}.0"
