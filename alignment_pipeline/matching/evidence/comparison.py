"""What speaks for and against a pair of lead and account, as numbers between 0 and 1 (a few up to 2).

Belongs here: the comparison, vectorised over pairs. What each number is worth is in `weights.py`; words for people are in `sentences.py`.
Names are compared form by form (whole field, parts, CamelCase words) and the best pair of forms speaks for the pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from alignment_pipeline.matching.blocking import pairwise
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.names import joined_words, names
from alignment_pipeline.matching.names.vocabulary import DESCRIPTOR, FIELD, ORDINARY, PLACE, STOP, Floats, FormArrays, Ints, spread

# An alias is another whole name: where it is not the account's whole name, the form as it was typed speaks.
ALIAS_IS_WHOLE = 9.0
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class NameView:
    """The best pair of forms of each pair: equality, overlap of words, what is left over on either side, likeness of the letters."""

    same_whole: Bools
    same_core: Bools
    lead_part: Bools
    account_part: Bools
    shared: Floats
    shared_top: Floats
    lead_left: Floats
    account_left: Floats
    lead_left_top: Floats
    account_left_top: Floats
    lead_left_place: Bools
    account_left_place: Bools
    likeness: Floats
    start: Floats
    prefix: Floats
    first_word: Bools
    lead_weight: Floats
    account_weight: Floats
    lead_words: Ints
    account_words: Ints
    lead_length: Ints
    account_length: Ints
    lead_form: Ints
    account_form: Ints
    lead_variant: Bools
    lead_alias: Bools
    lead_placed: Bools
    account_placed: Bools
    lead_left_field: Bools
    account_left_field: Bools
    account_variant: Bools
    whole_lead_left: Floats
    whole_account_left: Floats
    lead_letters: Bools
    edits: Floats
    same_initial: Bools
    lead_known: Bools
    written_together: Bools
    lead_ordinary: Bools
    account_ordinary: Bools
    shared_coined: Bools

    def texts(self, at: int, lead: list[str], account: list[str]) -> tuple[str, str]:
        """The compact names of one pair's best forms."""
        return lead[int(self.lead_form[at])], account[int(self.account_form[at])]


