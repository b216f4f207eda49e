"""The whole agreement can be printed with the source of each value, read again, and compared with what it extends."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.agreement import loader, provenance
from alignment_pipeline.agreement.provenance import Difference

EXAMPLES = sorted(loader.default_path().parent.joinpath("examples").glob("*.yaml"))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "extends: default\nname: Mine\nmatching:\n  match_confidence: 0.9\nscoring:\n  engagement:\n    rules:\n"
        "      extend: [{label: Page visit, points: 2}, {label: Long meeting, type: meeting, points: 9}]\n"
        "crm: {fields: {reduce: [Account.Alignment_Tier__c]}}\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("path", [loader.default_path(), *EXAMPLES], ids=lambda path: path.stem)
def test_what_is_printed_is_the_same_agreement_when_it_is_read_again(path: Path) -> None:
    loaded = loader.load_with_places(path)

    assert loaded.agreement.version == loader.loads(provenance.effective(loaded), name="printed").version


def test_each_value_has_the_file_and_line_it_comes_from(mine: Path) -> None:
    found = {value.path: (value.value, value.source) for value in provenance.values(loader.load_with_places(mine))}

    assert ("Mine", f"{mine}:2") == found["name"]
    assert (0.9, f"{mine}:4") == found["matching.match_confidence"]
    assert found["matching.review_confidence"][1].startswith("default.yaml:")
    assert (2, f"{mine}:8") == found["scoring.engagement.rules[Page visit].points"]
    assert provenance.BUILT_IN == found["scoring.engagement.rules[Long meeting].per_minute"][1]


def test_a_difference_is_a_changed_value_or_a_whole_item(mine: Path) -> None:
    signed = {f"parties.{party}.signed_on" for party in ("marketing", "sales")}

    found = [one for one in provenance.differences(loader.load_with_places(mine)) if one.path not in signed]

    assert [
        Difference("name", "Revenue alignment agreement", "Mine", f"{mine}:2"),
        Difference("matching.match_confidence", 0.52, 0.9, f"{mine}:4"),
        Difference("scoring.engagement.rules[Page visit].points", 1, 2, f"{mine}:8"),
        Difference("scoring.engagement.rules[Long meeting]", None, {"label": "Long meeting", "type": "meeting", "points": 9}, f"{mine}:8"),
        Difference("crm.fields[Account.Alignment_Tier__c]", "inherited", None, "left out"),
    ] == found


def test_an_agreement_that_stands_alone_differs_from_nothing() -> None:
    loaded = loader.load_with_places(loader.default_path())

    assert len(provenance.differences(loaded)) > 100
