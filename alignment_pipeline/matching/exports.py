"""CRM exports as tables: encodings, delimiters and the usual spellings of column names.

Belongs here: turning the bytes of a CSV export into the columns the matcher takes, with errors that say what, where and what to do. Opening
files is the command line's (`cli/match.py`).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from alignment_pipeline.errors import ConfigurationError

SPELLINGS_ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "account_id": ("account id", "accountid", "account id 18", "account id 18 digit", "company id", "companyid", "record id company", "company record id",
                   "record id", "hs object id", "crm id", "account number", "id"),
    "name": ("account name", "company name", "name", "account", "company", "company account", "organization name", "organisation name", "organization",
             "organisation", "customer name"),
    "website": ("website", "account website", "company website", "web site", "website url", "company domain name", "domain name", "domain", "company domain",
                "account domain", "url", "homepage", "web address"),
    "country": ("billing country", "billing country code", "country", "country region", "country code", "company country", "account country",
                "billing country territory", "shipping country", "hq country", "headquarters country"),
    "state": ("billing state", "billing state province", "state", "state region", "state province", "province", "company state", "region",
              "shipping state province", "shipping state"),
    "city": ("billing city", "city", "company city", "town", "shipping city"),
    "phone": ("phone", "phone number", "account phone", "company phone", "main phone", "telephone"),
    "parent_account_id": ("parent account id", "parent id", "parentid", "parent company id", "parent account", "ultimate parent id"),
    "owner_id": ("owner id", "ownerid", "account owner id", "account owner", "company owner", "owner"),
    "is_customer": ("is customer", "customer", "iscustomer", "existing customer"),
    "has_open_opportunity": ("has open opportunity", "open opportunities", "number of open deals", "open opportunity", "number of open opportunities"),
    "contact_count": ("contact count", "number of contacts", "number of associated contacts", "contacts"),
    "created_at": ("created at", "created date", "createddate", "create date", "createdate"),
    "is_deleted": ("is deleted", "isdeleted", "deleted"),
    "merged_into_id": ("merged into id", "master record id", "masterrecordid"),
}
SPELLINGS_LEADS: Mapping[str, tuple[str, ...]] = {
    "lead_id": ("lead id", "leadid", "lead id 18", "lead id 18 digit", "record id contact", "contact id", "contactid", "person id", "record id",
                "hs object id", "marketo id", "marketo person id", "crm id", "id"),
    "company": ("company", "company name", "company account", "account name", "account", "organization", "organisation", "organization name", "employer",
                "associated company", "current company"),
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
        raise ConfigurationError(f"{what}: no column names a company, an e-mail or a website, so there is nothing to match on; "
                                 f"known spellings: {', '.join(SPELLINGS_LEADS['company'][:4] + SPELLINGS_LEADS['email'][:2])}")
    return export


def header_key(header: str) -> str:
    """"Company / Account", "company_account" and "CompanyAccount" are one spelling."""
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
    text, used = decode(data, what, encoding)
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
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(headers) and any(cell.strip() for cell in row[len(headers):]):
                raise ConfigurationError(f"{what}, line {reader.line_num}: {len(row)} fields, but the header has {len(headers)}; "
                                         f"a field that contains {delimiter!r} must be in double quotes")
            for field, at in found.items():
                columns[field].append(row[at].strip() if at < len(row) else "")
    except csv.Error as cause:
        raise ConfigurationError(f"{what}, line {reader.line_num}: not readable as CSV ({cause}); save it again as CSV") from cause
    frame = pd.DataFrame(columns, dtype=object)
    _check_ids(frame[required[0]].tolist(), what, headers[found[required[0]]])
    return Export(frame, {field: headers[at] for field, at in found.items()}, used, delimiter)


def _check_ids(ids: Sequence[str], what: str, header: str) -> None:
    first: dict[str, int] = {}
    for number, value in enumerate(ids, start=1):
        if not value:
            raise ConfigurationError(f"{what}, record {number}: column {header!r} is empty; every row needs an id")
        if value in first:
            raise ConfigurationError(f"{what}, record {number}: id {value!r} was already used by record {first[value]} (column {header!r}); "
                                     "remove the repeated row, or name the id column so that it is recognised")
        first[value] = number


def _delimiter(text: str) -> str:
    """The delimiter that the header line uses most outside quotes; comma when it uses none."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", line)
    best = max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))
    return best if best in bare else ","


