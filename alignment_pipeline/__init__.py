"""Sales and marketing alignment on Dagster. `AlignmentComponent` is what `dg` finds here; it is imported when it is asked for, so that
the command line does not wait for Dagster."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["AlignmentComponent"]


def __getattr__(name: str) -> Any:
    if name == "AlignmentComponent":
        return import_module("alignment_pipeline.components.component").AlignmentComponent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
