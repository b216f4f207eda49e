"""How much memory a run may take."""

from __future__ import annotations

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import memory


def test_a_run_takes_three_fifths_of_the_machine_at_most() -> None:
    assert memory.limit({}) == int(memory.machine() * 0.6)


@pytest.mark.parametrize(("text", "size"), [("4GB", 4 * 10**9), ("2 gib", 2 * 2**30), ("1.5GB", 1_500_000_000), ("900MB", 9 * 10**8)])
def test_sizes_are_read_with_their_unit(text: str, size: int) -> None:
    assert memory.limit({"ALIGNMENT_MEMORY_LIMIT": text}) == size


def test_a_percentage_is_of_the_machine() -> None:
    assert memory.limit({"ALIGNMENT_MEMORY_LIMIT": "50%"}) == int(memory.machine() * 0.5)


@pytest.mark.parametrize("text", ["much", "4XB", "-1GB", "100MB"])
def test_what_is_no_size_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="ALIGNMENT_MEMORY_LIMIT"):
        memory.limit({"ALIGNMENT_MEMORY_LIMIT": text})
