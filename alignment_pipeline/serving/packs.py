"""The weekly packs that are kept in the home.

Belongs here: finding them and their files. What a pack holds is decided when it is made; it is shown as it was kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = "packs"
_PERIOD = re.compile(r"\d{4}(-W\d{2}|Q[1-4])")
_ID = re.compile(r"[0-9a-f]{6,64}")
_ROWS = re.compile(r"[a-z0-9_]{1,80}\.csv")


@dataclass(frozen=True)
class KeptPack:
    """One kept pack."""

    folder: Path

    @property
    def period(self) -> str:
        """The week or quarter it is about."""
        return self.folder.parent.name

    @property
    def pack_id(self) -> str:
        """Its id."""
        return self.folder.name

    @property
    def address(self) -> str:
        """Where it is served."""
        return f"/{FOLDER}/{self.period}/{self.pack_id}/pack.html"

    @cached_property
    def content(self) -> dict[str, Any]:
        """What pack.json says."""
        content: dict[str, Any] = json.loads((self.folder / "pack.json").read_text(encoding="utf-8"))
        return content

    def page(self) -> str:
        """The page as it was kept."""
        return (self.folder / "pack.html").read_text(encoding="utf-8")


def kept(home: Path) -> list[KeptPack]:
    """Every pack, the newest first."""
    found = [KeptPack(path.parent) for path in (home / FOLDER).glob("*/*/pack.json") if (path.parent / "pack.html").is_file()]
    return sorted(found, key=lambda one: (one.content["as_of"], one.pack_id), reverse=True)


def latest(packs: list[KeptPack]) -> KeptPack | None:
    """The newest pack of a week."""
    return next((one for one in packs if "-W" in one.period), None)


def find(home: Path, period: str, pack_id: str) -> KeptPack | None:
    """The pack of an address; None when there is none."""
    if not (_PERIOD.fullmatch(period) and _ID.fullmatch(pack_id)):
        return None
    folder = home / FOLDER / period / pack_id
    return KeptPack(folder) if (folder / "pack.json").is_file() and (folder / "pack.html").is_file() else None


def file(pack: KeptPack, name: str) -> Path | None:
    """A file of rows or pack.json; None when the name is neither."""
    if name == "pack.json":
        return pack.folder / name
    path = pack.folder / "rows" / name
    return path if _ROWS.fullmatch(name) and path.is_file() else None
