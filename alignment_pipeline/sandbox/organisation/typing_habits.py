"""How people write the company they work for into a form or a CRM.

Belongs here: spellings of a real company's name, and the things people write when they have none. Whether a spelling still
points to one company only is said beside it, so that the truth (`truth.py`) is never a guess.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from alignment_pipeline.sandbox.organisation import companies, geography

NOTHING = ("n/a", "N/A", "none", "-", ".", "self-employed", "Self Employed", "freelance", "Freelancer", "student", "Student", "private",
           "unemployed", "retired", "home", "test", "asdf", "xxx", "unknown", "[not provided]", "independent consultant", "Privatperson",
           "étudiant", "自由职业", "フリーランス")  # fmt: skip
_UNITS = ("IT Department", "Marketing", "R&D", "Procurement", "Digital", "Human Resources", "Finance Dept.", "Sales Team")
_NEAR = {"a": "s", "e": "r", "i": "o", "n": "m", "o": "p", "r": "t", "s": "d", "t": "y", "c": "v", "l": "k"}


@dataclass(frozen=True)
class Spelling:
    """What was typed and how. `is_distinct` is false when the text alone does not lead back to one company."""

    text: str
    habit: str
    is_distinct: bool


def _slip(rng: random.Random, text: str) -> str:
    places = [place for place in range(1, len(text) - 1) if text[place].isalpha() and text[place + 1].isalpha()]
    if not places:
        return text
    place = rng.choice(places)
    kind = rng.randrange(3)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + _NEAR.get(text[place], text[place] * 2) + text[place + 1 :]


def acronym(name: str) -> str:
    """First letters of the name's longer words, or an empty string when there are fewer than three."""
    words = [word for word in re.findall(r"[^\W\d_]+", companies.without_legal_form(name)) if len(word) > 2 or word.isupper()]
    letters = "".join(word[0].upper() for word in words)
    return letters if 3 <= len(letters) <= 6 else ""


def _handle(company: companies.Company) -> str:
    return company.domain.split(".", maxsplit=1)[0]


def of_company(rng: random.Random, company: companies.Company, *, has_own_address: bool) -> Spelling:
    """A spelling of the company. Riskier habits (acronym, typo, handle, nothing) are for people whose address tells the company."""
    bare = companies.without_legal_form(company.name)
    options: list[tuple[str, str, bool, float]] = [
        ("exact", company.name, company.owns_name, 36),
        ("no_legal_form", bare, company.owns_name, 26),
        ("lower", bare.lower(), company.owns_name, 9),
        ("upper", company.name.upper(), company.owns_name, 4),
        ("spaces", f" {company.name.replace(' ', '  ', 1)} ", company.owns_name, 2),
    ]
    if company.city and company.owns_name:
        options.append(("city", f"{bare}, {company.city}", True, 4))
        options.append(("country", f"{bare} {geography.country_name(company.country)}", True, 3))
    if company.owns_name and len(company.core) >= 7:
        options.append(("typo", _slip(rng, bare), True, 4))
        options.append(("unit", f"{bare} {rng.choice(('-', '/', ','))} {rng.choice(_UNITS)}", True, 4))
        options.append(
            ("and", bare.replace(" & ", " and ").replace(" and ", " & ", 1) if " and " in bare else bare.replace("&", "and"), True, 2)
        )
    if has_own_address:
        options.append(("handle", rng.choice((_handle(company), f"@{_handle(company)}", company.domain)), True, 5))
        options.append(("nothing", rng.choice(NOTHING[:5]), False, 3))
        short = acronym(company.name)
        if short:
            options.append(("acronym", short, False, 5))
    habit, text, distinct, _ = rng.choices(options, [option[3] for option in options])[0]
    return Spelling(text[:255], habit, distinct)


def nothing(rng: random.Random) -> str:
    """What people write who have no company, or none to tell."""
    return rng.choice(NOTHING)


def of_account(rng: random.Random, name: str, city: str) -> str:
    """The name under which a colleague makes the same account a second time."""
    bare = companies.without_legal_form(name)
    second = [
        bare.upper(),
        bare.lower(),
        f"{bare} Inc." if bare == name else bare,
        f"The {bare}",
        bare.replace(" and ", " & "),
        _slip(rng, name),
    ]
    if city:
        second.append(f"{bare} - {city}")
    different = [text for text in second if text != name]
    return rng.choice(different)[:255]
