"""Evidence: the columns that the score adds up, one row per pair of lead and account.

Belongs here: which observations of names and places count as evidence and their scale (0 to 1, a few to 2). Sites are judged in
`sites.py`, listed domains and initials in `aliases.py`, what is left over in `remainders.py`. Names are compared in `comparison.py`, the
columns are listed in `columns.py`, weighed in `weights.py`.
"""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.array_types import Bools, Floats
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.codes import NONE
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.evidence import aliases, remainders, sites
from alignment_pipeline.matching.evidence.columns import COLUMNS
from alignment_pipeline.matching.evidence.comparison import NameComparison, Side
from alignment_pipeline.matching.names import spelling

# One letter more or less at the end of a shorter name makes another name.
SHORTEST_SLIP = 5
# Names whose letters agree less than this (RapidFuzz ratio) are two names.
LIKE = 0.8


def matrix(pairs: Pairs, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> Floats:
    """The evidence of each pair, columns as in COLUMNS."""
    size = len(pairs.lead)
    columns: Floats = np.zeros((len(COLUMNS), size), dtype=np.float32)
    column = dict(zip(COLUMNS, columns, strict=True))
    column["base"][:] = 1.0
    _names(column, compared, batch, index)
    sites.add(column, pairs, compared, batch, index)
    aliases.add(column, pairs, compared, batch, index)
    _geography(column, pairs, batch, index)
    remainders.add(column, pairs, compared, batch, index)
    return columns.T


def _names(column: dict[str, Floats], compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    """Each pair's names are of one family: the same, one inside the other, a few letters apart, or only sharing words."""
    lead, account, same = compared.lead, compared.account, compared.same_core
    _same(column, compared)
    both_parts = lead.is_part & account.is_part
    slip = compared.inside_word & (compared.edits <= 1) & (np.minimum(lead.length, account.length) >= SHORTEST_SLIP)
    apart = ~same & ~both_parts & ~slip
    in_account = apart & ((lead.left <= 0.001) | (compared.prefix > 0)) & (lead.length > 1)
    in_lead = apart & ~in_account & ((account.left <= 0.001) | (compared.prefix < 0)) & (account.length > 1)
    _inside(column, "in_account", in_account, lead, account, compared)
    _inside(column, "in_lead", in_lead, account, lead, compared)
    column["in_account_begins"][:] = in_account * (compared.first_word | (compared.prefix > 0))
    column["in_lead_begins"][:] = in_lead * (compared.first_word | (compared.prefix < 0))
    column["in_variant"][:] = (in_account | in_lead) * (lead.is_variant | account.is_variant)
    column["in_account_words"][:] = in_account * (account.left <= 0.001) * (lead.left <= 0.001)
    rest = ~same & ~in_account & ~in_lead
    typo = rest & (compared.likeness >= LIKE)
    _typo(column, typo, compared, batch, index)
    _overlap(column, rest & ~typo, both_parts, compared)


def _same(column: dict[str, Floats], compared: NameComparison) -> None:
    lead, account, same = compared.lead, compared.account, compared.same_core
    column["same_name"][:] = same
    column["same_whole"][:] = compared.same_whole
    column["same_rare"][:] = same * (1.0 - np.minimum(lead.weight, 1.0))
    column["same_long"][:] = same * np.minimum(lead.length, 16) / 16
    column["same_short"][:] = same * (lead.length <= 4)
    column["same_part"][:] = same * lead.is_part
    column["same_account_part"][:] = same * account.is_part * ~lead.is_part
    column["same_variant"][:] = same * (lead.is_variant | account.is_variant)
    column["same_placed"][:] = same * lead.is_placed
    column["same_account_placed"][:] = same * account.is_placed
    part = lead.is_part | account.is_part
    column["part_left_both"][:] = part * np.minimum(lead.whole_left_top, account.whole_left_top)
    column["part_lead_left"][:] = part * lead.whole_left_top
    column["part_account_left"][:] = part * account.whole_left_top
    column["alias"][:] = compared.lead_is_alias


def _inside(column: dict[str, Floats], family: str, where: Bools, shorter: Side, longer: Side, compared: NameComparison) -> None:
    """One name lies in the other: how telling it is, and what the longer one has beside it."""
    column[family][:] = where
    column[family + "_rare"][:] = where * np.minimum(shorter.weight, 1.5)
    column[family + "_telling"][:] = where * longer.left_top
    column[family + "_place"][:] = where * longer.left_place
    column[family + "_field"][:] = where * (longer.left_top <= 0) * longer.left_field
    column[family + "_described"][:] = where * longer.nothing_telling_left() * (longer.left > 0)
    column[family + "_crowded"][:] = where * np.clip(1.0 - compared.shared_top, 0.0, 1.0)
    column[family + "_length"][:] = where * np.minimum(shorter.length / np.maximum(longer.length, 1), 1.0)
    column[family + "_letters"][:] = where * compared.inside_word


def _typo(column: dict[str, Floats], typo: Bools, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    column["typo"][:] = typo
    column["typo_long"][:] = typo * np.minimum(compared.lead.length, 16) / 16
    column["typo_close"][:] = typo * (compared.likeness - LIKE) * 5
    column["typo_first"][:] = typo * (compared.start >= 0.93)
    near = typo & (compared.edits <= 1)
    column["typo_one_letter"][:] = near
    column["typo_one_long"][:] = near * np.minimum(compared.lead.length, 14) / 14
    column["typo_initial"][:] = typo * compared.same_initial
    for at in np.flatnonzero(near).tolist():
        kind = spelling.slip(compared.texts(at, batch.forms.compacts, index.forms.compacts))
        if kind:
            column["typo_" + kind][at] = 1.0
    column["typo_known_word"][:] = typo * compared.lead_is_known


def _overlap(column: dict[str, Floats], other: Bools, both_parts: Bools, compared: NameComparison) -> None:
    lead, account = compared.lead, compared.account
    union = np.maximum(lead.weight + account.weight - compared.shared, 1e-6)
    described = other & ~both_parts & (compared.shared_top > 0) & lead.nothing_telling_left() & account.nothing_telling_left()
    column["overlap"][:] = other * compared.shared / union
    column["overlap_telling_left"][:] = other * (compared.shared > 0) * np.maximum(lead.left_top, account.left_top)
    column["overlap_place_left"][:] = other * (lead.left_place & account.left_place)
    column["overlap_start"][:] = other * compared.first_word
    column["overlap_described"][:] = described * np.minimum(lead.length, 12) / 12
    column["overlap_rare"][:] = other * compared.shared_top


def _geography(column: dict[str, Floats], pairs: Pairs, batch: LeadBatch, index: AccountIndex) -> None:
    lead, account, ours, theirs = pairs.lead, pairs.account, batch.codes, index.codes
    country, other = ours.country[lead], theirs.country[account]
    column["country_same"][:] = (country == other) & (country != NONE)
    column["country_other"][:] = (country != other) & (country != NONE) & (other != NONE)
    for name, mine, known in (
        ("state_same", ours.state, theirs.state),
        ("city_same", ours.city, theirs.city),
        ("phone_same", ours.phone, theirs.phone),
    ):
        column[name][:] = (mine[lead] == known[account]) & (mine[lead] != NONE)
    local = index.local[account]
    column["local"][:] = local
    column["local_same"][:] = local * column["country_same"]
    column["local_other"][:] = local * column["country_other"]
    column["has_parent"][:] = index.facts.parent[account] >= 0
    column["has_children"][:] = index.is_parent[account]
