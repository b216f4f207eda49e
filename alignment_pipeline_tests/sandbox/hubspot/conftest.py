"""One portal per test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline_tests.sandbox.hubspot.portal import Portal, portal


@pytest.fixture
def hub() -> Iterator[Portal]:
    with portal() as found:
        yield found
