"""Texts that ask for more than a machine has are refused within a second, with a line."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest

from alignment_pipeline.agreement import bounds, loader
from alignment_pipeline.agreement.document import AgreementError

NAMES = [f"k{number}" for number in range(60)]
BOMBS = {
    "aliases of aliases": "k0: &k0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in pairwise(NAMES)),
    "merged mappings": "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}, x{n}: 1}}\n" for n in range(1, 3000)),
    "lists in lists": "scope: " + "[" * 100_000,
    "mappings in mappings": "scope: " + "{a: " * 20_000,
    "blocks in blocks": "".join(" " * level + "a:\n" for level in range(1_000)),
    "dashes": "scope:\n  " + "- " * 20_000 + "x",
    "a long list": "scope: [" + "a," * 300_000 + "]",
    "a long text": "name: " + "x" * 5_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_it_is_refused_within_a_second(name: str) -> None:
    loader.load(loader.default_path())
    begun = time.process_time()
    with pytest.raises(AgreementError) as caught:
        loader.loads("extends: default\n" + BOMBS[name], name="our.yaml")

    assert time.process_time() - begun < 1.0
    assert re.match(r"our\.yaml:\d+: (holds|is nested|has) ", str(caught.value))


def test_what_ships_is_far_below() -> None:
    text = loader.default_path().read_text(encoding="utf-8")

    assert bounds.excess(text) is None
    assert bounds.excess(text + text.replace("\n", "\n# ")) is None and len(text) < bounds.MOST_CHARACTERS / 5


def test_an_alias_counts_as_often_as_it_is_used_and_no_more() -> None:
    row = f"[{', '.join(['x'] * 99)}]"
    below = f"a: &a {row}\n" + "b: [" + ", ".join(["*a"] * 195) + "]\n"
    above = f"a: &a {row}\n" + "b: [" + ", ".join(["*a"] * 205) + "]\n"

    assert bounds.excess(below) is None and bounds.excess(above) is not None


def test_what_is_no_yaml_is_left_to_who_reads_it() -> None:
    assert bounds.excess("a: [b") is None and bounds.excess("a: @b") is None
