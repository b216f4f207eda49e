"""The Marketo client of one process, and whether there is a Marketo at all."""

from __future__ import annotations

from alignment_pipeline.connectors.credentials import setting
from alignment_pipeline.connectors.marketo.credentials import Credentials
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.installation.home import Home


def is_configured(home: Home) -> bool:
    """Whether a Marketo was named. Half a configuration counts, so that its error is shown instead of an empty result."""
    return any(setting(home.environ, name) for name in ("MARKETO_DOMAIN", "MARKETO_CLIENT_ID"))


def session(home: Home) -> MarketoSession:
    """A session that logs in when first used. Raises ConfigurationError when credentials are missing."""
    return MarketoSession(Credentials.from_env(home.environ), home.clock)
