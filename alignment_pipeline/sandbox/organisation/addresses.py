"""E-mail addresses: free-mail providers by country, and the country domains of companies.

Belongs here: the parts of an address. Who has which: `people.py`.
"""

from __future__ import annotations

import random

from alignment_pipeline.sandbox.organisation import companies, names

_FREEMAIL = {
    "DE": ("gmx.de", "web.de", "t-online.de"), "FR": ("orange.fr", "laposte.net", "free.fr"),
    "GB": ("yahoo.co.uk", "hotmail.co.uk", "btinternet.com"), "JP": ("yahoo.co.jp", "docomo.ne.jp"),
    "CN": ("qq.com", "163.com", "126.com"), "KR": ("naver.com", "daum.net"), "RU": ("mail.ru", "yandex.ru"),
    "IN": ("rediffmail.com", "yahoo.co.in"), "BR": ("uol.com.br", "bol.com.br"), "IT": ("libero.it", "virgilio.it"),
    "PL": ("wp.pl", "o2.pl"), "CZ": ("seznam.cz",), "UA": ("ukr.net",), "AU": ("bigpond.com",), "CA": ("sympatico.ca",),
    "ES": ("yahoo.es",), "NL": ("ziggo.nl",),
}  # fmt: skip
_FREEMAIL_ANYWHERE = (
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
    "aol.com",
    "proton.me",
)
_COUNTRY_DOMAIN = {
    "DE": "de",
    "FR": "fr",
    "GB": "co.uk",
    "JP": "co.jp",
    "AU": "com.au",
    "ES": "es",
    "IT": "it",
    "NL": "nl",
    "CH": "ch",
    "BR": "com.br",
}


def freemail(rng: random.Random, first: str, last: str, country: str) -> str:
    """A private address that is no one's."""
    provider = rng.choice(_FREEMAIL[country]) if country in _FREEMAIL and rng.random() < 0.45 else rng.choice(_FREEMAIL_ANYWHERE)
    return f"{names.private_local_part(rng, first, last)}@{provider}"


def country_domain(company: companies.Company, country: str) -> str:
    """The country domain of a company with a .com: its own label under the country's suffix; empty when there is none."""
    label, _, suffix = company.domain.partition(".")
    return f"{label}.{_COUNTRY_DOMAIN[country]}" if suffix == "com" and country in _COUNTRY_DOMAIN and len(label) > 5 else ""
