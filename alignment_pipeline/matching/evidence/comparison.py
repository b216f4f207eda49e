"""How the names of lead and account compare: what is equal, what is shared, what is left over on either side.

Belongs here: the comparison of names, vectorised over pairs. Names are compared form by form (whole field, parts, CamelCase words) and the
best pair of forms speaks for the pair. Which of it counts as evidence is in `evidence.py`, what that is worth in `weights.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from alignment_pipeline.matching.array_types import Bools, Floats, Ints
from alignment_pipeline.matching.blocking import pairwise
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.names import joined_words, names
from alignment_pipeline.matching.names.vocabulary import DESCRIPTOR, FIELD, ORDINARY, PLACE, STOP, FormArrays, Vocabulary, spread

# An alias is another whole name: where it is not the account's whole name, the form as it was typed speaks.
ALIAS_IS_WHOLE = 9.0
# Roles of words that describe a company but do not name it.
PLAIN = DESCRIPTOR | PLACE | STOP | FIELD


@dataclass(slots=True)
class Side:
    """One side's best form of each pair: which it is, and what is left over of it once the words of the other side are taken off.

    `left` is the weight of the words left over, `left_top` that of the most telling one; `whole_left_top` is of the whole field instead of
    the best form. `is_ordinary`: no word of the form is coined.
    """

    form: Ints
    length: Ints
    is_part: Bools
    is_variant: Bools
    is_placed: Bools
    is_ordinary: Bools
    weight: Floats
    left: Floats
    left_top: Floats
    left_place: Bools
    left_field: Bools
    whole_left_top: Floats

    def nothing_telling_left(self) -> Bools:
        """Whether only descriptive words, or none, are left over."""
        nothing: Bools = (self.left_top <= 0) & ~self.left_place & ~self.left_field
        return nothing


@dataclass(slots=True)
class NameComparison:
    """The best pair of forms of each pair: equality, words shared, what is left over on either side, likeness of the letters.

    `prefix` is the share of the longer name that the shorter one begins, negative when the account's is the shorter; `inside_word`: it ends
    inside a word. `written_together`: one side writes as one word what the other writes as two. `other_number`: both have numbers, and not
    the same ones; then letters that are alike say nothing.
    """

    lead: Side
    account: Side
    same_whole: Bools
    same_core: Bools
    shared: Floats
    shared_top: Floats
    shared_coined: Bools
    likeness: Floats
    start: Floats
    edits: Floats
    prefix: Floats
    first_word: Bools
    same_initial: Bools
    inside_word: Bools
    written_together: Bools
    lead_is_alias: Bools
    lead_is_known: Bools
    other_number: Bools

    def texts(self, at: int, lead: list[str], account: list[str]) -> tuple[str, str]:
        """The compact names of one pair's best forms."""
        return lead[int(self.lead.form[at])], account[int(self.account.form[at])]


class _Words:
    """The words of one side over pairs of forms: which of them the other side has too."""

    def __init__(self, forms: FormArrays, form: Ints, others: FormArrays, other: Ints, vocabulary: Vocabulary) -> None:
        self.size = len(form)
        self.owner, place = spread(forms.word_first[form], forms.word_first[form + 1])
        word = forms.words[place]
        count = np.int64(len(vocabulary.number) + 1)
        self.is_shared = _member(other[self.owner] * count + word, others.word_first, others.words, count)
        self.weight, self.role = vocabulary.weight(word), vocabulary.role(word)

    def total(self, values: Floats) -> Floats:
        return np.bincount(self.owner, weights=values, minlength=self.size).astype(np.float32)

    def highest(self, values: Floats) -> Floats:
        return pairwise.highest(self.owner, values, self.size)

    def any(self, marked: Bools) -> Bools:
        return self.total(marked.astype(np.float32)) > 0

    def telling(self) -> Floats:
        """The weight of each word that names, 0 for one that only describes."""
        weights: Floats = self.weight * ((self.role & PLAIN) == 0)
        return weights

    def coined(self) -> Floats:
        """1 for each word that is neither descriptive nor ordinary English."""
        return ((self.role & (PLAIN | ORDINARY)) == 0).astype(np.float32)

    def side(self, forms: FormArrays, form: Ints, best: Ints, first: Ints) -> Side:
        """The side at the best pairs of forms; `first` are the pairs of the two whole fields."""
        left_top = self.highest(self.telling() * ~self.is_shared)
        chosen = form[best]
        return Side(
            form=chosen,
            length=forms.length[chosen],
            is_part=forms.kind[chosen] == names.PART,
            is_variant=forms.kind[chosen] == names.VARIANT,
            is_placed=forms.kind[chosen] == names.PLACED,
            is_ordinary=~(self.highest(self.coined()) > 0)[best],
            weight=self.total(self.weight)[best],
            left=self.total(self.weight * ~self.is_shared)[best],
            left_top=left_top[best],
            left_place=self.any(((self.role & PLACE) > 0) & ~self.is_shared)[best],
            left_field=self.any(((self.role & FIELD) > 0) & ~self.is_shared)[best],
            whole_left_top=left_top[first],
        )


