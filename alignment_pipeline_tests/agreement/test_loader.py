"""A wrong agreement is refused with file, line, key, what was found and what is allowed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.loader import AgreementError

TEXT = loader.default_path().read_text(encoding="utf-8")
CONFIDENCE, PARTY = "matching.match_confidence", "parties.marketing"
TARGETS = "\n  inputs:", "\n  inputs:\n    - {object: Lead, field: ALIGNMENT_STAGE__C, meaning: disposition, label: X}"

# what is replaced in the shipped file, by what, the key that is named, and what the message must say
CASES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "unknown key with a near one": (
        "match_confidence: 0.52 ", "match_confidance: 1 ", "matching.match_confidance", ("unknown key", "did you mean 'match_confidence'"),
    ),
    "unknown key like nothing": (
        "{team: Marketing,", "{zzz: 1, team: Marketing,", f"{PARTY}.zzz", ("unknown key", "allowed: owner, signed_on, team"),
    ),
    "above the range": ("match_confidence: 0.52 ", "match_confidence: 62 ", CONFIDENCE, ("found 62", "less than or equal to 1")),
    "below the range": (
        "half_life_days: 30", "half_life_days: 0", "scoring.engagement.decay.half_life_days", ("found 0", "greater than 0"),
    ),
    "not a number": ("match_confidence: 0.52 ", "match_confidence: high ", CONFIDENCE, ('found "high"', "number")),
    "not finite": (
        "{label: Page visit, type: web_visit, points: 1}",
        "{label: Page visit, type: web_visit, points: .nan}",
        "scoring.engagement.rules.0.points",
        ("found NaN", "allowed"),
    ),
    "not a date": ("effective_on: 2026-01-01", "effective_on: soon", "effective_on", ('found "soon"', "date")),
    "not one of the words": ("unit: minutes", "unit: hours", "scoring.engagement.unit", ('found "hours"', "'minutes' or 'points'")),
    "not a list": ("  countries: []", "  countries: Germany", "scope.countries", ('found "Germany"', "list")),
    "not a mapping": ("touches:", "touches: none\nx:", "touches", ('found "none"', "dictionary")),
    "empty text": ("name: Revenue alignment agreement", "name: ''", "name", ('found ""', "at least 1 character")),
    "a bad item of a list": ("  tiers: []", "  tiers: [1, 4]", "scope.tiers.1", ("found 4", "less than or equal to 3")),
    "a bad domain": ("  competitor_domains: []", "  competitor_domains: [not a domain]", "people.competitor_domains.0", ("match pattern",)),
    "missing": ("effective_on: 2026-01-01", "", "effective_on", ("missing and required",)),
    "a field mapped twice": (*TARGETS, "crm.inputs.0.field", ("mapped twice",)),
    "a type that nothing defines": (
        "{label: Page visit, type: web_visit,", "{label: Page visit, type: page,",
        "scoring.engagement.rules.0.type", ("which activity_types does not",),
    ),
    "a start that is no stage": (
        "    start: New Name", "    start: Nowhere", "lifecycle.people.start", ("'Nowhere' is named but not defined",),
    ),
    "a calendar that nobody defined": (
        "      calendar: sales_hours", "      calendar: nights", "sla.policies.1.calendar", ("'nights' is not defined; defined: ",),
    ),
    "a condition on a field that is not read": (
        "  policies:\n    - name: ",
        "  policies:\n    - where: {Lead.Region__c: [EMEA]}\n      name: ",
        "sla.policies.0.where.Lead.Region__c",
        ("is not read; map it, or list it in crm.also_read",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_wrong_is_said_with_its_line(name: str) -> None:
    old, new, key, said = CASES[name]
    assert old in TEXT, f"the shipped agreement has no {old!r} any more"
    wrong = TEXT.replace(old, new, 1)
    with pytest.raises(AgreementError) as caught:
        loader.loads(wrong, name="our.yaml")
    lines = [line for line in str(caught.value).splitlines() if line.startswith("our.yaml:") and f": {key}: " in line]
    assert 1 == len(lines), str(caught.value)
    assert all(part in lines[0] for part in said), lines[0]
    number = int(lines[0].split(":")[1])
    changed = wrong[: wrong.index(new)].count("\n") + 1 if new else 1
    last = changed + new.count("\n")
    assert changed <= number <= last, f"line {number}, but line {changed} was changed: {lines[0]}"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "holds nothing"),
        ("- a\n- b\n", 1, "holds a list"),
        ("42\n", 1, "holds only '42'"),
        ("name: a\nname: b\n", 2, "duplicate key"),
        ("name: a\nparties:\n\tx: 1\n", 3, "is not YAML"),
        ("name: [a\neffective_on: 2026-01-01\n", 2, "is not YAML"),
        ("name: *nobody\n", 1, "is not YAML"),
        ("name: a\x00b\n", 1, "is not YAML"),
        ("a: b: c\n", 1, "is not YAML"),
    ],
)
def test_what_is_no_agreement_at_all(text: str, line: int, said: str) -> None:
    with pytest.raises(AgreementError) as caught:
        loader.loads(text, name="our.yaml")
    message = str(caught.value)
    assert message.startswith(f"our.yaml:{line}: ") and said in message, message
    assert 1 == len(message.splitlines()), "one problem, one line"


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    wrong = TEXT.replace("effective_on: 2026-01-01", "effective_on: soon").replace("match_confidence: 0.52 ", "match_confidence: 62 ")
    with pytest.raises(AgreementError) as caught:
        loader.loads(wrong, name="our.yaml")
    numbers = [int(line.split(":")[1]) for line in str(caught.value).splitlines()]
    assert 2 == len(numbers) and numbers == sorted(numbers)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(AgreementError, match=r"nothing\.yaml: cannot be read .*ALIGNMENT_AGREEMENT"):
        loader.load(tmp_path / "nothing.yaml")
    (tmp_path / "latin.yaml").write_bytes("name: Müller\n".encode("latin-1"))
    with pytest.raises(AgreementError, match=r"latin\.yaml: is not UTF-8 text \(byte 7\)"):
        loader.load(tmp_path / "latin.yaml")
    with pytest.raises(AgreementError, match="cannot be read"):
        loader.load(tmp_path)


@cache
def shipped_version() -> str:
    return loader.loads(TEXT).version


def test_the_version_is_of_the_content_and_not_of_its_form() -> None:
    version = shipped_version()
    assert re.fullmatch(r"[0-9a-f]{12}", version)
    commented = "# a remark\n" + TEXT.replace("effective_on:", "# another\neffective_on:")
    assert version == loader.loads(commented).version
    head = "name: Revenue alignment agreement\neffective_on: 2026-01-01\n"
    assert head in TEXT
    turned = "effective_on: 2026-01-01\n" + TEXT.replace(head, "name: Revenue alignment agreement\n")
    assert version == loader.loads(turned).version
    spelled = TEXT.replace("match_confidence: 0.52 ", "match_confidence: 0.520 ")
    assert version == loader.loads(spelled).version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Revenue alignment agreement", "name: Another agreement"),
        ("effective_on: 2026-01-01", "effective_on: 2026-01-02"),
        ("match_confidence: 0.52 ", "match_confidence: 0.5200000001 "),
        ("half_life_days: 30", "half_life_days: 31"),
        ("  countries: []", "  countries: [Germany]"),
        ("is_opted_out_scored: true", "is_opted_out_scored: false"),
        ("call_types: [call*]", "call_types: [call*, dial*]"),
    ],
)
def test_any_value_changes_the_version(old: str, new: str) -> None:
    assert old in TEXT
    assert shipped_version() != loader.loads(TEXT.replace(old, new, 1)).version


def test_the_version_in_the_file_is_no_key() -> None:
    with pytest.raises(AgreementError, match=r"our\.yaml:1: version: unknown key"):
        loader.loads("version: abc\n" + TEXT, name="our.yaml")


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(TEXT.replace("name: Revenue alignment agreement", "name: Mine"), encoding="utf-8")
    monkeypatch.setenv("ALIGNMENT_AGREEMENT", str(mine))
    assert "Mine" == loader.load().name
    monkeypatch.setenv("ALIGNMENT_AGREEMENT", "  ")
    assert loader.default_path() == loader.configured_path()
