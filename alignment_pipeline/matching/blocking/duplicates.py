"""Duplicates: accounts, and leads, that are the same. Reported with the reason, never merged by us.

Belongs here: the two reports. The grouping of accounts is `company.py`'s, the same that matching uses.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from alignment_pipeline.matching.blocking import company, records
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.names import domains, junk, names
from alignment_pipeline.matching.names.text import fold

ACCOUNT_DUPLICATES = pa.schema(
    [("group_id", pa.string()), ("account_id", pa.string()), ("name", pa.string()), ("records", pa.int64()), ("reason", pa.string())]
)
LEAD_DUPLICATES = pa.schema([("group_id", pa.string()), ("lead_id", pa.string()), ("records", pa.int64()), ("reason", pa.string())])
_DOTLESS = ("gmail.com", "googlemail.com")


def account_duplicates(index: AccountIndex) -> pa.Table:
    """One row per account that shares its company with another: group_id is the group's lowest account id, reason what joined it."""
    facts = index.facts
    members: dict[int, list[int]] = {}
    for position, number in enumerate(facts.company.tolist()):
        members.setdefault(number, []).append(position)
    why: dict[int, set[str]] = {}
    for one, other, reason in index.joins:
        for position in (one, other):
            why.setdefault(position, set()).add(reason)
    rows = [
        (facts.account_id[group[0]], facts.account_id[at], facts.name[at], len(group), "; ".join(sorted(why.get(at, ()))))
        for group in members.values()
        if len(group) > 1
        for at in group
    ]
    return _table(sorted(rows), ACCOUNT_DUPLICATES)


def mailbox(email: str) -> str:
    """One spelling per mailbox: lower case, without "+tag"; dots do not count at Google."""
    local, _, host = email.strip().lower().rpartition("@")
    if not local or not domains.host_of(host):
        return ""
    local = local.split("+", 1)[0]
    return f"{local.replace('.', '') if host in _DOTLESS else local}@{'gmail.com' if host in _DOTLESS else host}"


def lead_duplicates(leads: records.Frame) -> pa.Table:
    """One row per lead that is the same person as another: same mailbox; same phone and last name; same full name at the same company.

    Takes lead_id and, as far as known, email, first_name, last_name, phone, company.
    """
    records.require(leads, "leads", "lead_id")
    rows = records.row_count(leads)
    text = {
        column: records.text_column(leads, column, rows) for column in ("lead_id", "email", "first_name", "last_name", "phone", "company")
    }
    by_key: dict[tuple[str, str], list[int]] = {}
    for row in range(rows):
        for key in _person_keys({column: values[row] for column, values in text.items()}):
            by_key.setdefault(key, []).append(row)
    groups = company.Companies(list(range(rows)))
    for (reason, _), rows_of_key in sorted(by_key.items()):
        for other in rows_of_key[1:]:
            groups.join(rows_of_key[0], other, reason)
    why: dict[int, set[str]] = {}
    for one, other, reason in groups.joined:
        for row in (one, other):
            why.setdefault(row, set()).add(reason)
    members: dict[int, list[int]] = {}
    for row in range(rows):
        members.setdefault(groups.root(row), []).append(row)
    ids = text["lead_id"]
    result = [
        (min(ids[row] for row in group), ids[at], len(group), "; ".join(sorted(why.get(at, ()))))
        for group in members.values()
        if len(group) > 1
        for at in group
    ]
    return _table(sorted(result), LEAD_DUPLICATES)


def _person_keys(lead: dict[str, str]) -> Iterable[tuple[str, str]]:
    first, last = fold(lead["first_name"]), fold(lead["last_name"])
    phone = "".join(filter(str.isdigit, lead["phone"]))[-9:]
    forms = names.forms(lead["company"])
    if mailbox(lead["email"]):
        yield "same mailbox", mailbox(lead["email"])
    if len(phone) >= 7 and last:
        yield "same phone and last name", f"{phone} {last}"
    if first and last and forms and not junk.is_junk(lead["company"]):
        yield "same full name at the same company", f"{first} {last} {forms[0].compact}"


def _table(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in schema.names]
    return pa.table(
        {name: pa.array(list(values), schema.field(name).type) for name, values in zip(schema.names, columns, strict=True)}, schema=schema
    )
