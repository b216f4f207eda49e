"""What the records of one person say of their company and their name, and whether two such claims can be of one person at one company.

Belongs here: comparing claims. Which records hold one address, and who they are then: `shared_addresses.py`. Company names are read as
matching reads them (`matching/names/`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from alignment_pipeline.matching.names import domains, junk, names, places, wordlists
from alignment_pipeline.matching.names.alias_table import default_aliases
from alignment_pipeline.matching.names.text import fold

# Shorter beginnings are shared by many names.
SHORTEST_BEGINNING = 5
# RapidFuzz ratio from which two compact names are spellings of one, and two first names of one person.
ALIKE = 85.0
ALIKE_FIRST_NAMES = 75.0


@dataclass(frozen=True)
class Claim:
    """`accounts` are ids that the CRM itself set; `companies` are names (of those accounts, else as typed), `sites` domains of websites.

    `people` are (first name, last name), folded, where a record has both. `has_no_employer`: a freelancer, student, pensioner and the like.
    """

    accounts: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    people: frozenset[tuple[str, str]] = frozenset()
    has_no_employer: bool = False

    @property
    def says_where(self) -> bool:
        """Whether it says where the person works, be it nowhere."""
        return self.has_no_employer or bool(self.accounts or self.companies or self.sites)


def company_names(texts: Iterable[str | None]) -> frozenset[str]:
    """The texts that name a company; "n/a", "self-employed" and the like do not."""
    return frozenset(text for text in texts if text and not junk.is_junk(text) and names.forms(text))


def company_sites(websites: Iterable[str | None]) -> frozenset[str]:
    """The registrable domains of websites that are one company's."""
    sites = (domains.registrable(website) for website in websites if website)
    return frozenset(domain for domain in sites if domain and domains.domain_class(domain) in (domains.CORPORATE, domains.ACADEMIC))


def full_names(pairs: Iterable[tuple[str | None, str | None]]) -> frozenset[tuple[str, str]]:
    folded = ((fold(first or ""), fold(last or "")) for first, last in pairs)
    return frozenset((first, last) for first, last in folded if first and last)


def same_company(one: Claim, other: Claim) -> bool | None:
    """Whether two claims are of one company; None when one of them does not say."""
    if not one.says_where or not other.says_where:
        return None
    if one.has_no_employer or other.has_no_employer:
        return one.has_no_employer and other.has_no_employer
    if one.accounts & other.accounts or one.sites & other.sites:
        return True
    if any(_same_name(mine, theirs) for mine in one.companies for theirs in other.companies):
        return True
    return any(_is_site_of(site, name) for a, b in ((one, other), (other, one)) for site in a.sites for name in b.companies)


def is_domain_of(domain: str, claim: Claim) -> bool:
    """Whether an e-mail domain is the claimed company's: its website, or its name as a domain. Free mail is nobody's."""
    if domains.domain_class(domain) not in (domains.CORPORATE, domains.ACADEMIC):
        return False
    return domain in claim.sites or any(_is_site_of(domain, name) for name in claim.companies)


def same_name(one: Claim, other: Claim) -> bool:
    """Whether one person may bear the names of both; a claim without a full name may be anybody's."""
    if not one.people or not other.people:
        return True
    return any(_same_person(mine, theirs) for mine in one.people for theirs in other.people)


@functools.lru_cache(maxsize=100_000)
def _readings(company: str) -> tuple[frozenset[str], tuple[frozenset[str], ...], frozenset[str]]:
    """Compact names (other names of well-known companies included), word sets that name something, and initials."""
    forms = names.forms(company)
    aliases = default_aliases()
    compacts = {form.compact for form in forms}
    for form in forms:
        groups = aliases.groups(form.compact)
        compacts |= {member.compact for member in aliases.members(groups[0])} if len(groups) == 1 else set()
    telling = tuple(frozenset(form.core) for form in forms if any(_names_something(word) for word in form.core))
    return frozenset(compacts), telling, frozenset(initials for form in forms for initials in names.acronyms(form))


def _names_something(word: str) -> bool:
    roles = wordlists.roles()
    plain = any(word in roles[role] for role in ("d", "f", "u", "s")) or word in places.place_words()
    return len(word) > 1 and not plain and not wordlists.is_ordinary(word)


@functools.lru_cache(maxsize=100_000)
def _same_name(one: str, other: str) -> bool:
    mine, my_words, my_initials = _readings(one)
    theirs, their_words, their_initials = _readings(other)
    if mine & theirs or mine & their_initials or theirs & my_initials:
        return True
    if any(left <= right or right <= left for left in my_words for right in their_words):
        return True
    return any(_alike(left, right) for left in mine for right in theirs)


def _alike(one: str, other: str) -> bool:
    """One begins the other, or letters are misspelt; another number is another company."""
    short, long = sorted((one, other), key=len)
    if [*filter(str.isdigit, one)] != [*filter(str.isdigit, other)]:
        return False
    return len(short) >= SHORTEST_BEGINNING and (long.startswith(short) or fuzz.ratio(one, other) >= ALIKE)


@functools.lru_cache(maxsize=100_000)
def _is_site_of(domain: str, company: str) -> bool:
    label = domains.label(domain)
    compacts, _, initials = _readings(company)
    if label in compacts or label in initials:
        return True
    return any(min(len(label), len(name)) >= SHORTEST_BEGINNING and (label.startswith(name) or name.startswith(label)) for name in compacts)


@functools.lru_cache(maxsize=100_000)
def _same_person(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Jo and Joanna Lee, J. Lee, Lee Joanna, Joanna Lee-Smith and Joana Lee may be one; Anna Lee and Peter Lee are two."""
    if sorted(" ".join(one).split()) == sorted(" ".join(other).split()):
        return True
    first, last = one
    other_first, other_last = other
    same_last = bool(set(last.split()) & set(other_last.split())) or fuzz.ratio(last, other_last) >= ALIKE
    return (same_last and _same_first(first, other_first)) or (first == other_first and len(first) > 1 and _is_short_for(last, other_last))


def _same_first(one: str, other: str) -> bool:
    if _is_short_for(one, other) or fuzz.ratio(one, other) >= ALIKE_FIRST_NAMES:
        return True
    return any(one in group and other in group for group in _nicknames())


def _is_short_for(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short)


@functools.cache
def _nicknames() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(line.split()) for line in wordlists.lines("first_names.txt"))
