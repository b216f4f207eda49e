"""One served world per test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline_tests.connectors.served import Served, served


@pytest.fixture
def world() -> Iterator[Served]:
    with served() as found:
        yield found
