"""Evidence: the columns that the score adds up, one row per pair of lead and account.

Belongs here: which observations count as evidence and their scale (0 to 1, a few to 2). Names are compared in `features.py`, weights are in
`weights.py`, people's words for each column in `sentences.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alignment_pipeline.matching import domains, evidence_remainders, names, spelling
from alignment_pipeline.matching.candidates import Pairs
from alignment_pipeline.matching.evidence_columns import COLUMNS
from alignment_pipeline.matching.features import NameView
from alignment_pipeline.matching.index import AccountIndex
from alignment_pipeline.matching.leads import LeadBatch
from alignment_pipeline.matching.vocabulary import Floats

# Digits from which a phone number (its last nine) says who is meant.
SHORTEST_PHONE = 7
# One letter more or less at the end of a shorter name makes another name.
SHORTEST_SLIP = 5


def matrix(pairs: Pairs, view: NameView, batch: LeadBatch, index: AccountIndex) -> Floats:
    """The evidence of each pair, columns as in COLUMNS."""
    size = len(pairs.lead)
    column = {name: np.zeros(size, dtype=np.float32) for name in COLUMNS}
    column["base"][:] = 1.0
    _names(column, view, batch, index)
    _domains(column, pairs, view, batch, index)
    _aliases(column, pairs, view, batch, index)
    _geography(column, pairs, batch, index)
    evidence_remainders.add(column, pairs, view, batch, index)
    if not size:
        return np.zeros((0, len(COLUMNS)), dtype=np.float32)
    stacked: Floats = np.column_stack([column[name] for name in COLUMNS])
    return stacked


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


def _domains(column: dict[str, Floats], pairs: Pairs, view: NameView, batch: LeadBatch, index: AccountIndex) -> None:
    facts, owners = index.facts, index.domain_owners
    compacts = batch.forms.compacts
    name_of = batch.name_of.tolist()
    spelt = [frozenset(form.compact for form in forms) for forms in batch.parsed]
    main = [index.forms.compacts[first] for first in index.forms.first[pairs.account].tolist()]
    for at, (lead, account, form, same) in enumerate(
        zip(pairs.lead.tolist(), pairs.account.tolist(), view.lead_form.tolist(), view.same_core.tolist(), strict=True)
    ):
        mail, site, own, label = batch.domain[lead], batch.web_domain[lead], facts.domain[account], facts.label[account]
        name = compacts[form]
        met = bool(label) and (names.compact(label) == name or label in spelt[name_of[lead]])
        if met and same:
            column["same_is_label"][at] = 1.0
        elif met:
            column["name_is_label"][at] = 1.0
            column["name_is_label_long"][at] = min(len(label), 12) / 12
        if label and not same and label == main[at]:
            column["site_bears_name"][at] = 1.0
        if column["in_account"][at] and label:
            column["in_account_site"][at] = float(name == label)
            column["in_account_site_whole"][at] = float(name != label and label.startswith(name))
        if column["in_lead"][at] and batch.label[lead]:
            short = index.forms.compacts[int(view.account_form[at])]
            column["in_lead_site"][at] = float(short == batch.label[lead])
            column["in_lead_site_whole"][at] = float(short != batch.label[lead] and batch.label[lead].startswith(short))
        if not own:
            column["no_account_site"][at] = 1.0
            column["own_label_no_site"][at] = float(bool(batch.label[lead]) and not same and (batch.label[lead] == name))
        taught = max(index.learned.get(mail, {}).get(account, 0.0), index.learned.get(site, {}).get(account, 0.0))
        column["learned_domain"][at] = taught
        if not mail and not site:
            continue
        if own and own in (mail, site):
            crowd = len(owners[own])
            academic = facts.domain_class[account] == domains.ACADEMIC
            column["academic_domain" if academic else "mail_domain" if own == mail else "site_domain"][at] = 1.0
            column["mail_domain_crowded"][at] = min(1.0, np.log2(crowd) / 5)
            column["only_domain"][at] = float(not batch.parsed[int(batch.name_of[lead])])
            column["exact_host"][at] = float(batch.host[lead].removeprefix("www.") == facts.host[account] != own)
            continue
        if not mail and batch.site_is_written[lead]:
            continue
        mine = batch.label[lead] or domains.label(site)
        theirs = names.compact(mine)
        column["label_equal"][at] = float(bool(mine) and mine == label)
        column["label_is_name"][at] = float(bool(mine) and theirs == index.forms.compacts[int(view.account_form[at])])
        column["label_begins"][at] = float(
            len(mine) > 3 and mine != label and len(label) > 3 and (label.startswith(mine) or mine.startswith(label))
        )
        if taught:
            continue
        column["domain_conflict"][at] = float(bool(own) and mine != label)
        column["domain_elsewhere"][at] = float(any(owner != account for owner in owners.get(mail or site, ())))
        column["own_label_conflict"][at] = float(bool(own) and mine != label and bool(mine) and (mine in name or name in mine))


def _aliases(column: dict[str, Floats], pairs: Pairs, view: NameView, batch: LeadBatch, index: AccountIndex) -> None:
    aliases, facts, first = index.aliases, index.facts, index.forms.first
    initials = [_initials(forms) for forms in batch.parsed]
    same = view.same_core.tolist()
    for at, (lead, account, name) in enumerate(
        zip(pairs.lead.tolist(), pairs.account.tolist(), batch.name_of[pairs.lead].tolist(), strict=True)
    ):
        met = aliases.groups_of_domain(batch.domain[lead]) if batch.domain[lead] and batch.domain[lead] != facts.domain[account] else []
        if met:
            other = set(aliases.groups(index.forms.compacts[int(first[account])])) | set(aliases.groups_of_domain(facts.domain[account]))
            column["alias_domain"][at] = float(bool(other & set(met)))
        short, made = initials[name]
        if same[at] or not (short or made):
            continue
        theirs = index.forms.compacts[int(first[account]) : int(first[account + 1])]
        size = max(
            [len(text) for text in short if text in index.acronyms.get(account, ())] + [len(text) for text in made if text in theirs] + [0]
        )
        column["acronym"][at] = float(size > 0)
        column["acronym_is_label"][at] = float(size > 0 and column["name_is_label"][at] + column["label_equal"][at] > 0)
        column["acronym_long"][at] = max(0, min(size, 6) - 3) / 3


def _initials(forms: tuple[names.Form, ...]) -> tuple[list[str], list[str]]:
    """What may be another name's initials, and the initials that the name itself has."""
    short = [form.compact for form in forms if len(form.core) == 1 and 3 <= len(form.compact) <= 8]
    return short, [acronym for form in forms for acronym in names.acronyms(form)]


