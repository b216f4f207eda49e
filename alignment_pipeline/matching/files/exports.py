"""CRM exports as tables: encodings, delimiters and the usual spellings of column names.

Belongs here: turning the bytes of a CSV export into the columns the matcher takes, with errors that say what, where and what to do. Opening
files is the command line's (`cli/match.py`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from alignment_pipeline.errors import ConfigurationError, RowsRefused
from alignment_pipeline.matching.files import encodings

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
DELIMITERS = ",;\t|"
FIELD_LIMIT = 10_000_000


@dataclass(frozen=True)
class Export:
    """A decoded export: the recognised columns, which header each came from, the encoding and the delimiter."""

    frame: pd.DataFrame
    source: Mapping[str, str]
    encoding: str
    delimiter: str


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


def recognise(headers: Sequence[str], spellings: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Field -> position of its column, the first spelling in the list that occurs."""
    keys = [header_key(header.removesuffix("__c")) for header in headers]
    joined = [key.replace(" ", "") for key in keys]
    found: dict[str, int] = {}
    for field, known in spellings.items():
        for spelling in known:
            at = next((at for at in range(len(keys)) if keys[at] == spelling or joined[at] == spelling.replace(" ", "")), None)
            if at is not None:
                found[field] = at
                break
    return found


def _read(data: bytes, what: str, spellings: Mapping[str, tuple[str, ...]], required: Sequence[str], encoding: str | None) -> Export:
    text, used = encodings.decode(data, what, encoding)
    delimiter = _delimiter(text)
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    try:
        headers = next(reader, [])
        found = recognise(headers, spellings)
        missing = [field for field in required if field not in found]
        if missing:
            wanted = "; ".join(f"{field} (spelt for example {', '.join(repr(name) for name in spellings[field][:4])})" for field in missing)
            raise ConfigurationError(f"{what}: no column for {wanted}. Its columns are: {', '.join(headers) or 'none, the file is empty'}")
        columns: dict[str, list[str]] = {field: [] for field in found}
        lines: list[int] = []
        problems: list[tuple[int, str]] = []
        begins = reader.line_num + 1
        for row in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(headers) and any(cell.strip() for cell in row[len(headers) :]):
                text = f"{len(row)} fields, but the header has {len(headers)}; a field that contains {delimiter!r} must be in double quotes"
                problems.append((line, text))
                continue
            lines.append(line)
            for field, at in found.items():
                columns[field].append(row[at].strip() if at < len(row) else "")
    except csv.Error as cause:
        raise ConfigurationError(f"{what}, line {reader.line_num}: not readable as CSV ({cause}); save it again as CSV") from cause
    frame = pd.DataFrame(columns, dtype=object)
    problems += _bad_ids(columns[required[0]], lines, headers[found[required[0]]])
    if problems:
        raise RowsRefused(what, problems)
    return Export(frame, {field: headers[at] for field, at in found.items()}, used, delimiter)


def _bad_ids(ids: Sequence[str], lines: Sequence[int], header: str) -> list[tuple[int, str]]:
    """Lines without an id, or with one that an earlier line has."""
    found: list[tuple[int, str]] = []
    first: dict[str, int] = {}
    for value, line in zip(ids, lines, strict=True):
        if not value:
            found.append((line, f"column {header!r} is empty; every row needs an id"))
        elif value in first:
            found.append((line, f"id {value!r} was already used on line {first[value]} (column {header!r}); remove one of the rows"))
        else:
            first[value] = line
    return found


def _delimiter(text: str) -> str:
    """The delimiter that the header line uses most outside quotes; comma when it uses none."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", line)
    best = max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))
    return best if best in bare else ","


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, for files that people open."""
    return "'" + text if text and text[0] in "=+-@\t\r" else text
