"""Slow tests first: the workers then end at about the same time, with quick tests."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests marked `slow` before the others; the order within each stays."""
    items.sort(key=lambda one: one.get_closest_marker("slow") is None)
