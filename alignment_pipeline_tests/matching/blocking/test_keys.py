"""Blocking keys: names one letter apart share one."""

from __future__ import annotations

import random
import zlib

from alignment_pipeline.matching.blocking import keys
from alignment_pipeline.matching.names import names


def test_names_one_letter_apart_share_a_typo_hash() -> None:
    chance = random.Random(7)
    for _ in range(200):
        text = "".join(chance.choice("abcd") for _ in range(chance.randint(4, 12)))
        at = chance.randrange(len(text))
        for other in (text[:at] + text[at + 1 :], text[:at] + "x" + text[at:], text[:at] + "x" + text[at + 1 :]):
            if len(other) >= keys.SHORTEST_TYPO:
                assert keys.typo_hashes(names.forms(text)) & keys.typo_hashes(names.forms(other)), (text, other)


def test_typo_hashes_are_of_the_name_whole_and_with_each_letter_left_out() -> None:
    form = names.Form(names.WHOLE, "borealis labs", ("borealis", "labs"), "borealislabs")
    pieces = {piece for text in ("borealislabs", "borealis") for piece in (text, *(text[:at] + text[at + 1 :] for at in range(len(text))))}

    assert {zlib.crc32(piece.encode()) for piece in pieces} == keys.typo_hashes([form])