def decode(data: bytes, what: str, encoding: str | None = None) -> tuple[str, str]:
    """Text and the encoding used. A given encoding is taken at its word; else byte-order marks, UTF-8, then the most plausible of the usual ones."""
    if data[:4] == b"PK\x03\x04" or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise ConfigurationError(f"{what}: this is an Excel workbook or a zip archive; save the sheet as CSV (UTF-8) and give that file")
    if data[:2] == b"\x1f\x8b":
        raise ConfigurationError(f"{what}: this file is gzip-compressed; unpack it first")
    if not data.strip():
        raise ConfigurationError(f"{what}: the file is empty")
    if encoding:
        try:
            return data.decode(encoding).lstrip("\ufeff"), encoding
        except (UnicodeDecodeError, LookupError) as cause:
            raise ConfigurationError(f"{what}: not readable as {encoding} ({cause}); leave --encoding out to have it recognised") from cause
    text, used = _recognised(data)
    if "\x00" in text:
        raise ConfigurationError(f"{what}: contains NUL bytes at character {text.index(chr(0))}; this is not a text file, or its encoding is unusual: "
                                 "name it with --encoding")
    return text, used


def _recognised(data: bytes) -> tuple[str, str]:
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(name), name
            except UnicodeDecodeError:
                break
    head = data[:4000]
    if head.count(0) > len(head) // 4:
        name = "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        if len(data) % 2 == 0:
            return data.decode(name, errors="replace"), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    options = []
    for name in ("cp932", "gb18030", "cp949", "big5", "cp1251", "cp1252"):
        try:
            options.append((_plausibility(data.decode(name)), name))
        except UnicodeDecodeError:
            continue
    if not options or max(options)[0] <= 0:
        return data.decode("latin-1"), "latin-1"
    name = max(options, key=lambda option: option[0])[1]
    return data.decode(name), name


_SCRIPTS = ((0x3040, 0x30FF, "kana", 1.0), (0x4E00, 0x9FFF, "han", 0.55), (0xAC00, 0xD7A3, "hangul", 1.0), (0x0400, 0x045F, "cyrillic", 1.0))


def _plausibility(text: str) -> float:
    """How much a decoding looks like writing: scripts in runs, accented Latin letters beside Latin letters; symbols and rarities count against."""
    total, count = 0.0, 0
    for at, letter in enumerate(text):
        if letter < "\x80":
            continue
        count += 1
        before = text[at - 1] if at else " "
        after = text[at + 1] if at + 1 < len(text) else " "
        code = ord(letter)
        script, worth = next(((name, value) for low, high, name, value in _SCRIPTS if low <= code <= high), ("", 0.0))
        if script == "cyrillic":
            total += worth if any("\u0400" <= near <= "\u045f" for near in (before, after)) and not (before + after).isascii() else -0.5
            total -= 1.2 if _latin(before) or _latin(after) else 0.0
            total -= 0.8 if letter.isupper() and "\u0430" <= before <= "\u045f" else 0.0
        elif script:
            total += worth
        elif unicodedata.category(letter)[0] == "L" and code < 0x250:
            total += 0.8 if (_latin(before) or _latin(after)) and not (ord(before) > 127 and ord(after) > 127) else -0.4
        elif 0xFF61 <= code <= 0xFF9F or unicodedata.category(letter) in ("Cc", "Co", "Cn"):
            total -= 1.0
        else:
            total += 0.1 if code in (0x2019, 0x2013, 0x2014, 0x201C, 0x201D, 0x20AC, 0x3000, 0x30FB) or 0xFF01 <= code <= 0xFF5E else -0.3
    return total / count if count else 0.0


def _latin(letter: str) -> bool:
    return "a" <= letter <= "z" or "A" <= letter <= "Z"


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, for files that people open."""
    return "'" + text if text and text[0] in "=+-@\t\r" else text