def _geography(column: dict[str, Floats], pairs: Pairs, batch: LeadBatch, index: AccountIndex) -> None:
    facts = index.facts

    at_lead, at_account = pairs.lead.tolist(), pairs.account.tolist()

    def both(left: list[str], right: list[str], shortest: int = 1) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        ours, others = [left[lead] for lead in at_lead], [right[account] for account in at_account]
        same = [len(mine) >= shortest and mine == theirs for mine, theirs in zip(ours, others, strict=True)]
        differ = [bool(mine) and bool(theirs) and mine != theirs for mine, theirs in zip(ours, others, strict=True)]
        return np.array(same, dtype=bool), np.array(differ, dtype=bool)

    column["country_same"][:], column["country_other"][:] = both(batch.country, facts.country)
    column["state_same"][:], _ = both(batch.state, facts.state)
    column["city_same"][:], _ = both(batch.city, facts.city)
    column["phone_same"][:], _ = both(batch.phone, facts.phone, SHORTEST_PHONE)
    local = index.local[pairs.account]
    column["local"][:] = local
    column["local_same"][:] = local * column["country_same"]
    column["local_other"][:] = local * column["country_other"]
    column["has_parent"][:] = facts.parent[pairs.account] >= 0
    column["has_children"][:] = index.is_parent[pairs.account]
