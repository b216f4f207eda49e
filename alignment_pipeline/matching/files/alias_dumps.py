"""Other names of organisations from open data: ROR's dump, GLEIF's golden copy, an extract of Wikidata.

Belongs here: reading these files, and choosing what concerns one's own accounts. Nothing of them is shipped: their licences differ, and
most of their names are of nobody in the CRM. The bundled list and the agreement's own groups: `names/alias_table.py`.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.names import domains, junk, names

# More names than this are not aliases but lists of places and products.
MOST_NAMES = 30
_GLEIF_NAME = re.compile(r"Entity\.(LegalName|\w*EntityNames?\.\w*EntityName\.\d+)")
_WIKIDATA_NAMES, _WIKIDATA_SITES = ("itemLabel", "label", "itemAltLabel", "altLabel", "alias"), ("website", "officialWebsite", "site")
Group = tuple[str, ...]


def ror(path: Path) -> Iterator[Group]:
    """Names and domains of each record of ROR's dump in JSON (schema 2, and 1). Acronyms are left out: matching has rules for them."""
    for record in _json(path):
        given = record.get("names")
        if given is None:
            labels = [one.get("label") for one in record.get("labels") or ()]
            spellings = [record.get("name"), *(record.get("aliases") or ()), *labels]
        else:
            spellings = [one.get("value") for one in given if set(one.get("types") or ()) - {"acronym"}]
        links = [one.get("value") if isinstance(one, Mapping) else one for one in record.get("links") or ()]
        yield _group(spellings, [*(record.get("domains") or ()), *links])


def gleif(path: Path) -> Iterator[Group]:
    """Legal and other names of each entity of GLEIF's golden copy in CSV."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = csv.reader(handle)
        header = next(rows, [])
        places = [place for place, name in enumerate(header) if _GLEIF_NAME.fullmatch(name)]
        if not places:
            raise ConfigurationError(f"{path}: has no column Entity.LegalName; give GLEIF's golden copy of level 1 in CSV")
        for row in rows:
            yield _group([row[place] for place in places if place < len(row)], [])


def wikidata(path: Path) -> Iterator[Group]:
    """Names and websites of each item of a CSV that the Wikidata Query Service gave, with a row per item or per alias."""
    by_item: dict[str, tuple[list[str], list[str]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = csv.DictReader(handle)
        named = [name for name in _WIKIDATA_NAMES if name in (rows.fieldnames or ())]
        if "item" not in (rows.fieldnames or ()) or not named:
            raise ConfigurationError(f"{path}: needs the column item and one of {', '.join(_WIKIDATA_NAMES)}")
        for row in rows:
            own, sites = by_item.setdefault(row["item"], ([], []))
            for name in named:
                # the service joins all aliases of an item with commas
                own += (row[name] or "").split(", ") if name == "itemAltLabel" else [row[name] or ""]
            sites += [row[name] for name in _WIKIDATA_SITES if row.get(name)]
    for own, sites in by_item.values():
        yield _group(own, sites)


READERS: Mapping[str, Callable[[Path], Iterator[Group]]] = {"ror": ror, "gleif": gleif, "wikidata": wikidata}


def of_accounts(groups: Iterable[Group], account_names: Iterable[str], account_sites: Iterable[str]) -> list[Group]:
    """The groups that name an account of ours and say something new of it, sorted.

    A name that several organisations bear (Ministry of Health) says nothing and is left out; so is a group of which all names are spellings
    of one.
    """
    every = [group for group in groups if len(group) > 1]
    bearers = Counter(key for group in every for key in {_key(member) for member in group})
    wanted = {_key(name) for name in account_names} | {"@" + site for site in map(domains.registrable, account_sites) if site}
    chosen = set()
    for group in every:
        telling = [member for member in group if bearers[_key(member)] == 1 and _key(member)]
        keys = {_key(member) for member in telling}
        if len(keys) > 1 and keys & wanted:
            by_key = {_key(member): member for member in reversed(telling)}
            chosen.add(tuple(by_key[key] for key in dict.fromkeys(map(_key, telling))))
    return sorted(chosen)


def _group(spellings: Sequence[Any], sites: Sequence[Any]) -> Group:
    own = [text for text in dict.fromkeys(str(one).strip() for one in spellings if one) if text and not junk.is_junk(text)]
    hosts = [domain for domain in dict.fromkeys(domains.registrable(str(site)) for site in sites if site) if domain]
    company = [domain for domain in hosts if domains.domain_class(domain) in (domains.CORPORATE, domains.ACADEMIC)]
    return (*own[:MOST_NAMES], *company)


def _key(member: str) -> str:
    """What makes two members the same: the domain, or the name without legal form as matching reads it."""
    domain = domains.registrable(member) if " " not in member and "." in member else ""
    if domain:
        return "@" + domain
    forms = names.forms(member)
    return forms[0].compact if forms else ""


def _json(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"{path}: is no JSON ({error}); give the .json of ROR's dump, unzipped") from error
    if not isinstance(content, list):
        raise ConfigurationError(f"{path}: is no list of records; give the .json of ROR's dump, unzipped")
    return [one for one in content if isinstance(one, dict)]
