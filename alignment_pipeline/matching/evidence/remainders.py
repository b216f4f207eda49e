"""Evidence about what two names leave over and how ordinary their words are: beside the columns of `evidence.py`.

Belongs here: names that agree or are one letter apart once descriptive words are taken off, what is left on one side only, ordinary words,
and columns that only mean something together (a domain that agrees in another country).
"""

from __future__ import annotations

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein

from alignment_pipeline.matching.array_types import Floats
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.evidence.comparison import NameComparison
from alignment_pipeline.matching.names import names

# Shorter naming words than these are other names as often as slips of the finger.
SHORTEST_SLIP = 6


def add(column: dict[str, Floats], pairs: Pairs, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    """Fill the columns."""
    _one_sided(column, compared)
    _slips(column, pairs, compared, batch, index)
    _plain_site(column, pairs, index)
    column["in_lead_ordinary"][:] = column["in_lead"] * compared.account.is_ordinary
    column["in_account_ordinary"][:] = column["in_account"] * compared.lead.is_ordinary
    column["overlap_ordinary"][:] = (column["overlap"] > 0) * (compared.shared_top > 0) * ~compared.shared_coined
    column["typo_ordinary"][:] = column["typo"] * compared.lead.is_ordinary
    domain = column["mail_domain"] + column["site_domain"] + column["academic_domain"] + column["alias_domain"] > 0
    column["domain_country_other"][:] = domain * column["country_other"]
    column["label_is_name_no_site"][:] = column["label_is_name"] * column["no_account_site"]
    column["in_joined"][:] = (column["in_account"] + column["in_lead"] > 0) & compared.written_together
    column["in_placed"][:] = (column["in_account"] + column["in_lead"] > 0) & compared.lead.is_placed
    column["same_account_placed_other"][:] = compared.account.is_placed * column["country_other"]


def _one_sided(column: dict[str, Floats], compared: NameComparison) -> None:
    """Words shared, and only one side has more than descriptive words left: "Rakuten Pay" and Rakuten Group."""
    other = (column["overlap"] > 0) & (compared.shared_top > 0)
    column["overlap_in_lead"][:] = other & compared.account.nothing_telling_left() & ~compared.lead.nothing_telling_left()


def _slips(column: dict[str, Floats], pairs: Pairs, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    """The naming words differ by one letter, whatever descriptive words follow: "Motorolla" and Motorola Solutions."""
    theirs = index.codes.bare_length[pairs.account]
    rest = compared.same_initial & ~compared.same_core & (column["in_account"] + column["in_lead"] + column["typo_one_letter"] == 0)
    at = np.flatnonzero(rest & (theirs >= SHORTEST_SLIP))
    bare = {name: names.bare(forms[0]) if (forms := batch.parsed[name]) else "" for name in set(batch.name_of[pairs.lead[at]].tolist())}
    lengths = np.zeros(len(batch.parsed), dtype=np.int64)
    lengths[list(bare)] = [len(text) for text in bare.values()]
    mine = lengths[batch.name_of[pairs.lead[at]]]
    for pair in at[(mine >= SHORTEST_SLIP) & (np.abs(mine - theirs[at]) <= 1)].tolist():
        left, right = bare[int(batch.name_of[pairs.lead[pair]])], index.codes.bare[int(pairs.account[pair])]
        if left[0] == right[0] and left != right and DamerauLevenshtein.distance(left, right, score_cutoff=1) == 1:
            column["slip_bare"][pair] = 1.0
            column["slip_bare_long"][pair] = min(len(left), 14) / 14


def _plain_site(column: dict[str, Floats], pairs: Pairs, index: AccountIndex) -> None:
    """The account holds its very name as a .com: the best known of its namesakes as a rule."""
    for at in np.flatnonzero(column["same_is_label"]).tolist():
        domain = index.facts.domain[int(pairs.account[at])]
        column["same_is_label_com"][at] = float(domain.endswith(".com") and domain.count(".") == 1)
