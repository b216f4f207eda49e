"""Candidates: for each lead the few accounts worth comparing, found through shared keys.

Belongs here: key look-ups and the cut to `candidate_limit`. Keys are made in `keys.py`; the comparison is in `evidence/comparison.py`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from alignment_pipeline.matching.array_types import Floats, Ints
from alignment_pipeline.matching.blocking import keys, pairwise
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.names import names
from alignment_pipeline.matching.names.vocabulary import spread

KIND_WEIGHT = {"d": 4.0, "h": 2.0, "n": 3.0, "g": 2.5, "a": 1.0, "w": 0.4, "y": 2.0}
# What the first words alone, joined, are worth beside the whole name: this times the rarity of the rarest of them.
BEGINNING = 2.5


@dataclass(slots=True)
class Pairs:
    """Lead and account positions to compare, sorted by lead, then account."""

    lead: Ints
    account: Ints


def exact_keys(batch: LeadBatch, row: int, index: AccountIndex) -> list[str]:
    """The keys of one lead's domains and of its whole name: cheap, and enough for most leads."""
    domain_keys: dict[str, None] = {}
    for domain in (batch.domain[row], batch.web_domain[row]):
        if domain:
            domain_keys["d:" + domain] = None
            for group in index.aliases.groups_of_domain(domain):
                domain_keys[f"g:{group}"] = None
    host = batch.host[row].removeprefix("www.")
    if batch.domain[row] and host != batch.domain[row]:
        domain_keys["h:" + host] = None
    if len(batch.label[row]) >= keys.SHORTEST_LABEL:
        domain_keys["n:" + names.compact(batch.label[row])] = None
        for group in index.aliases.groups(batch.label[row]):
            domain_keys[f"g:{group}"] = None
    return list(domain_keys)


def company_keys(forms: tuple[names.Form, ...], index: AccountIndex) -> dict[str, None]:
    """The keys of one company field, whole and parts."""
    blocking_keys = keys.name_keys(forms, index.rarity, index.settings.common_word_accounts, index.aliases, index.frequency)
    for form in forms:
        if 2 <= len(form.compact) <= 8 and len(form.core) == 1:
            blocking_keys["a:" + form.compact] = None
        for acronym in names.acronyms(form):
            blocking_keys["n:" + acronym] = None
    return blocking_keys


def _beginnings(forms: tuple[names.Form, ...], index: AccountIndex) -> dict[str, float]:
    """What a key of first words is worth ("n:cloud" of "Cloud Flare"): hundreds of accounts may share it, unlike the whole name."""
    worth: dict[str, float] = {}
    if all(len(form.core) == 1 for form in forms):
        return worth
    for form in forms:
        if len(form.core) == 1:
            continue
        joined, rarest = "", 0.0
        for word in form.core[:4]:
            joined, rarest = joined + word, max(rarest, index.vocabulary.of(word)[1])
            key = "n:" + names.compact(joined)
            worth[key] = max(worth.get(key, 0.0), BEGINNING * rarest)
    for form in forms:
        worth.pop("n:" + form.compact, None)
    return worth


def find(batch: LeadBatch, index: AccountIndex) -> Pairs:
    """The candidates of every lead, at most `candidate_limit` each, the closest by shared keys."""
    by_name = _company_hits(batch, index)
    own = _own_hits(batch, index)
    name_row, name_account, name_weight = by_name
    order = np.argsort(batch.name_of, kind="stable")
    sorted_names = batch.name_of[order]
    low = np.searchsorted(sorted_names, name_row, side="left")
    high = np.searchsorted(sorted_names, name_row, side="right")
    hit, place = spread(low, high)
    lead = np.concatenate([order[place], own[0]])
    account = np.concatenate([name_account[hit], own[1]])
    weight = np.concatenate([name_weight[hit], own[2]])
    return _cut(lead, account, weight, index)


def _hits(owners: array[int], numbers: array[int], weights: array[float], index: AccountIndex) -> tuple[Ints, Ints, Floats]:
    key = np.array(numbers, dtype=np.int64)
    row, place = spread(index.key_first[key], index.key_first[key + 1])
    return np.array(owners, dtype=np.int64)[row], index.key_accounts[place].astype(np.int64), np.array(weights, dtype=np.float32)[row]


