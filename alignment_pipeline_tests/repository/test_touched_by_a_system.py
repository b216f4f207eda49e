"""What the tree names of a connected system outside the folders that are its own: adding one must stay small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "adr" / "0084-what-a-system-like-hubspot-touches.md"
MOST = 10
#: Where a system's own files are, and what is made from others.
_OWN = ("alignment_pipeline/connectors/", "alignment_pipeline/sandbox/")
_GENERATED = frozenset({"alignment_pipeline/agreement/agreement.schema.json", "requirements.lock", "requirements-server.lock"})
#: Web hosts that many companies share, HubSpot's pages among them: true of the web, whatever is connected.
_OF_THE_WEB = frozenset({"alignment_pipeline/matching/data/shared_hosts.txt"})
_LISTED = re.compile(r"^\d+\. `([^`]+)`", re.MULTILINE)


def files() -> list[str]:
    """Files of the product, and the repository's own beside it."""
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name not in ("CHANGELOG.md", ".env", ".git")]
    inside = [path for folder in ("alignment_pipeline", "docker", "examples") for path in (ROOT / folder).rglob("*") if path.is_file()]
    names = [path.relative_to(ROOT).as_posix() for path in top + inside if "__pycache__" not in path.parts]
    return sorted(one for one in names if not one.startswith(_OWN) and one not in _GENERATED | _OF_THE_WEB)


def naming(pattern: str) -> list[str]:
    """Files that match, by name or content."""
    wanted = re.compile(pattern, re.IGNORECASE)
    return [one for one in files() if wanted.search(one) or wanted.search((ROOT / one).read_text(encoding="utf-8", errors="replace"))]


def test_hubspot_is_named_where_the_record_says_and_in_ten_existing_files_at_most() -> None:
    added, touched = RECORD.read_text(encoding="utf-8").split("## Existing files that are touched")
    listed = _LISTED.findall(touched)

    assert naming(r"hubspot|\bhs_[a-z]") == sorted([*listed, *_LISTED.findall(added)])
    assert 0 < len(listed) <= MOST


@pytest.mark.parametrize("word", ["portal", "lifecyclestage", "gdpr"])
def test_no_word_of_hubspots_stands_where_every_system_is_served(word: str) -> None:
    allowed = {"alignment_pipeline/contracts/systems/hubspot.py", "alignment_pipeline/agreement/examples/hubspot_only.yaml"}
    found = [one for one in naming(rf"\b{word}\b") if one.endswith((".py", ".yaml")) and one not in allowed]

    assert found == []
