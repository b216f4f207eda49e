"""Impact previews that are kept: what `alignment impact` foretold of another agreement, for the page on which that agreement is in force.

Belongs here: keeping one by the version it is about, and reading it again. What it says: `impact_and_backtest.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alignment_pipeline.errors import DataLoss
from alignment_pipeline.installation.home import Home

FOLDER = "impacts"


def keep(home: Home, preview: Mapping[str, Any]) -> Path:
    """Keep the preview of a version; a later one of the same version takes its place."""
    path = home.folder("impacts") / f"{preview['after_version']}.json"
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(preview, sort_keys=True, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    aside.chmod(0o600)
    aside.replace(path)
    return path


def of(home: Home, version: str) -> list[dict[str, Any]]:
    """The preview of a version, or nothing. Raises DataLoss when it cannot be read."""
    path = home.path / FOLDER / f"{version}.json"
    try:
        return [json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise DataLoss(f"{path} cannot be read; delete it and run `alignment impact` again") from error
