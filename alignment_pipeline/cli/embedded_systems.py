"""Options that say which embedded systems there are, as `alignment demo` and `alignment sandbox` take them.

Belongs here: the options. What they make: `sandbox/demo_world.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from alignment_pipeline.sandbox import demo_world

Option = Callable[[Any], Any]


def crm(says: str) -> Option:
    """`--crm`."""
    return _one_of("--crm", demo_world.CRMS, says)


def marketing(says: str) -> Option:
    """`--marketing`."""
    return _one_of("--marketing", demo_world.MARKETING, says)


currencies: Option = click.option(
    "--currencies", type=click.IntRange(1, 2), default=1, show_default=True, help="2: deals in the euro area are in euros (Salesforce)."
)


def _one_of(name: str, choices: Sequence[str], says: str) -> Option:
    return click.option(name, type=click.Choice(choices), default=choices[0], show_default=True, help=says)