def _company_hits(batch: LeadBatch, index: AccountIndex) -> tuple[Ints, Ints, Floats]:
    """(distinct company, account, weight): names that meet exactly need no fuzzy look-up."""
    owners, numbers, weights = array("q"), array("q"), array("f")
    hash_owner, hashes = array("q"), array("q")
    exact = index.vocabulary.compact_number
    for row, forms in enumerate(batch.parsed):
        if not forms:
            continue
        met = exact.get(forms[0].compact, index.compact_limit) < index.compact_limit
        beginnings = _beginnings(forms, index)
        for key in company_keys(forms, index):
            number = index.key_number.get(key)
            kind = key[0]
            if number is None or (met and kind in "twa"):
                continue
            owners.append(row)
            numbers.append(number)
            weights.append(index.rarity.weight(key[2:]) if kind == "t" else beginnings.get(key, KIND_WEIGHT[kind]))
        if not met:
            of_name = keys.typo_hashes(forms)
            hashes.extend(of_name)
            hash_owner.extend([row] * len(of_name))
    row_, account, weight = _hits(owners, numbers, weights, index)
    typo_row, typo_account = _typo_hits(hash_owner, hashes, index)
    return (
        np.concatenate([row_, typo_row]),
        np.concatenate([account, typo_account]),
        np.concatenate([weight, np.full(len(typo_row), KIND_WEIGHT["y"], dtype=np.float32)]),
    )


def _typo_hits(owner: array[int], hashes: array[int], index: AccountIndex) -> tuple[Ints, Ints]:
    wanted = np.array(hashes, dtype=np.uint32)
    order = np.argsort(wanted)
    wanted, owners = wanted[order], np.array(owner, dtype=np.int64)[order]
    low = np.searchsorted(index.typo_hash, wanted, side="left")
    known = np.flatnonzero(low < len(index.typo_hash))
    known = known[index.typo_hash[low[known]] == wanted[known]]
    low, wanted, owners = low[known], wanted[known], owners[known]
    row, place = spread(low, np.searchsorted(index.typo_hash, wanted, side="right"))
    pair = pairwise.distinct((owners[row] << 32) + index.typo_account[place])
    return pair >> 32, pair & np.int64((1 << 32) - 1)


def _own_hits(batch: LeadBatch, index: AccountIndex) -> tuple[Ints, Ints, Floats]:
    owners, numbers, weights = array("q"), array("q"), array("f")
    for row in range(len(batch)):
        if not batch.domain[row] and not batch.web_domain[row]:
            continue
        for key in exact_keys(batch, row, index):
            number = index.key_number.get(key)
            if number is not None:
                owners.append(row)
                numbers.append(number)
                weights.append(KIND_WEIGHT[key[0]])
    return _hits(owners, numbers, weights, index)


def _cut(lead: Ints, account: Ints, weight: Floats, index: AccountIndex) -> Pairs:
    """Add up the weights of a pair's keys and keep each lead's heaviest; long account names weigh a little less, ids break ties."""
    if not len(lead):
        return Pairs(lead, account)
    size = np.int64(len(index))
    pair, inverse = np.unique(lead * size + account, return_inverse=True)
    total = np.bincount(inverse, weights=weight, minlength=len(pair))
    lead, account = pair // size, pair % size
    many = np.flatnonzero(np.bincount(lead)[lead] > index.settings.candidate_limit)
    if not len(many):
        return Pairs(lead, account)
    worth = np.round(total[many] - 0.02 * np.minimum(index.name_length[account[many]], 60), 4)
    order = many[np.lexsort((account[many], -worth, lead[many]))]
    first = np.searchsorted(lead[order], lead[order], side="left")
    keep = np.ones(len(pair), dtype=bool)
    keep[order[np.arange(len(order)) - first >= index.settings.candidate_limit]] = False
    return Pairs(lead[keep], account[keep])
