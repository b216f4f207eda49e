"""A mypy plugin that prints every attribute of the agreement's sections that a checked file reads: `test_reads.py` runs it."""

from __future__ import annotations

import sys

from mypy.plugin import Plugin

MARK = "reads "


class Reads(Plugin):
    """Prints, decides nothing."""

    def get_attribute_hook(self, fullname: str) -> None:
        """Called for each attribute access, with the class that defines the attribute."""
        if fullname.startswith("alignment_pipeline.agreement."):
            sys.stdout.write(f"{MARK}{fullname}\n")


def plugin(version: str) -> type[Plugin]:
    """Where mypy begins."""
    return Reads
