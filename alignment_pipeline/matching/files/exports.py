"""CRM exports as the matcher takes them: the usual spellings of column names.

Belongs here: which column of an export is which, with errors that say what, where and what to do. Reading CSV: `tables.py`; lists that
people make: `lists.py`; opening files is the command line's (`cli/match.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from alignment_pipeline.errors import ConfigurationError, RowsRefused
from alignment_pipeline.matching.files import tables
from alignment_pipeline.matching.files.tables import CsvTable

SPELLINGS_ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "account_id": (
        "account id",
        "accountid",
        "account id 18",
        "account id 18 digit",
        "company id",
        "companyid",
        "record id company",
        "company record id",
        "record id",
        "hs object id",
        "crm id",
        "account number",
        "id",
    ),
    "name": (
        "account name",
        "company name",
        "name",
        "account",
        "company",
        "company account",
        "organization name",
        "organisation name",
        "organization",
        "organisation",
        "customer name",
    ),
    "website": (
        "website",
        "account website",
        "company website",
        "web site",
        "website url",
        "company domain name",
        "domain name",
        "domain",
        "company domain",
        "account domain",
        "url",
        "homepage",
        "web address",
    ),
    "country": (
        "billing country",
        "billing country code",
        "country",
        "country region",
        "country code",
        "company country",
        "account country",
        "billing country territory",
        "shipping country",
        "hq country",
        "headquarters country",
    ),
    "state": (
        "billing state",
        "billing state province",
        "state",
        "state region",
        "state province",
        "province",
        "company state",
        "region",
        "shipping state province",
        "shipping state",
    ),
    "city": ("billing city", "city", "company city", "town", "shipping city"),
    "phone": ("phone", "phone number", "account phone", "company phone", "main phone", "telephone"),
    "parent_account_id": ("parent account id", "parent id", "parentid", "parent company id", "parent account", "ultimate parent id"),
    "owner_id": ("owner id", "ownerid", "account owner id", "account owner", "company owner", "owner"),
    "is_customer": ("is customer", "customer", "iscustomer", "existing customer"),
    "has_open_opportunity": (
        "has open opportunity",
        "open opportunities",
        "number of open deals",
        "open opportunity",
        "number of open opportunities",
    ),
    "contact_count": ("contact count", "number of contacts", "number of associated contacts", "contacts"),
    "created_at": ("created at", "created date", "createddate", "create date", "createdate"),
    "is_deleted": ("is deleted", "isdeleted", "deleted"),
    "merged_into_id": ("merged into id", "master record id", "masterrecordid"),
}
SPELLINGS_LEADS: Mapping[str, tuple[str, ...]] = {
    "lead_id": (
        "lead id",
        "leadid",
        "lead id 18",
        "lead id 18 digit",
        "record id contact",
        "contact id",
        "contactid",
        "person id",
        "record id",
        "hs object id",
        "marketo id",
        "marketo person id",
        "crm id",
        "id",
    ),
    "company": (
        "company",
        "company name",
        "company account",
        "account name",
        "account",
        "organization",
        "organisation",
        "organization name",
        "employer",
        "associated company",
        "current company",
    ),
    "email": ("email", "email address", "e mail", "e mail address", "work email", "business email", "mail"),
    "email_domain": ("email domain", "e mail domain"),
    "website": ("website", "web site", "website url", "company website", "company domain name", "domain", "company domain", "url"),
    "country": ("country", "country region", "country code", "mailing country", "country territory"),
    "state": ("state", "state region", "state province", "province", "region", "mailing state", "mailing state province"),
    "city": ("city", "mailing city", "town"),
    "phone": ("phone", "phone number", "business phone", "telephone", "mobile"),
}
REQUIRED_ACCOUNTS = ("account_id", "name")
REQUIRED_LEADS = ("lead_id",)


@dataclass(frozen=True)
class Export:
    """A decoded export: the recognised columns, which header each came from, how it was written, what a person should know of it."""

    frame: pd.DataFrame
    source: Mapping[str, str]
    encoding: str
    delimiter: str
    notes: tuple[str, ...] = ()


def read_accounts(data: bytes, what: str, *, encoding: str | None = None) -> Export:
    """Accounts from the bytes of an export; account id and name must be there."""
    return _read(data, what, SPELLINGS_ACCOUNTS, REQUIRED_ACCOUNTS, encoding)


def read_leads(data: bytes, what: str, *, encoding: str | None = None) -> Export:
    """Leads from the bytes of an export; the lead id and a company, an e-mail or a website must be there."""
    export = _read(data, what, SPELLINGS_LEADS, REQUIRED_LEADS, encoding)
    if not {"company", "email", "email_domain", "website"} & set(export.source):
        raise ConfigurationError(
            f"{what}: no column names a company, an e-mail or a website, so there is nothing to match on; "
            f"known spellings: {', '.join(SPELLINGS_LEADS['company'][:4] + SPELLINGS_LEADS['email'][:2])}"
        )
    return export


def header_key(header: str) -> str:
    """ "Company / Account", "company_account" and "CompanyAccount" are one spelling."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.strip())
    return " ".join(re.sub(r"[^0-9a-z]+", " ", split.lower()).split())


