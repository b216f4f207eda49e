"""A served world with an embedded HubSpot, one per test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline_tests.connectors.served import Served, served


@pytest.fixture
def world() -> Iterator[Served]:
    with served(hubspot=HubSpotStore()) as found:
        yield found
