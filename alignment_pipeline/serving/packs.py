"""Kept packs as they are served.

Belongs here: which addresses and files of a pack are given out. Finding packs: `operations/pack.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import pack
from alignment_pipeline.operations.pack import Kept

_PERIOD = re.compile(r"\d{4}(-W\d{2}|Q[1-4])")
_ID = re.compile(r"[0-9a-f]{6,64}")
_ROWS = re.compile(r"[a-z0-9_]{1,80}\.csv")


def address(one: Kept) -> str:
    """Where its page is served."""
    return f"/{pack.FOLDER}/{one.period}/{one.pack_id}/{one.page.name}"


def find(home: Home, period: str, pack_id: str) -> Kept | None:
    """The pack of an address; None when there is none."""
    if not (_PERIOD.fullmatch(period) and _ID.fullmatch(pack_id)):
        return None
    return next((one for one in pack.kept(home, period) if one.pack_id == pack_id), None)


def file(one: Kept, name: str) -> Path | None:
    """A file of rows, pack.json, or the patch of a quarter's pack; None when the name is none of them."""
    if name in (one.numbers.name, pack.PATCH):
        return one.folder / name if (one.folder / name).is_file() else None
    path = one.rows / name
    return path if _ROWS.fullmatch(name) and path.is_file() else None
