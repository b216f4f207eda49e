"""One company for all tests of this folder: its full run costs more than everything else here. Tests take people nobody took before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alignment_pipeline_tests.fast_lane.lane_world import Place, place


@pytest.fixture(scope="package")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A Monday morning after the full run."""
    with place(tmp_path_factory.mktemp("fast_lane")) as found:
        yield found