def compare_names(pairs: Pairs, batch: LeadBatch, index: AccountIndex) -> NameComparison:
    """Compare all forms of each pair and keep the best."""
    left, right = batch.forms, index.forms
    name = batch.name_of[pairs.lead]
    pair_of_lead_form, lead_form = spread(left.first[name], left.first[name + 1])
    account = pairs.account[pair_of_lead_form]
    step, rf = spread(right.first[account], right.first[account + 1])
    pair, lf = pair_of_lead_form[step], lead_form[step]
    same_core = _same_core(left, right, lf, rf)
    same_whole = (left.whole[lf] == right.whole[rf]) & (left.whole[lf] >= 0)
    other_number = (left.numbers[lf] != right.numbers[rf]) & (left.numbers[lf] >= 0) & (right.numbers[rf] >= 0)
    likeness = np.where(other_number, 0.0, _likeness(left.compacts, right.compacts, lf, rf, fuzz.ratio, 100.0)).astype(np.float32)
    prefix = np.where(other_number, 0.0, _prefix(left, right, lf, rf)).astype(np.float32)
    ours, theirs = _Words(left, lf, right, rf, index.vocabulary), _Words(right, rf, left, lf, index.vocabulary)
    shared, lead_weight = ours.total(ours.weight * ours.is_shared), ours.total(ours.weight)
    cover = shared / np.maximum(lead_weight + theirs.total(theirs.weight) - shared, 1e-6)
    nothing_left = ours.total(ours.weight * ~ours.is_shared) == 0
    worth = (
        2.0 * same_core
        + 0.2 * same_whole
        + 0.9 * np.maximum(cover, likeness)
        + 0.3 * nothing_left * shared
        + 0.2 * np.abs(prefix)
        - _form_cost(left, right, lf, rf, same_core)
    )
    first = np.searchsorted(pair, np.arange(len(pairs.lead)))
    best = pairwise.first_highest(pair, first, np.round(worth, 5))
    lead, other = ours.side(left, lf, best, first), theirs.side(right, rf, best, first)
    compared = NameComparison(
        lead=lead,
        account=other,
        same_whole=same_whole[best],
        same_core=same_core[best],
        shared=shared[best],
        shared_top=ours.highest(ours.telling() * ours.is_shared)[best],
        shared_coined=ours.highest(ours.coined() * ours.is_shared)[best] > 0,
        likeness=likeness[best],
        start=_likeness(left.compacts, right.compacts, lead.form, other.form, JaroWinkler.normalized_similarity, 1.0),
        edits=_likeness(left.compacts, right.compacts, lead.form, other.form, DamerauLevenshtein.distance, 1.0),
        prefix=prefix[best],
        first_word=left.words[left.word_first[lead.form]] == right.words[right.word_first[other.form]],
        same_initial=(left.head[lead.form] >> np.uint64(56)) == (right.head[other.form] >> np.uint64(56)),
        inside_word=(prefix[best] != 0) & (lead.left > 0.001) & (other.left > 0.001),
        written_together=np.zeros(len(best), dtype=bool),
        lead_is_alias=left.kind[lead.form] == names.ALIAS,
        lead_is_known=left.compact[lead.form] < index.compact_limit,
        other_number=other_number[best],
    )
    _written_together(compared, batch, index)
    return compared


