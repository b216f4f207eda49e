"""Domains: what is registrable, and which class a domain is of.

Belongs here: parsing e-mail domains and websites against the public suffix list bundled with tldextract (never downloaded at run time),
and the classes: corporate, academic, freemail (exact list), shared (hosts, stores, agencies).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection

import tldextract

from alignment_pipeline.matching.names import wordlists
from alignment_pipeline.matching.names.text import decoded

CORPORATE = "corporate"
FREEMAIL = "freemail"
SHARED = "shared"
ACADEMIC = "academic"

_extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True, include_psl_private_domains=True)
_FREEMAIL_FAMILY = re.compile(r"(?:yahoo|ymail|hotmail|live|outlook|gmx|msn|aol|windowslive|googlemail|yandex)\.(?:com?\.)?[a-z]{2}")
_ACADEMIC = re.compile(r"(?:^|\.)(?:edu|ac)(?:\.[a-z]{2})?$")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
# How links begin, as typed: "https://", "http:/", "https//", "mailto:", "http://http://".
_LINK = re.compile(r"^(?:(?:[a-z][a-z0-9+-]*:/*|https?/+|//+))+|^(?=www\.)")
_BETWEEN = re.compile(r"[\s,;|<>\"'()]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


@functools.lru_cache(maxsize=400_000)
def host_of(value: str) -> str:
    """The host of a website, an e-mail address or a bare domain; of several in one field the first; "" when there is none."""
    plain = value.strip().lower()
    if _HOST.fullmatch(plain):
        return plain
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", decoded(plain))).replace("\\", "/")
    tokens = [token for token in _BETWEEN.split(text) if token]
    # an address or a link is meant before a word with a dot beside it ("J.Lee <jo@acme.com>")
    tokens.sort(key=lambda token: not ("@" in token.split("/")[0] or _LINK.match(token)))
    for token in tokens:
        host = _host_in(token)
        if host and (len(tokens) == 1 or _extract(host).suffix):
            return host
    joined = _host_in(re.sub(r"\s*[,.]\s*", ".", text.strip(" ,.;")))
    return joined if joined and _extract(joined).suffix else ""


def _host_in(token: str) -> str:
    authority = re.split(r"[/?#]", _LINK.sub("", token), maxsplit=1)[0].rsplit("@", 1)[-1].split(":")[0].strip(".[]")
    host = authority if authority.isascii() else _punycode(authority)
    return host if _HOST.fullmatch(host) else ""


def _punycode(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


@functools.lru_cache(maxsize=400_000)
def registrable(value: str) -> str:
    """The registrable domain ("zurich.ibm.com" gives ibm.com, "a.co.uk" itself); "" for none, bare suffixes and addresses.

    A host where each of many companies has a name or a path of its own gives "*." and that host ("acme.zendesk.com": "*.zendesk.com").
    """
    host = host_of(value)
    if not host:
        return ""
    shared = shared_host(host, value)
    if shared:
        return f"*.{shared}"
    plain = _plain(host)
    if plain:
        return plain
    parts = _extract(host)
    if not parts.suffix:
        return ""
    if not parts.domain:
        return host if parts.is_private else ""
    return f"{parts.domain}.{parts.suffix}"


def shared_host(host: str, value: str = "") -> str:
    """The host of many companies that a host lies below ("acme.sharepoint.com"), or that it is where `value` has a path; "" for any other.

    The host itself is its owner's: www.zendesk.com is Zendesk.
    """
    below, with_path = wordlists.shared_hosts()
    bare = host.removeprefix("www.")
    if bare in with_path:
        return bare if bare in below or _path_of(value) else ""
    end = bare.find(".") + 1
    while 0 < end < len(bare) and "." in bare[end:]:
        if bare[end:] in below:
            return bare[end:]
        end = bare.find(".", end) + 1
    return ""


def _path_of(value: str) -> str:
    """The path of a link without slashes; an e-mail address has none."""
    _, slash, path = _LINK.sub("", value.strip().lower().replace("\\", "/")).partition("/")
    return path.strip("/ ") if slash and not path.startswith(("?", "#")) else ""


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
    if domain.startswith("*."):
        return SHARED
    if domain in freemail_additions or domain in wordlists.freemail() or _FREEMAIL_FAMILY.fullmatch(domain):
        return FREEMAIL
    if domain in shared_additions or domain in wordlists.shared_domains():
        return SHARED
    if _ACADEMIC.search(domain):
        return ACADEMIC
    return CORPORATE
