"""How tests run: slow ones first, those that share a company in one worker, generated examples the same every time."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from alignment_pipeline.installation import garbage_collection

garbage_collection.collect_less_often()

# the same examples every time, however busy the machine; HYPOTHESIS_PROFILE=random looks for new ones
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

#: Its tests share one company, whose full run costs more than all of them.
_SHARED = "alignment_pipeline_tests/fast_lane/"


class _ByCompany(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _SHARED if nodeid.startswith(_SHARED) else super()._split_scope(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests marked `slow` before the others, so that the workers end at about the same time; the order within each stays."""
    items.sort(key=lambda one: one.get_closest_marker("slow") is None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """A file is a worker's as a whole, as with xdist's own `loadfile`."""
    return _ByCompany(config, log) if config.getvalue("dist") == "loadfile" else None
