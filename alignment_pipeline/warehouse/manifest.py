"""The manifest of a version: which files it has, with their checksums.

Belongs here: one JSON file per version. Which version is the published one: `versions.py`; reading and writing tables: `warehouse.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from alignment_pipeline.errors import DataLoss

#: Readers of whole folders (pandas, Arrow, Spark) skip names that begin with an underscore.
POINTER = "_CURRENT.json"
OLDER_POINTER = "CURRENT.json"
BASIS = "_BASIS.json"


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a version: name beside the manifest, rows, bytes, SHA-256."""

    name: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """One version of a table. `content` says what its rows are, None where nobody compares them."""

    table: str
    version: int
    published_at: str
    files: tuple[DataFile, ...]
    content: str | None = None

    @property
    def rows(self) -> int:
        """Rows of this version."""
        return sum(file.rows for file in self.files)

    @property
    def identity(self) -> str:
        """Names this version among all that this table ever had, also when it was moved aside and begun again."""
        return f"{self.version} of {self.published_at}"


def read_manifest(folder: Path) -> Manifest | None:
    """The version in `folder`, or None when the table was never published. Raises DataLoss when unreadable."""
    for path in (folder / POINTER, folder / OLDER_POINTER):
        with contextlib.suppress(FileNotFoundError):
            return _parsed(path, path.read_text(encoding="utf-8"))
    return None


def _parsed(path: Path, text: str) -> Manifest:
    try:
        content = json.loads(text)
        files = tuple(DataFile(**file) for file in content.pop("files"))
        return Manifest(files=files, **content)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DataLoss(
            f"{path} cannot be read as a manifest; `alignment doctor --repair` moves the table aside, and the next run rebuilds it"
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Complete a version: its manifest beside its files, flushed to disk with the folder's names."""
    path = folder / POINTER
    with path.open("w", encoding="utf-8") as handle:
        json.dump(asdict(manifest), handle, indent=1, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    path.chmod(0o600)
    sync(folder)


def read_basis(folder: Path) -> dict[str, Any] | None:
    """What the version in `folder` was decided from; None when that was not kept, or cannot be read."""
    try:
        basis = json.loads((folder / BASIS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return basis if isinstance(basis, dict) else None


def write_basis(folder: Path, basis: Mapping[str, Any]) -> None:
    """Keep it beside the version, in one step: a version never changes, but what it was decided from may be confirmed."""
    aside = folder / f"_basis-{secrets.token_hex(4)}"
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(dict(basis), indent=1, sort_keys=True), encoding="utf-8")
    sync(aside)
    aside.replace(folder / BASIS)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def describe_file(path: Path, rows: int) -> DataFile:
    """Size and checksum of a finished file."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return DataFile(name=path.name, rows=rows, size=path.stat().st_size, sha256=digest.hexdigest())


def verify(folder: Path, manifest: Manifest, *, checksums: bool = False) -> list[str]:
    """What is wrong with the files of a version: missing, cut or (with `checksums`) changed. Empty when all is well."""
    problems = []
    for file in manifest.files:
        path = folder / file.name
        if not path.exists():
            problems.append(f"{file.name} is missing")
        elif path.stat().st_size != file.size:
            problems.append(f"{file.name} has {path.stat().st_size} bytes instead of {file.size}")
        elif checksums and describe_file(path, file.rows) != file:
            problems.append(f"{file.name} was changed after it was published")
    return problems


def stamp(moment: datetime) -> str:
    """A moment as the manifest writes it."""
    return moment.isoformat()
