"""A batch of leads, read and parsed.

Belongs here: what a lead row says (company, domains, place), each distinct company parsed once. Candidates are found in `candidates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment_pipeline.matching.array_types import Bools, Ints
from alignment_pipeline.matching.blocking import codes, records
from alignment_pipeline.matching.blocking.codes import LeadCodes
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.names import domains, junk, names, places
from alignment_pipeline.matching.names.alias_table import AliasTable
from alignment_pipeline.matching.names.text import fold
from alignment_pipeline.matching.names.vocabulary import FormArrays, Vocabulary, arrays
from alignment_pipeline.matching.settings import MatchingSettings


@dataclass(slots=True)
class LeadBatch:
    """Plain columns, one entry per lead; `name_of` points into the distinct companies whose forms are in `forms`."""

    lead_id: list[str]
    company: list[str]
    domain: list[str]
    host: list[str]
    domain_class: list[str]
    label: list[str]
    web_domain: list[str]
    site_is_written: Bools
    country: list[str]
    state: list[str]
    city: list[str]
    phone: list[str]
    name_of: Ints
    distinct: list[str]
    parsed: list[tuple[names.Form, ...]]
    forms: FormArrays
    junk: Bools
    codes: LeadCodes

    def __len__(self) -> int:
        return len(self.lead_id)


def read(frame: records.Frame, index: AccountIndex) -> LeadBatch:
    """Parse leads (lead_id, company, and as far as known email or email_domain, website, country, state, city, phone) beside an index.

    Its vocabulary grows by their words (`Vocabulary.truncate`). A misspelt "independent" is junk unless an account bears that very name.
    """
    settings, vocabulary = index.settings, index.vocabulary
    records.require(frame, "leads", "lead_id")
    rows = records.row_count(frame)
    text = {column: records.text_column(frame, column, rows) for column in records.LEAD_TEXT}
    records.unique_ids(text["lead_id"], "leads")
    mailbox = [bare or mail for bare, mail in zip(text["email_domain"], text["email"], strict=True)]
    mail_domain = [domains.registrable(value) for value in mailbox]
    site_domain = [domains.registrable(value) for value in text["website"]]
    classes = [_class(value, settings) for value in mail_domain]
    site_classes = [_class(value, settings) for value in site_domain]
    web = [value if kind in (domains.CORPORATE, domains.ACADEMIC) else "" for value, kind in zip(site_domain, site_classes, strict=True)]
    number: dict[str, int] = {}
    company = [value if value else "" for value in text["company"]]
    is_written = np.zeros(rows, dtype=bool)
    for row, value in enumerate(company):
        written = names.domain_like(value)
        if written and not web[row] and _class(domains.registrable(written), settings) == domains.CORPORATE:
            web[row], is_written[row] = domains.registrable(written), True
    name_of = np.array([number.setdefault(value, len(number)) for value in company], dtype=np.int64)
    distinct = list(number)
    junk_words = {fold(word) for word in settings.junk_companies}
    is_junk, parsed = [], []
    for value in distinct:
        is_junk.append(_is_junk(value, junk_words, vocabulary, index.compact_limit))
        parsed.append(() if is_junk[-1] else with_aliases(names.forms(value), index.aliases, index.whole_names))
    forms = arrays(parsed, vocabulary)
    usable = [value if kind in (domains.CORPORATE, domains.ACADEMIC) else "" for value, kind in zip(mail_domain, classes, strict=True)]
    compared = {
        "domain": usable,
        "web_domain": web,
        "label": [domains.label(value) if value and kind == domains.CORPORATE else "" for value, kind in zip(usable, classes, strict=True)],
        "country": [places.country_code(value) for value in text["country"]],
        "state": [places.city_key(value) for value in text["state"]],
        "city": [places.city_key(value) for value in text["city"]],
        "phone": ["".join(filter(str.isdigit, value))[-9:] for value in text["phone"]],
    }
    return LeadBatch(
        lead_id=text["lead_id"],
        company=company,
        host=[domains.host_of(value) for value in mailbox],
        domain_class=classes,
        site_is_written=is_written,
        name_of=name_of,
        distinct=distinct,
        parsed=parsed,
        forms=forms,
        junk=np.array(is_junk, dtype=bool)[name_of],
        codes=codes.of_leads(compared, index.codes, vocabulary),
        **compared,
    )


def _class(domain: str, settings: MatchingSettings) -> str:
    if not domain:
        return ""
    return domains.domain_class(
        domain,
        freemail_additions=settings.freemail_additions,
        shared_additions=settings.shared_domain_additions,
        corporate_exceptions=settings.corporate_domains,
    )


def _is_junk(value: str, additions: set[str], vocabulary: Vocabulary, known: int) -> bool:
    if junk.is_junk(value) or fold(value) in additions:
        return True
    if not junk.is_nearly_junk(value):
        return False
    forms = names.forms(value)
    return not forms or vocabulary.compact_number.get(forms[0].compact, known) >= known


def with_aliases(forms: tuple[names.Form, ...], aliases: AliasTable, accounts: frozenset[str]) -> tuple[names.Form, ...]:
    """The forms and the other names that the alias list gives to one of them; a name in two groups is too ambiguous to help.

    Where an account has the whole name, its parts have no other names: "University of North Carolina at Greensboro" is not Chapel Hill.
    """
    is_account = bool(forms) and names.without_stop_words(forms[0]) in accounts
    have = {form.compact for form in forms}
    added: list[names.Form] = []
    for form in forms:
        groups = aliases.groups(form.compact)
        if len(groups) != 1 or (is_account and form.kind == names.PART):
            continue
        added += [other for other in aliases.members(groups[0]) if other.compact not in have]
        have.update(other.compact for other in added)
    return (*forms, *added)
