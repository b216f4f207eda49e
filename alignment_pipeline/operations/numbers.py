"""The published numbers: what each means and how it is counted.

Belongs here: one list over all parts that define numbers. The definitions themselves lie where the numbers are made.
"""

from __future__ import annotations

from dataclasses import dataclass

from alignment_pipeline.pipeline_metrics import pipeline_metrics


@dataclass(frozen=True)
class Definition:
    """A number: its name, what it means, the table it comes from, which rows count, how they are counted, and one number per what."""

    name: str
    definition: str
    table: str
    filter: str
    formula: str
    grain: str
    dimensions: tuple[str, ...]
    unit: str = ""


def catalogue() -> list[Definition]:
    """Every published number, by name."""
    metrics = [
        Definition(
            name=name,
            definition=text,
            table="pipeline_metrics",
            filter=f"metric = '{name}'",
            formula="value",
            grain="one per day, fiscal period and scope",
            dimensions=("day_on", "period", "scope"),
        )
        for name, text in pipeline_metrics.DEFINITIONS.items()
    ]
    return sorted(metrics, key=lambda one: one.name)
