"""Every place that is written is in the register, and an erasure reaches each of them."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import pytest

import alignment_pipeline
from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import erase, personal_data
from alignment_pipeline.operations.personal_data import PLACES, Way

PACKAGE = Path(alignment_pipeline.__file__).parent
#: Written below the home, and holding keys, locks and settings alone.
NO_DATA = {
    "approval.key",
    "approval.pub",
    "approvals.seen",
    "erasure.key",
    "export.key",
    "journal.mark",
    ".",
    "sandbox.env",
    "sandbox.log",
    "truth.json",
}
WRITTEN = re.compile(r"""(?:home\.folder\(|home\.path / |(?<![\w.])home / |self\.path / )f?"([^"{]+)""")
WHO = "erase.me@example.com"


def unregistered(home: Path) -> list[str]:
    """Files of a home that no place of the register covers."""
    patterns = [pattern for place in PLACES for pattern in (place.pattern, f"{place.pattern}/*")]
    files = sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    return [name for name in files if name not in NO_DATA and not any(fnmatch(name, pattern) for pattern in patterns)]


def written() -> set[str]:
    """First parts of the paths below the home that the program names."""
    sources = [path for path in PACKAGE.rglob("*.py") if "sandbox" not in path.parts]
    return {found.split("/")[0] for path in sources for found in WRITTEN.findall(path.read_text(encoding="utf-8"))}


def test_every_place_that_is_written_is_in_the_register() -> None:
    known = {place.pattern.split("/")[0] for place in PLACES}

    unknown = {name for name in written() if name not in NO_DATA and not any(fnmatch(name, pattern) for pattern in known)}

    assert unknown == set()
    assert {"plans", "reports", "notifications", "warehouse"} <= written()


FILES = [one for one in PLACES if one.way in (Way.ALWAYS, Way.WHEN_NAMED, Way.LINES)]


@pytest.mark.parametrize("place", FILES, ids=lambda one: one.pattern)
def test_an_erasure_reaches_the_place(place: personal_data.Place, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, Clock(moment=datetime(2026, 11, 21, tzinfo=UTC), unix=0.0, unix_time=lambda: 0.0))
    planted = home.path / place.pattern.replace("*", "one")
    planted.parent.mkdir(parents=True, mode=0o700)
    home.path.chmod(0o700)
    planted.write_text(f"another line\na line about {WHO}\n")

    with home.journal() as journal, pytest.raises(ConfigurationError, match="nobody known"):
        erase.erase_person(home, home.warehouse(), journal, WHO)

    left = [path for path in home.path.rglob("*") if path.is_file() and WHO.encode() in path.read_bytes()]
    assert left == []


DATABASES = [one for one in PLACES if one.way is Way.DATABASE]


@pytest.mark.parametrize("place", DATABASES, ids=lambda one: one.pattern)
def test_an_erasure_takes_rows_out_of_a_database(place: personal_data.Place, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, Clock())
    home.folder("dagster")
    path = home.path / place.pattern.replace("*", "one")
    path.parent.mkdir(exist_ok=True, parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE event_logs (id INTEGER PRIMARY KEY, event TEXT, run_id TEXT)")
        events = [("a table of 3 rows", "r1"), (f"failed on {WHO}", "r1"), ("done", "r1")]
        connection.executemany("INSERT INTO event_logs (event, run_id) VALUES (?, ?)", events)
        connection.commit()

    with home.journal() as journal, pytest.raises(ConfigurationError, match="nobody known"):
        erase.erase_person(home, home.warehouse(), journal, WHO)

    assert WHO.encode() not in path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        assert [("a table of 3 rows",), ("done",)] == connection.execute("SELECT event FROM event_logs ORDER BY id").fetchall()


def test_a_notification_whose_name_has_the_id_goes_too(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, Clock())
    path = home.folder("notifications") / "sla-00Q000000000001EAA-first_touch.txt"
    path.write_text("somebody waits")

    with home.journal() as journal, pytest.raises(ConfigurationError, match="nobody known"):
        erase.erase_person(home, home.warehouse(), journal, "00Q000000000001EAA")

    assert not path.exists()


def test_a_mistyped_address_can_be_taken_off_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, Clock())
    with home.journal() as journal:
        with pytest.raises(ConfigurationError, match="nobody known"):
            erase.erase_person(home, home.warehouse(), journal, WHO)

        assert erase.allow_again(home, journal, WHO.upper()) is True
        assert erase.allow_again(home, journal, WHO) is False
