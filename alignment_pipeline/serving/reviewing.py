"""The match review queue for people: a lead beside the two accounts it may belong to.

Belongs here: collecting the rows and comparing them field by field. What a verdict does: `operations/review.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.matching.evidence.columns import evidence_words
from alignment_pipeline.operations.explain import Source

LISTED = 50
_MICRO = 1_000_000
_QUEUE = f"""
SELECT m.person_id, m.confidence, m.reason, m.account_id, p.company, p.first_name, p.last_name, p.country, a.name AS account_name,
       l.person_id IS NOT NULL AS is_judged, count(*) OVER () AS waiting
FROM lead_account_matches m
JOIN people p USING (person_id)
LEFT JOIN accounts a USING (account_id)
LEFT JOIN (SELECT DISTINCT person_id FROM match_labels) l USING (person_id)
WHERE m.decision = 'review'
ORDER BY is_judged, m.confidence DESC, m.person_id
LIMIT {LISTED} OFFSET ?
"""
#: What is compared: heading, column of the person, column of the account.
_FIELDS = (
    ("Company", "company", "name"),
    ("Website", "website", "website"),
    ("E-mail domain", "email_domain", "website"),
    ("City", "city", "city"),
    ("State", "state", "state"),
    ("Country", "country", "country"),
    ("Industry", "industry", "industry"),
    ("Employees", "employees", "employees"),
)


@dataclass(frozen=True)
class Cell:
    """A value of an account, and whether it is the lead's: same, other, or blank where there is nothing to compare."""

    text: str
    state: str


@dataclass(frozen=True)
class Line:
    """One field: the lead's value and each account's."""

    heading: str
    lead: str
    accounts: tuple[Cell, ...]


@dataclass(frozen=True)
class Pair:
    """A lead and the accounts that compete for it."""

    person: Mapping[str, Any]
    match: Mapping[str, Any]
    accounts: tuple[Mapping[str, Any], ...]
    lines: tuple[Line, ...]
    evidence: tuple[tuple[str, str], ...]
    is_judged: bool


def queue(source: Source, *, page: int) -> list[dict[str, Any]]:
    """The leads whose account a person must decide, those without a verdict first, the most certain first."""
    return source.query(_QUEUE, page * LISTED)


def pair(source: Source, person_id: str) -> Pair | None:
    """A lead of the queue beside its accounts; None when it is not in the queue."""
    match = source.one("lead_account_matches", person_id=person_id)
    person = source.one("people", person_id=person_id)
    if match is None or person is None or match["decision"] != "review":
        return None
    ids = [one for one in (match["account_id"], match["runner_up_id"]) if one]
    accounts = tuple(row for one in ids if (row := source.one("accounts", account_id=one)) is not None)
    lines = tuple(
        Line(heading, _text(person[mine]), tuple(_cell(person[mine], account[theirs]) for account in accounts))
        for heading, mine, theirs in _FIELDS
    )
    evidence = tuple(
        (f"{one.get('points_micro', 0) / _MICRO:+.1f}", evidence_words(str(one["evidence"]))) for one in match["evidence"] or []
    )
    judged = source.one("match_labels", person_id=person_id) is not None
    return Pair(person, match, accounts, lines, evidence, judged)


def _cell(mine: Any, theirs: Any) -> Cell:
    if mine in (None, "") or theirs in (None, ""):
        return Cell(_text(theirs), "blank")
    return Cell(_text(theirs), "same" if _bare(mine) == _bare(theirs) else "other")


def _bare(value: Any) -> str:
    """A value without what differs only in writing: case, and of a web address all but the site's name."""
    text = str(value).strip().lower()
    site = text.partition("://")[2] or text
    return site.removeprefix("www.").partition("/")[0] if "." in site else site


def _text(value: Any) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
