"""The version of the program that planned: a plan of other code needs a person's approval."""

from __future__ import annotations

from importlib import metadata


def _version() -> str:
    try:
        return metadata.version("alignment-pipeline")
    except metadata.PackageNotFoundError:
        return "source"


CODE_VERSION = _version()