def recognise(headers: Sequence[str], spellings: Mapping[str, tuple[str, ...]]) -> dict[str, list[int]]:
    """Field -> positions of its columns, those of the first spelling in the list first."""
    keys = [header_key(header.removesuffix("__c")) for header in headers]
    joined = [key.replace(" ", "") for key in keys]
    columns: dict[str, list[int]] = {}
    for field, known in spellings.items():
        for spelling in known:
            compact = spelling.replace(" ", "")
            places = [at for at in range(len(keys)) if keys[at] == spelling or joined[at] == compact]
            columns.setdefault(field, []).extend(at for at in places if at not in columns.get(field, []))
    return {field: places for field, places in columns.items() if places}


def _read(data: bytes, what: str, spellings: Mapping[str, tuple[str, ...]], required: Sequence[str], encoding: str | None) -> Export:
    table = tables.read(data, what, encoding=encoding)
    columns = recognise(table.headers, spellings)
    missing = [field for field in required if field not in columns]
    if missing:
        wanted = "; ".join(f"{field} (spelt for example {', '.join(repr(name) for name in spellings[field][:4])})" for field in missing)
        raise ConfigurationError(
            f"{what}: no column for {wanted}. Its columns are: {', '.join(table.headers) or 'none, the file is empty'}"
        )
    values, source, notes = _values(table, columns, what)
    lines = [row.line for row in table.rows]
    problems = [*table.problems, *_bad_ids(values[required[0]], lines, source[required[0]])]
    if problems:
        raise RowsRefused(what, problems)
    return Export(pd.DataFrame(values, dtype=object), source, table.encoding, table.delimiter, (*table.notes, *notes))


def _values(table: CsvTable, columns: Mapping[str, Sequence[int]], what: str) -> tuple[dict[str, list[str]], dict[str, str], list[str]]:
    """Each field's values, the header they came from, and notes on columns of one name.

    Of several columns the first that holds values is taken; of several with the very same header, each row takes the first value that is
    there.
    """
    values: dict[str, list[str]] = {}
    source: dict[str, str] = {}
    notes: list[str] = []
    for field, places in columns.items():
        filled = [at for at in places if any(table.column(at))]
        first = (filled or places)[0]
        same = [at for at in filled if header_key(table.headers[at]) == header_key(table.headers[first])]
        values[field] = table.column(first)
        source[field] = table.headers[first]
        for other in same[1:]:
            pairs = list(zip(values[field], table.column(other), strict=True))
            differing = sum(1 for mine, theirs in pairs if mine and theirs and mine != theirs)
            values[field] = [mine or theirs for mine, theirs in pairs]
            both = f"{what}: columns {first + 1} and {other + 1} are both called {table.headers[first]!r}"
            taken = f"column {first + 1} was taken, and column {other + 1} where it is empty"
            notes.append(f"{both}; {taken}" + (f"; {differing} rows hold two different values" if differing else ""))
    return values, source, notes


def _bad_ids(ids: Sequence[str], lines: Sequence[int], header: str) -> list[tuple[int, str]]:
    """Lines without an id, or with one that an earlier line has."""
    bad: list[tuple[int, str]] = []
    first: dict[str, int] = {}
    for value, line in zip(ids, lines, strict=True):
        if not value:
            bad.append((line, f"column {header!r} is empty; every row needs an id"))
        elif value in first:
            bad.append((line, f"id {value!r} was already used on line {first[value]} (column {header!r}); remove one of the rows"))
        else:
            first[value] = line
    return bad
