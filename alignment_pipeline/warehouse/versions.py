"""Where the versions of a table lie, and the link that makes one of them the published one.

Belongs here: folders and links. A version is a folder `versions/<table>/v000012-<random>` with Parquet files and its manifest; it is
complete before `warehouse/<table>`, a symbolic link, is pointed at it. So `warehouse/<table>/*.parquet` are the files of the published
version and no others, at every moment. What a manifest says: `manifest.py`; which rows are written: `warehouse.py`.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from alignment_pipeline.errors import DataLoss
from alignment_pipeline.warehouse.manifest import OLDER_POINTER, POINTER, Manifest, read_manifest, sync

#: Versions kept, the published one included, so that a reader that opened the last version can finish.
KEPT = 2
#: Says that a home has this layout; without it, tables lie in `warehouse/<table>` themselves, with older files beside the current ones.
LAYOUT = "LAYOUT"
#: The file of a version without rows, which its manifest does not name: whoever reads the folder finds the columns all the same.
EMPTY = "empty.parquet"


def new(store: Path, version: int) -> Path:
    """An empty folder for a version of the table whose versions lie in `store`."""
    folder = store / f"v{version:06d}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    return folder


def share(file: str, source: Path, target: Path) -> None:
    """The same file in another version: a second name for it, or a copy where the file system has no hard links."""
    try:
        os.link(source / file, target / file)
    except OSError:
        shutil.copy2(source / file, target / file)


def point(link: Path, folder: Path) -> None:
    """Make `folder` the published version: one rename. A folder in the link's place (an older layout, a copied home) makes way first."""
    aside = link.with_name(f".link-{secrets.token_hex(4)}")
    aside.symlink_to(os.path.relpath(folder, link.parent))
    if link.is_dir() and not link.is_symlink():
        link.replace(folder.parent / f"v000000-{secrets.token_hex(4)}")
    aside.replace(link)
    sync(link.parent)


def sweep(store: Path, published: Path, version: int) -> None:
    """Delete the versions that no reader can still hold."""
    for folder in _folders(store):
        if folder != published and _number(folder) <= version - KEPT:
            shutil.rmtree(folder)


def forget_others(link: Path, store: Path) -> None:
    """Delete every version but the published one, and every file in it that its manifest does not name."""
    published = Path(os.path.realpath(link))
    for folder in _folders(store):
        if folder != published:
            shutil.rmtree(folder)
    manifest = read_manifest(published)
    if manifest is not None:
        _keep_named(published, manifest)


def publishing(store: Path) -> FileLock:
    """Waits for another publisher of the same table; released by the operating system when its holder dies."""
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(store / ".publishing", mode=0o600)


def upgrade(root: Path, store: Path, names: Iterable[str]) -> None:
    """Bring a home of the older layout into this one, once: published files move below `versions`, older ones are deleted.

    A process that dies half-way leaves whole tables of either layout, and the next one goes on. A table whose manifest cannot be read
    stays as it is: `alignment doctor` reports it.
    """
    mark = store / LAYOUT
    if mark.exists():
        return
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(store / ".upgrading", mode=0o600):
        places = [root / name for name in names] + sorted((root / "snapshots").glob("*/*/"))
        for place in places:
            _upgrade(place, store / place.relative_to(root))
        mark.write_text("1\n", encoding="utf-8")


def _upgrade(place: Path, store: Path) -> None:
    if not place.is_symlink() and not place.exists() and store.is_dir():
        # a process died between the two steps below
        done = [folder for folder in _folders(store) if (folder / POINTER).exists()]
        if done:
            point(place, max(done, key=_number))
        return
    if place.is_symlink() or not place.is_dir():
        return
    try:
        manifest = read_manifest(place)
    except DataLoss:
        return
    if manifest is None:
        return
    with publishing(store):
        _keep_named(place, manifest)
        if (place / OLDER_POINTER).exists():
            (place / OLDER_POINTER).replace(place / POINTER)
        folder = store / f"v{manifest.version:06d}-{secrets.token_hex(4)}"
        place.replace(folder)
        point(place, folder)


def _keep_named(folder: Path, manifest: Manifest) -> None:
    kept = {file.name for file in manifest.files}
    for path in folder.glob("*.parquet"):
        if path.name not in kept and path.name != EMPTY:
            path.unlink()


def _folders(store: Path) -> list[Path]:
    return [Path(os.path.realpath(folder)) for folder in store.glob("v*-*") if folder.is_dir()]


def _number(folder: Path) -> int:
    return int(folder.name[1:7])