def _same_core(left: FormArrays, right: FormArrays, lf: Ints, rf: Ints) -> Bools:
    """The same compact name, where not both are parts of a field, nor an alias a part of the account's."""
    same: Bools = (left.compact[lf] == right.compact[rf]) & (left.compact[lf] >= 0)
    same &= ~((left.kind[lf] == names.PART) & (right.kind[rf] == names.PART))
    same &= ~((left.kind[lf] == names.ALIAS) & (right.kind[rf] == names.PART))
    return same


def _form_cost(left: FormArrays, right: FormArrays, lf: Ints, rf: Ints, same_core: Bools) -> Floats:
    """What a pair of forms is worth less than the two whole fields as they were typed."""
    cost: Floats = (
        0.12 * (left.kind[lf] == names.PART)
        + 0.12 * (right.kind[rf] == names.PART)
        + 0.15 * (left.kind[lf] == names.VARIANT)
        + np.where(same_core, 0.15, ALIAS_IS_WHOLE) * (left.kind[lf] == names.ALIAS)
        + 0.1 * (left.kind[lf] == names.PLACED)
        + 0.1 * (right.kind[rf] == names.PLACED)
        + 0.15 * (right.kind[rf] == names.VARIANT)
    )
    return cost


def _written_together(compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    """Correct what is left over where one side writes together what the other writes apart."""
    lead, account = compared.lead, compared.account
    for at in np.flatnonzero(compared.inside_word & ~compared.same_core).tolist():
        longer, shorter, texts = (account, lead, index.forms.texts) if compared.prefix[at] > 0 else (lead, account, batch.forms.texts)
        words = joined_words.words_after(texts[int(longer.form[at])], int(shorter.length[at]))
        if words is None:
            continue
        compared.inside_word[at], compared.written_together[at] = False, True
        shorter.left[at], shorter.left_top[at], shorter.left_place[at], shorter.left_field[at] = 0.0, 0.0, False, False
        rest = joined_words.left_over(words, index.vocabulary)
        longer.left[at], longer.left_top[at], longer.left_place[at], longer.left_field[at] = rest
        compared.shared_top[at] = max(compared.shared_top[at], min(lead.weight[at], account.weight[at], 1.0))


def _prefix(left: FormArrays, right: FormArrays, lf: Ints, rf: Ints) -> Floats:
    """How much of the longer name the shorter begins: positive when the lead's is the shorter, negative when the account's is, else 0."""
    mine, theirs = left.length[lf], right.length[rf]
    short = np.minimum(mine, theirs)
    beyond = (np.uint64(8) * (np.uint64(8) - np.minimum(short, 8).astype(np.uint64))) % np.uint64(64)
    alike = (short > 0) & (((left.head[lf] ^ right.head[rf]) >> beyond) == 0)
    for at in np.flatnonzero(alike & (short > 8)).tolist():
        alike[at] = left.compacts[lf[at]][: short[at]] == right.compacts[rf[at]][: short[at]]
    share = short / np.maximum(np.maximum(mine, theirs), 1)
    signed: Floats = np.where(alike, np.where(mine <= theirs, share, -share), 0.0).astype(np.float32)
    return signed


def _likeness(left: list[str], right: list[str], lf: Ints, rf: Ints, scorer: Callable[..., float], scale: float) -> Floats:
    if not len(lf):
        return np.zeros(0, np.float32)
    queries, choices = [left[form] for form in lf.tolist()], [right[form] for form in rf.tolist()]
    scores: Floats = process.cpdist(queries, choices, scorer=scorer, dtype=np.float32)
    return scores / np.float32(scale)


def _member(wanted: Ints, first: Ints, words: Ints, vocabulary: np.int64) -> Bools:
    """Whether (form, word) codes occur among the words of forms."""
    if not len(wanted) or not len(words):
        return np.zeros(len(wanted), dtype=bool)
    forms = pairwise.distinct(wanted // vocabulary)
    owner, place = spread(first[forms], first[forms + 1])
    have = np.sort(forms[owner] * vocabulary + words[place])
    if not len(have):
        return np.zeros(len(wanted), dtype=bool)
    at = np.minimum(np.searchsorted(have, wanted), len(have) - 1)
    is_member: Bools = have[at] == wanted
    return is_member
