"""Salesforce clients of one process: the reader's, and the writer's with credentials of its own."""

from __future__ import annotations

from alignment_pipeline.connectors.salesforce.credentials import Credentials, Role
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.installation.home import Home


def session(home: Home, role: Role = "reader") -> SalesforceSession:
    """A session that logs in when first used. Raises ConfigurationError when credentials are missing."""
    return SalesforceSession(Credentials.from_env(home.environ, role), home.clock)
