"""Hundreds of broken agreements, made from every key of the schema: each is refused with its file and line, never with a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from alignment_pipeline.agreement import keys, loader
from alignment_pipeline.agreement.loader import AgreementError

FIRST = "extends: default\n"
#: Values that fit no key of the kind.
WRONG = {
    "number": ["[1]", "high", "1 000 000", "2026-02-30", "1e999", "-1e30", ".nan", "{a: 1}", "0x", "1__0__x"],
    "text": ["[1]", "{a: 1}", "!!binary x", "!secret a", "2026-02-30", "[[[[]]]]"],
    "true or false": ["maybe", "3", "[true]"],
    "date": ["2026-02-30", "2026-13-01", "yesterday", "[2026-01-01]", "31.12.2026"],
    "one of": ["none of these", "[x]", "{a: 1}", "!!set {a}"],
    "list": ["3", "word", "{a: 1}", "{extend: 3}", "{reduce: [nothing of this name]}", "{extend: [{x: {}}]}"],
    "section": ["3", "word", "[a]", "{no such key: 1}", "!!omap [a: 1]"],
}
#: Aliases of aliases: 9 to the power of 8 values.
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in pairwise("abcdefghi")
)
YAML_ODDITIES = [
    "name: a\nname: b\n", "name: [a\n", "name: {a: b\n", "name: *gone\n", "name: &a\n <<: *a\n", "\tname: a\n",
    "name: a\n---\nname: b\n", "? [a, b]\n: 1\n", "'a[b]': 1\n", "scope: {'a[b]': 1}\n", "? {a: b}\n: 1\n", "1: a\n", "null: a\n",
    "true: a\n", "2026-01-01: a\n", "name: !!python/object:os.system a\n", "name: !!int a\n", "name: !!float a\n",
    "name: !!timestamp a\n", "effective_on: 2026-02-30\n", "effective_on: 0000-00-00\n", "effective_on: 2026-01-01T25:00:00\n",
    "scope: " + "[" * 500 + "\n", "scope: " + "{a: " * 100 + "1" + "}" * 100 + "\n", "name: '\n", 'name: "\\x"\n', "name: |\n a\nb\n",
    "- a\n", "%YAML 9.9\n---\nname: a\n", "name: a: b\n", "name: @a\n", "name: `a`\n", "name: \x07\n",
    "matching: {match_confidence: " + "9" * 5000 + "}\n", "matching: {match_confidence: 0b12}\n",
    "matching: {match_confidence: 1:30:00}\n",
    BOMB,
    "<<: 3\n", "<<: [1, 2]\n", "scope: {<<: {countries: 3}}\n", "name: !<tag:yaml.org,2002:seq> a\n", "people: !!set {a, b}\n",
]  # fmt: skip


def _kind(key: keys.Key) -> str:
    if key.is_section and not key.type.startswith("list"):
        return "section"
    kind = next((kind for kind in WRONG if key.type.startswith(kind)), "number" if "number" in key.type else "section")
    return "list" if key.type.startswith("list") else kind


def _broken() -> Iterator[tuple[str, str, int]]:
    """Name, text and the line that is wrong: every key with a value that does not fit it, and every key misspelt."""
    for number, key in enumerate(keys.all_keys()):
        values = WRONG[_kind(key)]
        yield f"{key.path} {number}", *_text(key.path, values[number % len(values)])
        misspelt = f"{key.path}zz"
        yield f"{misspelt}", *_text(misspelt, "1")


def _text(path: str, value: str) -> tuple[str, int]:
    """An agreement that extends the shipped one and says one thing, a level a line; and the line of what it says."""
    lines, indent = [], ""
    parts = path.split(".")
    for part in parts[:-1]:
        name = part.removesuffix("[]")
        lines.append(f"{indent}{name}:" if name != "NAME" else f"{indent}any name:")
        indent += "  "
        if part.endswith("[]"):
            lines.append(f"{indent}- _: 1")
            lines[-1] = f"{indent}-"
            indent += "  "
    last = parts[-1] if parts[-1] != "NAME" else "any name"
    lines.append(f"{indent}{last}: {value}")
    return FIRST + "\n".join(lines) + "\n", len(lines) + 1


CASES = list(_broken())


def test_there_are_more_than_five_hundred_and_every_key_is_among_them() -> None:
    assert len(CASES) > 1000
    assert {key.path for key in keys.all_keys()} <= {name.rpartition(" ")[0] for name, _, _ in CASES}


@pytest.mark.parametrize("part", range(8))
def test_every_broken_value_is_refused_with_its_line(part: int) -> None:
    """A text that a number may be (0x is none, but a name may be `high`) can be right; whatever is refused has its line."""
    wrong: list[str] = []
    refused = 0
    for name, text, line in CASES[part::8]:
        try:
            loader.loads(text, name="our.yaml")
        except AgreementError as error:
            refused += 1
            lines = {int(found) for found in re.findall(r"^our\.yaml:(\d+): ", str(error), re.MULTILINE)}
            if not lines or any(not part.startswith(("our.yaml:", "default.yaml:")) for part in str(error).splitlines()):
                wrong.append(f"{name}: no line in {error}")
            elif not any(line - 3 <= found <= line for found in lines):
                wrong.append(f"{name}: line {line} is wrong, but said is {error}")
        else:
            if name.rpartition(" ")[0] and not _may_be_right(text):
                wrong.append(f"{name}: accepted {text!r}")
    assert [] == wrong[:10]
    assert refused > len(CASES) // 8 * 0.9


@pytest.mark.parametrize("text", YAML_ODDITIES, ids=range(len(YAML_ODDITIES)))
def test_what_yaml_makes_of_odd_texts_is_refused_with_a_line(text: str) -> None:
    with pytest.raises(AgreementError) as caught:
        loader.loads(text if text.startswith(("%", "- a", "\t")) else FIRST + text, name="our.yaml")

    assert re.match(r"our\.yaml:\d+: ", str(caught.value)), str(caught.value)[:300]
    assert len(str(caught.value)) < 20_000


def _may_be_right(text: str) -> bool:
    """Texts that some key of the kind takes: a date of words where any text is allowed, and the like."""
    return text.rstrip().endswith((": high", ": 2026-02-30", ": word", ": yesterday"))
