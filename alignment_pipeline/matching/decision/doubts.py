"""What leaves doubt about a name however alike its letters are: another number, or one letter of the only word that names.

Belongs here: two questions about the winner's names. What a doubt does to the decision: `decision.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from alignment_pipeline.matching.names import places, spelling, wordlists

OTHER_NUMBER = "the numbers in the names differ"
ONE_LETTER = "one letter of the only naming word differs"


def of_names(lead: Sequence[str], account: Sequence[str], *, other_number: bool) -> str:
    """The doubt about two names that are alike, as words of their best forms; "" for none."""
    if other_number:
        return OTHER_NUMBER
    return ONE_LETTER if is_other_body(lead, account) else ""


def is_other_body(lead: Sequence[str], account: Sequence[str]) -> bool:
    """Whether two names differ by another letter in the only word that names: City of Marlow, City of Barlow; Marlow Bank, Barlow Bank.

    A letter too many, missing or swapped, and a neighbouring key within the word, are slips of the finger ("General Asembly", "Hsringey").
    A name before its description ("Motorola Solutions") is another body only when its very first letter differs.
    """
    if len(lead) != len(account) or len(lead) < 2:
        return False
    differing = [at for at, (mine, theirs) in enumerate(zip(lead, account, strict=True)) if mine != theirs]
    if len(differing) != 1 or not all(_only_describes(word) for at, word in enumerate(lead) if at != differing[0]):
        return False
    at = differing[0]
    mine, theirs = lead[at], account[at]
    return mine[:1] != theirs[:1] or (at > 0 and _has_another_letter(mine, theirs))


def _has_another_letter(one: str, other: str) -> bool:
    if len(one) != len(other) or sorted(one) == sorted(other):
        return False
    return any(mine != theirs and not spelling.neighbours(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def _only_describes(word: str) -> bool:
    roles = wordlists.roles()
    return any(word in roles[role] for role in roles) or word in places.place_words() or wordlists.is_ordinary(word)
