"""The lists that people make: corrections (always, never), reviewed matches, targets. Read as exports are, in whatever a spreadsheet saves.

Belongs here: their columns, and the records that their ids mean. What a list does: `match.py`, `match_labels.py` and
`scoring/account_tiers.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from alignment_pipeline.contracts import record_ids
from alignment_pipeline.errors import ConfigurationError, RowsRefused
from alignment_pipeline.matching.files import exports, tables

MOST_NAMED = 5


@dataclass(frozen=True)
class Item:
    """One line of a list: where it stands, and its values by column."""

    line: int
    values: Mapping[str, str]


def read(
    data: bytes, what: str, *, columns: Mapping[str, tuple[str, ...]], required: Sequence[tuple[str, ...]], encoding: str | None = None
) -> list[Item]:
    """The lines of a list; `columns` are the spellings of each column, of each group in `required` one must be there."""
    table = tables.read(data, what, encoding=encoding)
    places = exports.recognise(table.headers, columns)
    missing = [" or ".join(group) for group in required if not set(group) & set(places)]
    if missing:
        has = ", ".join(header for header in table.headers if header) or "none"
        raise ConfigurationError(f"{what} needs the columns {', '.join(' or '.join(group) for group in required)}; it has {has}")
    if table.problems:
        raise RowsRefused(what, list(table.problems))
    return [Item(row.line, {name: row.cells[at[0]] for name, at in places.items()}) for row in table.rows]


@dataclass(frozen=True)
class Corrections:
    """Pairs of lead id and account id, as the records bear them; `unknown` says which lines name none."""

    pairs: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def corrections(data: bytes, what: str, *, leads: Collection[str], accounts: Collection[str], encoding: str | None = None) -> Corrections:
    """A never- or always-match list. Ids of 15 characters mean those of 18; an id that no record bears is named and its line left out.

    An empty account id, which in a never list excludes every account, stays empty. A known lead with an unknown account is kept: the
    account may have been merged or deleted since, which the result says.
    """
    columns = {"lead_id": exports.SPELLINGS_LEADS["lead_id"], "account_id": exports.SPELLINGS_ACCOUNTS["account_id"]}
    items = read(data, what, columns=columns, required=(("lead_id",), ("account_id",)), encoding=encoding)
    known_leads, known_accounts = record_ids.KnownIds(leads), record_ids.KnownIds(accounts)
    pairs, unknown = [], []
    for item in items:
        lead, account = (item.values[name] for name in ("lead_id", "account_id"))
        mine, theirs = known_leads.meant(lead), known_accounts.meant(account) if account else ""
        if mine is None:
            unknown.append(f"{what}, line {item.line}: no lead has the id {lead!r}")
            continue
        if theirs is None:
            unknown.append(f"{what}, line {item.line}: no account has the id {account!r}")
        pairs.append((mine, account if theirs is None else theirs))
    return Corrections(tuple(pairs), tuple(unknown))


def said(notes: Sequence[str]) -> list[str]:
    """The first few notes, and how many more there are."""
    more = len(notes) - MOST_NAMED
    return [*notes[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