def name_view(pairs: Pairs, batch: LeadBatch, index: AccountIndex) -> NameView:
    """Compare all forms of each pair and keep the best."""
    left, right = batch.forms, index.forms
    name = batch.name_of[pairs.lead]
    pair_l, form_l = spread(left.first[name], left.first[name + 1])
    account = pairs.account[pair_l]
    step, form_r = spread(right.first[account], right.first[account + 1])
    pair, lf, rf = pair_l[step], form_l[step], form_r
    size = len(pair)
    same_core = (left.compact[lf] == right.compact[rf]) & (left.compact[lf] >= 0)
    same_core &= ~((left.kind[lf] == names.PART) & (right.kind[rf] == names.PART))
    same_core &= ~((left.kind[lf] == names.ALIAS) & (right.kind[rf] == names.PART))
    likeness = _likeness(left.compacts, right.compacts, lf, rf, fuzz.ratio, 100.0)

    own, place = spread(left.word_first[lf], left.word_first[lf + 1])
    lead_word = left.words[place]
    vocabulary = np.int64(len(index.vocabulary.number) + 1)
    inside = _member(rf[own] * vocabulary + lead_word, right.word_first, right.words, vocabulary)
    other, place_r = spread(right.word_first[rf], right.word_first[rf + 1])
    account_word = right.words[place_r]
    back = _member(lf[other] * vocabulary + account_word, left.word_first, left.words, vocabulary)

    weight_l, weight_r = index.vocabulary.weight(lead_word), index.vocabulary.weight(account_word)
    role_l, role_r = index.vocabulary.role(lead_word), index.vocabulary.role(account_word)

    def total(owner: Ints, values: Floats) -> Floats:
        return np.bincount(owner, weights=values, minlength=size).astype(np.float32)

    lead_weight, account_weight = total(own, weight_l), total(other, weight_r)
    shared = total(own, weight_l * inside)
    left_l = total(own, weight_l * ~inside)
    left_r = total(other, weight_r * ~back)
    telling_l = weight_l * ((role_l & (DESCRIPTOR | PLACE | STOP | FIELD)) == 0)
    telling_r = weight_r * ((role_r & (DESCRIPTOR | PLACE | STOP | FIELD)) == 0)
    top_l, top_r, top_s = (
        pairwise.highest(own, telling_l * ~inside, size),
        pairwise.highest(other, telling_r * ~back, size),
        pairwise.highest(own, telling_l * inside, size),
    )
    plain = DESCRIPTOR | PLACE | STOP | FIELD | ORDINARY
    new_l, new_r = ((role_l & plain) == 0).astype(np.float32), ((role_r & plain) == 0).astype(np.float32)
    coined_l, coined_r = pairwise.highest(own, new_l, size) > 0, pairwise.highest(other, new_r, size) > 0
    coined_s = pairwise.highest(own, new_l * inside, size) > 0
    place_l = total(own, (((role_l & PLACE) > 0) & ~inside).astype(np.float32)) > 0
    place_r_ = total(other, (((role_r & PLACE) > 0) & ~back).astype(np.float32)) > 0
    field_l = total(own, (((role_l & FIELD) > 0) & ~inside).astype(np.float32)) > 0
    field_r = total(other, (((role_r & FIELD) > 0) & ~back).astype(np.float32)) > 0
    first = left.words[left.word_first[lf]] == right.words[right.word_first[rf]]
    prefix = _prefix(left, right, lf, rf)
    same_whole = (left.whole[lf] == right.whole[rf]) & (left.whole[lf] >= 0)

    cover = shared / np.maximum(lead_weight + account_weight - shared, 1e-6)
    part_cost = (
        0.12 * (left.kind[lf] == names.PART)
        + 0.12 * (right.kind[rf] == names.PART)
        + 0.15 * (left.kind[lf] == names.VARIANT)
        + np.where(same_core, 0.15, ALIAS_IS_WHOLE) * (left.kind[lf] == names.ALIAS)
        + 0.1 * (left.kind[lf] == names.PLACED)
        + 0.1 * (right.kind[rf] == names.PLACED)
        + 0.15 * (right.kind[rf] == names.VARIANT)
    )
    worth = (
        2.0 * same_core
        + 0.2 * same_whole
        + 0.9 * np.maximum(cover, likeness)
        + 0.3 * (left_l == 0) * shared
        + 0.2 * np.abs(prefix)
        - part_cost
    )
    main = np.searchsorted(pair, np.arange(len(pairs.lead)))
    best = pairwise.first_highest(pair, main, np.round(worth, 5))
    lf, rf = lf[best], rf[best]
    view = NameView(
        same_whole[best],
        same_core[best],
        left.kind[lf] == names.PART,
        right.kind[rf] == names.PART,
        shared[best],
        top_s[best],
        left_l[best],
        left_r[best],
        top_l[best],
        top_r[best],
        place_l[best],
        place_r_[best],
        likeness[best],
        _likeness(left.compacts, right.compacts, lf, rf, JaroWinkler.normalized_similarity, 1.0),
        prefix[best],
        first[best],
        lead_weight[best],
        account_weight[best],
        left.word_first[lf + 1] - left.word_first[lf],
        right.word_first[rf + 1] - right.word_first[rf],
        left.length[lf],
        right.length[rf],
        lf,
        rf,
        left.kind[lf] == names.VARIANT,
        left.kind[lf] == names.ALIAS,
        left.kind[lf] == names.PLACED,
        right.kind[rf] == names.PLACED,
        field_l[best],
        field_r[best],
        right.kind[rf] == names.VARIANT,
        top_l[main],
        top_r[main],
        (prefix[best] != 0) & (left_l[best] > 0.001) & (left_r[best] > 0.001),
        _likeness(left.compacts, right.compacts, lf, rf, DamerauLevenshtein.distance, 1.0),
        (left.head[lf] >> np.uint64(56)) == (right.head[rf] >> np.uint64(56)),
        left.compact[lf] < index.compact_limit,
        np.zeros(len(best), dtype=bool),
        ~coined_l[best],
        ~coined_r[best],
        coined_s[best],
    )
    _written_together(view, batch, index)
    return view


def _written_together(view: NameView, batch: LeadBatch, index: AccountIndex) -> None:
    """Put right what is left over where one side writes together what the other writes apart."""
    for at in np.flatnonzero(view.lead_letters & ~view.same_core).tolist():
        account_is_longer = bool(view.prefix[at] > 0)
        text = index.forms.texts[int(view.account_form[at])] if account_is_longer else batch.forms.texts[int(view.lead_form[at])]
        words = joined_words.words_after(text, int(view.lead_length[at] if account_is_longer else view.account_length[at]))
        if words is None:
            continue
        left = joined_words.left_over(words, index.vocabulary)
        lead, account = ((0.0, 0.0, False, False), left) if account_is_longer else (left, (0.0, 0.0, False, False))
        view.lead_letters[at], view.written_together[at] = False, True
        view.lead_left[at], view.lead_left_top[at], view.lead_left_place[at], view.lead_left_field[at] = lead
        view.account_left[at], view.account_left_top[at], view.account_left_place[at], view.account_left_field[at] = account
        view.shared_top[at] = max(view.shared_top[at], min(view.lead_weight[at], view.account_weight[at], 1.0))


def _prefix(left: FormArrays, right: FormArrays, lf: Ints, rf: Ints) -> Floats:
    """How much of the longer name the shorter begins: positive when the lead's is the shorter, negative when the account's is, else 0."""
    mine, theirs = left.length[lf], right.length[rf]
    short = np.minimum(mine, theirs)
    beyond = (np.uint64(8) * (np.uint64(8) - np.minimum(short, 8).astype(np.uint64))) % np.uint64(64)
    alike = (short > 0) & (((left.head[lf] ^ right.head[rf]) >> beyond) == 0)
    for at in np.flatnonzero(alike & (short > 8)).tolist():
        alike[at] = left.compacts[lf[at]][: short[at]] == right.compacts[rf[at]][: short[at]]
    share = short / np.maximum(np.maximum(mine, theirs), 1)
    found: Floats = np.where(alike, np.where(mine <= theirs, share, -share), 0.0).astype(np.float32)
    return found


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
    found: Bools = have[at] == wanted
    return found
