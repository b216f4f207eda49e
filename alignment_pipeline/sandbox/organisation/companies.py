"""The real companies the demo organisation is built on: name, website, place, and what tells one from another.

Belongs here: reading `real_companies.csv` (sources and licences: NOTICE.md) and the groups in which companies share a name or a
domain. Accounts made of them: `accounts.py`. How people type a company's name: `typing_habits.py`.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import tldextract
from anyascii import anyascii

from alignment_pipeline.sandbox.organisation import geography

# Only to spot companies with the same core name and to drop the form when a person types; matching keeps its own list.
_LEGAL = re.compile(
    r"[\s,]+(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|llp|lp|plc|gmbh|ag|se|kg|kgaa|s\.?a|s\.?a\.?s|s\.?p\.?a|s\.?r\.?l|"
    r"b\.?v|n\.?v|a/s|asa|as|ab|oyj|oy|aps|tbk|bhd|berhad|pty|pte|pjsc|ojsc|jsc|k\.?k|a\.?s|sti|san|tic|sab de c\.?v|s\.?a\.? de c\.?v|"
    r"class [a-c]|holdings?|group|co\.,? ?ltd)\.?$",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\s*\((?:[A-Z][\w .'-]+)\)$")
_EXTRACT = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())


@dataclass(frozen=True)
class Company:
    """One row of the list. `domain` is registrable; `owns_domain` and `owns_name` say that no other company shares it."""

    key: str
    name: str
    website: str
    country: str
    state: str
    city: str
    parent_key: str
    domain: str
    core: str
    owns_domain: bool
    owns_name: bool

    @property
    def host(self) -> str:
        """The host of the website, or an empty string."""
        return self.website.split("//")[-1].split("/")[0].lower()

    @property
    def region(self) -> geography.Region:
        """The sales region that serves it."""
        return geography.region_of(self.country, self.state)


def without_legal_form(name: str) -> str:
    """The name without its legal form and without a country in parentheses: `Gear (Japan) Co., Ltd.` becomes `Gear`."""
    text = name.strip()
    for _ in range(3):
        shorter = _LEGAL.sub("", _PLACE.sub("", text)).rstrip(" ,.-&")
        if len(shorter) < 3 or shorter == text:
            break
        text = shorter
    return text


def core_of(name: str) -> str:
    """A name's letters and digits, lower case, without legal form: what two spellings of one name share."""
    return re.sub(r"[^a-z0-9]+", "", anyascii(without_legal_form(name)).lower())


def registrable_domain(website: str) -> str:
    """The registrable domain of a website by the bundled public suffix list, or an empty string."""
    domain = _EXTRACT(website).top_domain_under_public_suffix.lower() if website else ""
    # Some governments publish under www.<public suffix>: nobody has a mailbox there.
    return "" if domain.startswith("www.") else domain


@lru_cache(maxsize=1)
def load() -> tuple[Company, ...]:
    """All companies of the list, in its order."""
    text = resources.files(__package__).joinpath("real_companies.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    domains = [registrable_domain(row["website"]) for row in rows]
    cores = [core_of(row["name"]) for row in rows]
    sharing_domain, sharing_name = Counter(domains), Counter(cores)
    keys = {row["account_id"] for row in rows}
    return tuple(
        Company(
            key=row["account_id"],
            name=row["name"],
            website=row["website"],
            country=row["country"],
            state=row["state"],
            city=row["city"],
            parent_key=row["parent_account_id"] if row["parent_account_id"] in keys else "",
            domain=domain,
            core=core,
            owns_domain=bool(domain) and sharing_domain[domain] == 1,
            owns_name=len(core) >= 4 and sharing_name[core] == 1,
        )
        for row, domain, core in zip(rows, domains, cores, strict=True)
    )
