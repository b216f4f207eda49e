"""Evidence of other names: domains and initials under which a company goes.

Belongs here: columns that the alias list's domains and initials fill. An alias that is a name is compared like any other form
(`comparison.py`).
"""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.array_types import Floats, Ints
from alignment_pipeline.matching.blocking import pairwise
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.codes import UNKNOWN
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.evidence.comparison import NameComparison
from alignment_pipeline.matching.names import names
from alignment_pipeline.matching.names.vocabulary import spread

# A name of so many letters may be another name's initials.
SHORTEST_INITIALS, LONGEST_INITIALS = 3, 8


def add(column: dict[str, Floats], pairs: Pairs, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    """Fill the columns."""
    _listed_domains(column, pairs, batch, index)
    size = _initials(pairs, compared, batch, index)
    column["acronym"][:] = size > 0
    column["acronym_is_label"][:] = (size > 0) & (column["name_is_label"] + column["label_equal"] > 0)
    column["acronym_long"][:] = np.maximum(np.minimum(size, 6) - 3, 0) / 3


def _listed_domains(column: dict[str, Floats], pairs: Pairs, batch: LeadBatch, index: AccountIndex) -> None:
    """The e-mail domain is listed for a company that the account is by its name or its own domain."""
    aliases, facts, first = index.aliases, index.facts, index.forms.first
    listed = np.array([bool(domain) and bool(aliases.groups_of_domain(domain)) for domain in batch.domain], dtype=bool)
    if not listed.any():
        return
    for at in np.flatnonzero(listed[pairs.lead] & (batch.codes.mail[pairs.lead] != index.codes.domain[pairs.account])).tolist():
        account = int(pairs.account[at])
        other = {*aliases.groups(index.forms.compacts[first[account]]), *aliases.groups_of_domain(facts.domain[account])}
        column["alias_domain"][at] = bool(other & set(aliases.groups_of_domain(batch.domain[int(pairs.lead[at])])))


def _initials(pairs: Pairs, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> Ints:
    """Per pair the letters of the initials that one name is of the other, 0 for none."""
    size = np.zeros(len(pairs.lead), dtype=np.int64)
    number = index.vocabulary.compact_number
    of_account: list[tuple[int, int, int]] = []
    of_lead: list[tuple[int, int, int]] = []
    for name, forms in enumerate(batch.parsed):
        for form in forms:
            if len(form.core) == 1 and SHORTEST_INITIALS <= len(form.compact) <= LONGEST_INITIALS:
                of_account.append((name, number[form.compact], len(form.compact)))
            of_lead.extend([(name, number.get(text, UNKNOWN), len(text)) for text in names.acronyms(form)])
    rest = np.flatnonzero(~compared.same_core)
    for spellings, filed in ((of_account, index.codes.initials), (of_lead, index.codes.spelt)):
        if not spellings:
            continue
        name_of, code, letters = np.array(spellings, dtype=np.int64).T
        first = np.searchsorted(name_of, np.arange(len(batch.parsed) + 1))
        wanted = batch.name_of[pairs.lead[rest]]
        pair, place = spread(first[wanted], first[wanted + 1])
        agrees = pairwise.holds(filed, pairs.account[rest[pair]], code[place])
        np.maximum.at(size, rest[pair[agrees]], letters[place[agrees]])
    return size
