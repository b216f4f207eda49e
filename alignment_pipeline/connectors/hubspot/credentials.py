"""HubSpot credentials from the environment.

Belongs here: the variables. The token that OAuth credentials buy is `session.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alignment_pipeline.connectors.credentials import secret, setting
from alignment_pipeline.connectors.hosts import Host
from alignment_pipeline.errors import ConfigurationError

SUFFIXES = ("hubapi.com",)
USUAL_HOST = "api.hubapi.com"
#: Where one of these is set, another system is the CRM.
OTHER_CRM = ("SALESFORCE_DOMAIN",)


@dataclass(frozen=True)
class Credentials:
    """A private app's token, or an OAuth app's client and refresh token. `is_crm`: there is no Salesforce, so HubSpot is the CRM."""

    host: Host
    access_token: str | None = field(default=None, repr=False)
    client_id: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expected_portal_id: str | None = None
    is_crm: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Credentials:
        """Read HUBSPOT_ACCESS_TOKEN, or HUBSPOT_CLIENT_ID, _CLIENT_SECRET and _REFRESH_TOKEN. ConfigurationError names what is missing."""
        host = Host.parse(setting(environ, "HUBSPOT_API_HOST") or USUAL_HOST, suffixes=SUFFIXES, setting="HUBSPOT_API_HOST")
        portal = setting(environ, "HUBSPOT_PORTAL_ID")
        is_crm = not any(setting(environ, name) for name in OTHER_CRM)
        token = secret(environ, "HUBSPOT_ACCESS_TOKEN")
        if token is not None:
            return cls(host, access_token=token, expected_portal_id=portal, is_crm=is_crm)
        names = ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_REFRESH_TOKEN")
        values = {name: secret(environ, name) for name in names}
        missing = [name for name, value in values.items() if value is None]
        if missing:
            raise ConfigurationError(
                f"{' and '.join(missing)} not set. HubSpot needs HUBSPOT_ACCESS_TOKEN, the token of a private app (Settings > "
                "Integrations > Private Apps), or the client id, client secret and refresh token of an OAuth app"
            )
        client_id, client_secret, refresh_token = values.values()
        return cls(host, None, client_id, client_secret, refresh_token, portal, is_crm)

    @classmethod
    def of_writer(cls, environ: Mapping[str, str]) -> Credentials:
        """As `from_env`, by HUBSPOT_WRITER_ACCESS_TOKEN where that is set."""
        token = secret(environ, "HUBSPOT_WRITER_ACCESS_TOKEN")
        return cls.from_env({**environ, "HUBSPOT_ACCESS_TOKEN": token} if token else environ)

    @property
    def is_static(self) -> bool:
        """Whether the token is a private app's, which cannot be renewed."""
        return self.access_token is not None
