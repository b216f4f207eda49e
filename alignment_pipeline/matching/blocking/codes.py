"""Texts as numbers: what of accounts and leads is compared by being equal, so that many pairs are compared at once.

Belongs here: the numbers that an index keeps of its accounts, and those of a batch of leads. What equality is worth as evidence is decided
in `evidence.py` and its neighbours; words and compact names have their numbers from the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alignment_pipeline.matching.blocking import pairwise
from alignment_pipeline.matching.names import domains, names
from alignment_pipeline.matching.names.vocabulary import Floats, FormArrays, Ints, Vocabulary

# No text, and a text that no account has. Neither equals anything.
NONE, UNKNOWN = -1, -2
# Digits from which a phone number (its last nine) says who is meant.
SHORTEST_PHONE = 7
# log2 of the accounts on one domain from which the domain says nothing about which of them is meant.
CROWD = 5.0


@dataclass(slots=True)
class AccountCodes:
    """One entry per account, -1 for none. `label` and `label_name` are numbers of compact names, the other texts are numbered by `number`.

    `spelt` and `initials` say which compact names and which initials an account has (`pairwise.holds`); `bare` is its name without
    descriptive words.
    """

    number: dict[str, int]
    domain: Ints
    crowd: Floats
    is_academic: npt.NDArray[np.bool_]
    label: Ints
    label_name: Ints
    label_length: Ints
    label_is_name: npt.NDArray[np.bool_]
    country: Ints
    state: Ints
    city: Ints
    phone: Ints
    bare: list[str]
    bare_length: Ints
    spelt: Ints
    initials: Ints


@dataclass(slots=True)
class LeadCodes:
    """One entry per lead, numbered as the accounts' are. `label` is of the e-mail domain; `any_label`, its text in `labels`, else of the
    website."""

    mail: Ints
    site: Ints
    label: Ints
    labels: list[str]
    any_label: Ints
    any_label_name: Ints
    country: Ints
    state: Ints
    city: Ints
    phone: Ints


def of_accounts(
    columns: Mapping[str, Sequence[str]],
    forms: FormArrays,
    bare: list[str],
    initials: Mapping[int, tuple[str, ...]],
    vocabulary: Vocabulary,
) -> AccountCodes:
    """Number the accounts' columns (domain, domain_class, label, country, state, city, phone); labels and initials join the vocabulary."""
    number: dict[str, int] = {}
    domain, label = columns["domain"], columns["label"]
    holders: dict[str, int] = {}
    for name in domain:
        holders[name] = holders.get(name, 0) + 1
    label_number = _given(label, vocabulary.compact_number)
    owner = [at for at, found in initials.items() for _ in found]
    made = [vocabulary.compact(text) for found in initials.values() for text in found]
    return AccountCodes(
        number,
        _given(domain, number),
        np.array([min(1.0, np.log2(holders[name]) / CROWD) if name else 0.0 for name in domain], dtype=np.float32),
        np.array([kind == domains.ACADEMIC for kind in columns["domain_class"]], dtype=bool),
        label_number,
        _given([names.compact(text) for text in label], vocabulary.compact_number),
        np.array([len(text) for text in label], dtype=np.int64),
        (label_number == forms.compact[forms.first[:-1]]) & (label_number != NONE),
        _given(columns["country"], number),
        _given(columns["state"], number),
        _given(columns["city"], number),
        _given(_phones(columns["phone"]), number),
        bare,
        np.array([len(text) for text in bare], dtype=np.int64),
        pairwise.filed(pairwise.owners(forms.first), forms.compact),
        pairwise.filed(np.array(owner, dtype=np.int64), np.array(made, dtype=np.int64)),
    )


def of_leads(columns: Mapping[str, Sequence[str]], accounts: AccountCodes, vocabulary: Vocabulary) -> LeadCodes:
    """The numbers of a batch's columns (domain, web_domain, label, country, state, city, phone); the accounts' numbering stays as it is."""
    known = vocabulary.compact_number
    labels = [mail or (domains.label(site) if site else "") for mail, site in zip(columns["label"], columns["web_domain"], strict=True)]
    return LeadCodes(
        _found(columns["domain"], accounts.number),
        _found(columns["web_domain"], accounts.number),
        _found(columns["label"], known),
        labels,
        _found(labels, known),
        _found([names.compact(text) for text in labels], known),
        _found(columns["country"], accounts.number),
        _found(columns["state"], accounts.number),
        _found(columns["city"], accounts.number),
        _found(_phones(columns["phone"]), accounts.number),
    )


def _phones(values: Iterable[str]) -> list[str]:
    return [value if len(value) >= SHORTEST_PHONE else "" for value in values]


def _given(texts: Iterable[str], number: dict[str, int]) -> Ints:
    return np.array([number.setdefault(text, len(number)) if text else NONE for text in texts], dtype=np.int64)


def _found(texts: Iterable[str], number: Mapping[str, int]) -> Ints:
    return np.array([number.get(text, UNKNOWN) if text else NONE for text in texts], dtype=np.int64)
