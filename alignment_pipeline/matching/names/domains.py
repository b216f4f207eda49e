"""Domains: what is registrable, and which class a domain is of.

Belongs here: parsing e-mail domains and websites against the public suffix list bundled with tldextract (never downloaded at run time),
and the three classes: corporate, freemail (exact list), shared (universities, hosts, agencies).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection

import tldextract

from alignment_pipeline.matching.names import wordlists

CORPORATE = "corporate"
FREEMAIL = "freemail"
SHARED = "shared"
ACADEMIC = "academic"

_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True, include_psl_private_domains=True)
_FREEMAIL_FAMILY = re.compile(r"(?:yahoo|ymail|hotmail|live|outlook|gmx|msn|aol|windowslive|googlemail|yandex)\.(?:com?\.)?[a-z]{2}")
_ACADEMIC = re.compile(r"(?:^|\.)(?:edu|ac)(?:\.[a-z]{2})?$")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:/*", re.IGNORECASE)


@functools.lru_cache(maxsize=400_000)
def host_of(value: str) -> str:
    """The host of a website, an e-mail address or a bare domain; "" when there is none."""
    text = value.strip().lower()
    if not text:
        return ""
    if "@" in text and "/" not in text.split("@")[0]:
        text = text.rsplit("@", 1)[1]
    text = _SCHEME.sub("", text)
    text = re.split(r"[/?#\s,;|]", text, maxsplit=1)[0].split(":")[0].strip(".<>()[]\"'")
    if not text.isascii():
        text = _punycode(text)
    return text if _HOST.fullmatch(text) else ""


def _punycode(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


@functools.lru_cache(maxsize=400_000)
def registrable(value: str) -> str:
    """The registrable domain ("zurich.ibm.com" gives ibm.com, "a.co.uk" itself); "" for none, bare suffixes and addresses."""
    host = host_of(value)
    if not host:
        return ""
    plain = _plain(host)
    if plain:
        return plain
    parts = _extract(host)
    if not parts.suffix:
        return ""
    if not parts.domain:
        return host if parts.is_private else ""
    return f"{parts.domain}.{parts.suffix}"


def _plain(host: str) -> str:
    """The registrable domain of hosts that no rule of several labels concerns ("www.acme.com"), as most are; "" leaves it to tldextract."""
    last = host.rpartition(".")[2]
    domain = ".".join(host.split(".")[-2:])
    single, inner = _suffixes()
    return domain if last in single and domain not in inner and "xn--" not in host else ""


@functools.cache
def _suffixes() -> tuple[frozenset[str], frozenset[str]]:
    """Public suffixes of one label under which no wildcard stands, and the last two labels of all the longer ones."""
    rules = _extract.tlds
    inner = frozenset(".".join(rule.lstrip("!").split(".")[-2:]) for rule in rules if "." in rule)
    return frozenset(rule for rule in rules if "." not in rule and f"*.{rule}" not in inner), inner


@functools.lru_cache(maxsize=400_000)
def label(domain: str) -> str:
    """The name part of a registrable domain without separators: "red-gate.com" gives redgate."""
    first = domain.split(".", 1)[0]
    if first.startswith("xn--"):
        try:
            first = first.encode("ascii").decode("idna")
        except UnicodeError:
            return ""
    return re.sub(r"[^a-z0-9]", "", first)


def domain_class(
    domain: str,
    *,
    freemail_additions: Collection[str] = (),
    shared_additions: Collection[str] = (),
    corporate_exceptions: Collection[str] = (),
) -> str:
    """corporate, freemail, shared or academic for a registrable domain; the agreement's own lists win over the bundled ones."""
    if domain in corporate_exceptions:
        return CORPORATE
    if domain in freemail_additions or domain in wordlists.freemail() or _FREEMAIL_FAMILY.fullmatch(domain):
        return FREEMAIL
    if domain in shared_additions or domain in wordlists.shared_domains():
        return SHARED
    if _ACADEMIC.search(domain):
        return ACADEMIC
    return CORPORATE
