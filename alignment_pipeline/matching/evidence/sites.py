"""Evidence of domains: e-mail domain, website and the names they bear, on either side.

Belongs here: columns that a domain or its label fills, where they agree and where they contradict. What the CRM itself teaches about
domains is read in `blocking/learned_domains.py`.
"""

from __future__ import annotations

import numpy as np

from alignment_pipeline.matching.array_types import Bools, Floats, Ints
from alignment_pipeline.matching.blocking import pairwise
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.codes import NONE
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.evidence.comparison import NameComparison

# Shorter labels begin too many others.
SHORTEST_BEGINNING = 4


def add(column: dict[str, Floats], pairs: Pairs, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    """Fill the columns."""
    lead, account = pairs.lead, pairs.account
    name = batch.forms.compact[compared.lead.form]
    _labels(column, pairs, compared, name, batch, index)
    _inside(column, pairs, compared, batch, index)
    column["no_account_site"][:] = index.codes.domain[account] == NONE
    label = batch.codes.label[lead]
    column["own_label_no_site"][:] = column["no_account_site"] * ((label == name) & (label != NONE) & ~compared.same_core)
    speaks = (batch.codes.mail[lead] != NONE) | (batch.codes.site[lead] != NONE)
    if not speaks.any():
        return
    _taught(column, pairs, speaks, batch, index)
    own = index.codes.domain[account]
    agrees = (own != NONE) & ((own == batch.codes.mail[lead]) | (own == batch.codes.site[lead]))
    _agreeing(column, pairs, np.flatnonzero(agrees), batch, index)
    asserts = (batch.codes.mail[lead] != NONE) | ~batch.site_is_written[lead]
    _differing(column, pairs, compared, np.flatnonzero(speaks & ~agrees & asserts), batch, index)


def _labels(column: dict[str, Floats], pairs: Pairs, compared: NameComparison, name: Ints, batch: LeadBatch, index: AccountIndex) -> None:
    """The company name is the account's domain, or the account's own name is."""
    account, codes = pairs.account, index.codes
    label = codes.label[account]
    spelt = pairwise.filed(pairwise.owners(batch.forms.first), batch.forms.compact)
    met = (label != NONE) & ((codes.label_name[account] == name) | pairwise.holds(spelt, batch.name_of[pairs.lead], label))
    column["same_is_label"][:] = met & compared.same_core
    column["name_is_label"][:] = met & ~compared.same_core
    column["name_is_label_long"][:] = column["name_is_label"] * (np.minimum(codes.label_length[account], 12) / 12)
    column["site_bears_name"][:] = codes.label_is_name[account] & ~compared.same_core


def _inside(column: dict[str, Floats], pairs: Pairs, compared: NameComparison, batch: LeadBatch, index: AccountIndex) -> None:
    """One name lies in the other: does the site bear the shorter name, or the longer one?"""
    for family, texts, form, labels, owner, number in (
        ("in_account", batch.forms.compacts, compared.lead.form, index.facts.label, pairs.account, index.codes.label),
        ("in_lead", index.forms.compacts, compared.account.form, batch.label, pairs.lead, batch.codes.label),
    ):
        for at in np.flatnonzero((column[family] > 0) & (number[owner] != NONE)).tolist():
            name, label = texts[form[at]], labels[owner[at]]
            column[family + "_site"][at] = name == label
            column[family + "_site_whole"][at] = name != label and label.startswith(name)


def _taught(column: dict[str, Floats], pairs: Pairs, speaks: Bools, batch: LeadBatch, index: AccountIndex) -> None:
    if not index.learned:
        return
    nothing: dict[int, float] = {}
    for at in np.flatnonzero(speaks).tolist():
        lead, account = int(pairs.lead[at]), int(pairs.account[at])
        column["learned_domain"][at] = max(
            index.learned.get(domain, nothing).get(account, 0.0) for domain in (batch.domain[lead], batch.web_domain[lead])
        )


def _agreeing(column: dict[str, Floats], pairs: Pairs, at: Ints, batch: LeadBatch, index: AccountIndex) -> None:
    """The domain is the account's website."""
    lead, account, codes = pairs.lead[at], pairs.account[at], index.codes
    academic = codes.is_academic[account]
    mail = codes.domain[account] == batch.codes.mail[lead]
    column["academic_domain"][at] = academic
    column["mail_domain"][at] = mail & ~academic
    column["site_domain"][at] = ~mail & ~academic
    column["mail_domain_crowded"][at] = codes.crowd[account]
    column["only_domain"][at] = batch.forms.compact[batch.forms.first[batch.name_of[lead]]] == NONE
    facts = index.facts
    column["exact_host"][at] = [
        batch.host[one].removeprefix("www.") == facts.host[other] != facts.domain[other]
        for one, other in zip(lead.tolist(), account.tolist(), strict=True)
    ]


def _differing(column: dict[str, Floats], pairs: Pairs, compared: NameComparison, at: Ints, batch: LeadBatch, index: AccountIndex) -> None:
    """The lead's domain is not the account's website: its label may be the account's all the same, or speak for another company."""
    lead, account, ours, theirs = pairs.lead[at], pairs.account[at], batch.codes, index.codes
    mine, label = ours.any_label[lead], theirs.label[account]
    column["label_equal"][at] = (mine == label) & (mine != NONE)
    column["label_is_name"][at] = (ours.any_label_name[lead] == index.forms.compact[compared.account.form[at]]) & (mine != NONE)
    untaught = column["learned_domain"][at] == 0
    conflict = untaught & (theirs.domain[account] != NONE) & (mine != label)
    column["domain_conflict"][at] = conflict
    first = np.where(ours.mail[lead] != NONE, ours.mail[lead], ours.site[lead])
    column["domain_elsewhere"][at] = untaught & (first >= 0)
    labels, compacts = index.facts.label, batch.forms.compacts
    for place in np.flatnonzero((mine != NONE) & (mine != label)).tolist():
        text, other = ours.labels[lead[place]], labels[account[place]]
        if min(len(text), len(other)) >= SHORTEST_BEGINNING:
            column["label_begins"][at[place]] = other.startswith(text) or text.startswith(other)
        if conflict[place]:
            name = compacts[compared.lead.form[at[place]]]
            column["own_label_conflict"][at[place]] = text in name or name in text
