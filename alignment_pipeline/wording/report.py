"""The texts of the report that both teams read: titles, what a row is, columns, and what stands where there is nothing.

Belongs here: text. Which rows are shown, and in which order: `reporting/report.py`. Sentences about single records: `catalogue.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One table of the report in words; `empty` stands in place of the table when it has no rows."""

    title: str
    about: str
    columns: tuple[str, ...]
    empty: str


NOTICE = "Demo data: companies are real, people are invented, and everything that happens between them is fictional."
ELSEWHERE = (
    "How SLAs were kept this week and by whom, accounts close to MQA, pipeline and actions are on the page of the weekly meeting: "
    "`alignment pack` makes it."
)
NOTHING_READ = "Nothing has been read yet. Run `alignment doctor` to check your settings, then `alignment run`."

PARTS: Mapping[str, Part] = {
    "mqas": Part(
        "Marketing qualified accounts",
        "Accounts that are MQAs now, and the rule that made each of them one.",
        ("Account", "Owner", "Tier", "People engaged", "Engagement", "Since", "Why"),
        "No account is an MQA at the moment.",
    ),
    "clocks": Part(
        "SLAs by policy",
        "How many SLAs of each policy are in which state. Unknown means due, while later activities have not been read yet.",
        ("Policy", "Owed by"),
        "No SLA has started yet.",
    ),
    "commitments": Part(
        "Marketing's commitments",
        "What marketing promised for the period, and where it stands by business day.",
        ("Commitment", "From", "To", "Goal", "Expected by now", "Actual", "State", "Why"),
        "The agreement holds no commitments of marketing, or no period has begun.",
    ),
    "review": Part(
        "Matches to review",
        "Leads whose account a person has to decide: the best guess, and how sure it is. Decide them with `alignment review`.",
        ("Company as typed", "E-mail domain", "Country", "Best guess", "Confidence", "Why"),
        "No match is waiting for a person.",
    ),
    "person_stages": Part(
        "People by stage", "How many people are in each stage now.", ("Stage", "People", "Latest entry"), "Nobody is known yet."
    ),
    "account_stages": Part(
        "Accounts by stage", "How many accounts are in each stage now.", ("Stage", "Accounts", "Latest entry"), "No account is known yet."
    ),
    "exclusions": Part(
        "Activities that count, and those that do not",
        "Bots, automatic replies and our own people never count. Every activity that is left out is counted here.",
        ("Reason", "Activities", "Latest"),
        "No activity has been read yet.",
    ),
    "results": Part(
        "What was written to the CRM",
        "Changes by outcome. Verified: written and read back. Dead: the CRM refused it; see `alignment dead-letters`.",
        ("Object", "Outcome", "What happened", "Records", "Latest"),
        "Nothing has been written yet.",
    ),
    "freshness": Part(
        "How fresh the data is",
        "When each stream was last read. Everything up to 'complete to' is in these numbers.",
        ("System", "Object", "Read at", "Complete to", "By", "New rows", "Remark"),
        "No system has been read yet.",
    ),
}

HEADLINE: Mapping[str, tuple[str, str]] = {
    "matched": ("Leads matched", "{share} of {leads}"),
    "review": ("To review", "a person decides"),
    "none": ("Without account", "no account fits"),
    "scored": ("Accounts scored", ""),
    "mqas": ("MQAs now", "{share} of accounts"),
    "quarantined": ("Rows in quarantine", "unreadable values, kept and counted"),
}
"""Label and remark of the counts on top."""
