"""Agreements and target lists that were in force once, kept below the home folder, so that a past day can be decided under its own.

Belongs here: keeping them by version, and reading them again. The agreement in force: `home.py`; its list: `target_list.py`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import target_list as lists
from alignment_pipeline.installation.home import Home

FOLDER = "agreements"


def keep(home: Home) -> str | None:
    """Keep the agreement in force and its target list. Returns the name that the list is kept under, None when there is none."""
    agreement = home.agreement
    # with every default written out: a later release may change one, and a past day must not move with it
    content = agreement.model_dump(mode="json", by_alias=True, exclude={"version"})
    _keep(home.folder(FOLDER) / f"{agreement.version}.json", json.dumps(content, ensure_ascii=False, indent=1).encode())
    named = agreement.scoring.tiers.overrides_file
    if named is None:
        return None
    path = home.agreement_path.parent / Path(named).expanduser()
    try:
        text = path.read_bytes()
    except OSError as error:
        raise lists.unreadable(path, error) from error
    name = f"target-list-{hashlib.sha256(text).hexdigest()[:12]}.csv"
    _keep(home.folder(FOLDER) / name, text)
    return name


def kept(home: Home, version: str) -> Agreement:
    """The agreement of a version. Raises ConfigurationError when it was never kept here."""
    if version == home.agreement.version:
        return home.agreement
    path = home.folder(FOLDER) / f"{version}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"agreement {version} is not kept in {path.parent}; a day taken under it cannot be decided again"
        ) from error
    # the version it had, even when a later release's schema would hash it differently
    return Agreement.model_validate(content).model_copy(update={"version": version})


def target_list(home: Home, name: str | None) -> ibis.Table | None:
    """A kept target list, None when there was none."""
    if name is None:
        return None
    return ibis.memtable(lists.read_overrides(home.folder(FOLDER) / name))


def _keep(path: Path, content: bytes) -> None:
    if not path.exists():
        aside = path.with_suffix(".new")
        aside.write_bytes(content)
        aside.chmod(0o600)
        aside.replace(path)
