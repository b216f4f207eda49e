"""Marketo credentials from the environment.

Belongs here: the variables. The token they buy is `session.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alignment_pipeline.connectors.credentials import secret, setting
from alignment_pipeline.connectors.hosts import Host
from alignment_pipeline.errors import ConfigurationError

SUFFIXES = ("mktorest.com",)


@dataclass(frozen=True)
class Credentials:
    """One custom service of one subscription."""

    host: Host
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Credentials:
        """Read MARKETO_DOMAIN, MARKETO_CLIENT_ID, MARKETO_CLIENT_SECRET. ConfigurationError names what is missing."""
        domain = setting(environ, "MARKETO_DOMAIN")
        client_id, client_secret = secret(environ, "MARKETO_CLIENT_ID"), secret(environ, "MARKETO_CLIENT_SECRET")
        values = {"MARKETO_DOMAIN": domain, "MARKETO_CLIENT_ID": client_id, "MARKETO_CLIENT_SECRET": client_secret}
        if domain is None or client_id is None or client_secret is None:
            missing = " and ".join(name for name, value in values.items() if value is None)
            raise ConfigurationError(
                f"{missing} not set. Marketo needs the REST host (as 123-ABC-456.mktorest.com) and the client id and secret of a "
                "LaunchPoint custom service (Admin > Integration > LaunchPoint)"
            )
        return cls(Host.parse(domain, suffixes=SUFFIXES, setting="MARKETO_DOMAIN"), client_id, client_secret)
