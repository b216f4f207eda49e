"""Texts as numbers: what of accounts and leads is compared by being equal, so that many pairs are compared at once.

Belongs here: the numbers that an index keeps of its accounts, and those of a batch of leads. What equality is worth as evidence is
decided in `matching/evidence/evidence.py` and its neighbours; words and compact names have their numbers from the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alignment_pipeline.matching.array_types import Bools, Floats, Ints
from alignment_pipeline.matching.blocking import pairwise
from alignment_pipeline.matching.names import domains, names
from alignment_pipeline.matching.names.vocabulary import FormArrays, Vocabulary

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
    is_academic: Bools
    label: Ints
    label_name: Ints
    label_length: Ints
    label_is_name: Bools
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
    label_number = _numbered(label, vocabulary.compact_number)
    owner = [at for at, texts in initials.items() for _ in texts]
    codes_of_initials = [vocabulary.compact(text) for texts in initials.values() for text in texts]
    return AccountCodes(
        number=number,
        domain=_numbered(domain, number),
        crowd=np.array([min(1.0, np.log2(holders[name]) / CROWD) if name else 0.0 for name in domain], dtype=np.float32),
        is_academic=np.array([kind == domains.ACADEMIC for kind in columns["domain_class"]], dtype=bool),
        label=label_number,
        label_name=_numbered([names.compact(text) for text in label], vocabulary.compact_number),
        label_length=np.array([len(text) for text in label], dtype=np.int64),
        label_is_name=(label_number == forms.compact[forms.first[:-1]]) & (label_number != NONE),
        country=_numbered(columns["country"], number),
        state=_numbered(columns["state"], number),
        city=_numbered(columns["city"], number),
        phone=_numbered(_phones(columns["phone"]), number),
        bare=bare,
        bare_length=np.array([len(text) for text in bare], dtype=np.int64),
        spelt=pairwise.filed(pairwise.owners(forms.first), forms.compact),
        initials=pairwise.filed(np.array(owner, dtype=np.int64), np.array(codes_of_initials, dtype=np.int64)),
    )


def of_leads(columns: Mapping[str, Sequence[str]], accounts: AccountCodes, vocabulary: Vocabulary) -> LeadCodes:
    """The numbers of a batch's columns (domain, web_domain, label, country, state, city, phone); the accounts' numbering stays as it is."""
    known = vocabulary.compact_number
    labels = [mail or (domains.label(site) if site else "") for mail, site in zip(columns["label"], columns["web_domain"], strict=True)]
    return LeadCodes(
        mail=_looked_up(columns["domain"], accounts.number),
        site=_looked_up(columns["web_domain"], accounts.number),
        label=_looked_up(columns["label"], known),
        labels=labels,
        any_label=_looked_up(labels, known),
        any_label_name=_looked_up([names.compact(text) for text in labels], known),
        country=_looked_up(columns["country"], accounts.number),
        state=_looked_up(columns["state"], accounts.number),
        city=_looked_up(columns["city"], accounts.number),
        phone=_looked_up(_phones(columns["phone"]), accounts.number),
    )


def _phones(values: Iterable[str]) -> list[str]:
    return [value if len(value) >= SHORTEST_PHONE else "" for value in values]


def _numbered(texts: Iterable[str], number: dict[str, int]) -> Ints:
    return np.array([number.setdefault(text, len(number)) if text else NONE for text in texts], dtype=np.int64)


def _looked_up(texts: Iterable[str], number: Mapping[str, int]) -> Ints:
    return np.array([number.get(text, UNKNOWN) if text else NONE for text in texts], dtype=np.int64)
