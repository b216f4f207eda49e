"""The Marketo client of one process, and whether there is a Marketo at all."""

from __future__ import annotations

from alignment_pipeline.connectors.marketo.connector import MARKETO
from alignment_pipeline.connectors.marketo.credentials import Credentials
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.installation.home import Home


def is_configured(home: Home) -> bool:
    """Whether a Marketo was named."""
    return MARKETO.is_configured(home.environ)


def session(home: Home) -> MarketoSession:
    """A session that logs in when first used. Raises ConfigurationError when credentials are missing."""
    return MarketoSession(Credentials.from_env(home.environ), home.clock)
