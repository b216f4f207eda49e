"""Evidence: the columns that the score adds up, one row per pair of lead and account.

Belongs here: which observations of names and places count as evidence and their scale (0 to 1, a few to 2). Sites are judged in
`evidence_sites.py`, listed domains and initials in `evidence_aliases.py`, what is left over in `evidence_remainders.py`. Names are compared
in `features.py`, weights are in `weights.py`, people's words for each column in `sentences.py`.
"""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.codes import NONE
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.evidence import aliases, remainders, sites
from alignment_pipeline.matching.evidence.columns import COLUMNS
from alignment_pipeline.matching.evidence.comparison import NameView
from alignment_pipeline.matching.names import spelling
from alignment_pipeline.matching.names.vocabulary import Floats

# One letter more or less at the end of a shorter name makes another name.
SHORTEST_SLIP = 5


def matrix(pairs: Pairs, view: NameView, batch: LeadBatch, index: AccountIndex) -> Floats:
    """The evidence of each pair, columns as in COLUMNS."""
    size = len(pairs.lead)
    columns: Floats = np.zeros((len(COLUMNS), size), dtype=np.float32)
    column = dict(zip(COLUMNS, columns, strict=True))
    column["base"][:] = 1.0
    _names(column, view, batch, index)
    sites.add(column, pairs, view, batch, index)
    aliases.add(column, pairs, view, batch, index)
    _geography(column, pairs, batch, index)
    remainders.add(column, pairs, view, batch, index)
    return columns.T


def _names(column: dict[str, Floats], view: NameView, batch: LeadBatch, index: AccountIndex) -> None:
    same = view.same_core
    rare = np.minimum(view.lead_weight, 1.0)
    column["same_name"][:] = same
    column["same_whole"][:] = view.same_whole
    column["same_rare"][:] = same * (1.0 - rare)
    column["same_long"][:] = same * np.minimum(view.lead_length, 16) / 16
    column["same_short"][:] = same * (view.lead_length <= 4)
    column["same_part"][:] = same * view.lead_part
    column["same_account_part"][:] = same * view.account_part * ~view.lead_part

    column["same_variant"][:] = same * (view.lead_variant | view.account_variant)
    column["same_placed"][:] = same * view.lead_placed
    column["same_account_placed"][:] = same * view.account_placed
    part = view.lead_part | view.account_part
    column["part_left_both"][:] = part * np.minimum(view.whole_lead_left, view.whole_account_left)
    column["part_lead_left"][:] = part * view.whole_lead_left
    column["part_account_left"][:] = part * view.whole_account_left
    column["alias"][:] = view.lead_alias

    crowd = _crowd(view, index)
    both_parts = view.lead_part & view.account_part
    slip = view.lead_letters & (view.edits <= 1) & (np.minimum(view.lead_length, view.account_length) >= SHORTEST_SLIP)
    in_account = ~same & ~both_parts & ~slip & ((view.lead_left <= 0.001) | (view.prefix > 0)) & (view.lead_length > 1)
    in_lead = ~same & ~in_account & ~both_parts & ~slip & ((view.account_left <= 0.001) | (view.prefix < 0)) & (view.account_length > 1)
    for name, where, top, place, field, left, weight, ratio in (
        (
            "in_account",
            in_account,
            view.account_left_top,
            view.account_left_place,
            view.account_left_field,
            view.account_left,
            view.lead_weight,
            view.lead_length / np.maximum(view.account_length, 1),
        ),
        (
            "in_lead",
            in_lead,
            view.lead_left_top,
            view.lead_left_place,
            view.lead_left_field,
            view.lead_left,
            view.account_weight,
            view.account_length / np.maximum(view.lead_length, 1),
        ),
    ):
        column[name][:] = where
        column[name + "_rare"][:] = where * np.minimum(weight, 1.5)
        column[name + "_telling"][:] = where * top
        column[name + "_place"][:] = where * place
        column[name + "_field"][:] = where * (top <= 0) * field
        column[name + "_described"][:] = where * (top <= 0) * ~place * ~field * (left > 0)
        column[name + "_crowded"][:] = where * crowd
        column[name + "_length"][:] = where * np.minimum(ratio, 1.0)

    column["in_account_begins"][:] = in_account * (view.first_word | (view.prefix > 0))
    column["in_lead_begins"][:] = in_lead * (view.first_word | (view.prefix < 0))

    column["in_account_letters"][:] = in_account * view.lead_letters
    column["in_lead_letters"][:] = in_lead * view.lead_letters

    column["in_variant"][:] = (in_account | in_lead) * (view.lead_variant | view.account_variant)

    column["in_account_words"][:] = in_account * (view.account_left <= 0.001) * (view.lead_left <= 0.001)
    rest = ~same & ~in_account & ~in_lead
    typo = rest & (view.likeness >= 0.8)
    column["typo"][:] = typo
    column["typo_long"][:] = typo * np.minimum(view.lead_length, 16) / 16
    column["typo_close"][:] = typo * (view.likeness - 0.8) * 5
    column["typo_first"][:] = typo * (view.start >= 0.93)

    near = typo & (view.edits <= 1)
    column["typo_one_letter"][:] = near
    column["typo_one_long"][:] = near * np.minimum(view.lead_length, 14) / 14
    column["typo_initial"][:] = typo * view.same_initial
    for at in np.flatnonzero(near).tolist():
        kind = spelling.slip(view.texts(at, batch.forms.compacts, index.forms.compacts))
        if kind:
            column["typo_" + kind][at] = 1.0
    column["typo_known_word"][:] = typo * view.lead_known

    other = rest & ~typo
    union = np.maximum(view.lead_weight + view.account_weight - view.shared, 1e-6)
    column["overlap"][:] = other * view.shared / union
    column["overlap_telling_left"][:] = other * (view.shared > 0) * np.maximum(view.lead_left_top, view.account_left_top)
    column["overlap_place_left"][:] = other * (view.lead_left_place & view.account_left_place)
    column["overlap_start"][:] = other * view.first_word
    column["overlap_described"][:] = (
        other
        * ~both_parts
        * (view.shared_top > 0)
        * (view.lead_left_top <= 0)
        * (view.account_left_top <= 0)
        * ~view.lead_left_place
        * ~view.account_left_place
        * ~view.lead_left_field
        * ~view.account_left_field
        * np.minimum(view.lead_length, 12)
        / 12
    )
    column["overlap_rare"][:] = other * view.shared_top


def _crowd(view: NameView, index: AccountIndex) -> Floats:
    """How common the pair's rarest shared word is: 0 for a word of one account, 1 for a word of thousands."""
    return np.clip(1.0 - view.shared_top, 0.0, 1.0).astype(np.float32)


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
