"""Words for people: the rule that matched, and one sentence of at most 255 characters for the CRM.

Belongs here: the sentence and the words for each rule. What a column of evidence means is in `evidence/columns.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

LIMIT = 255

RULE_WORDS: Mapping[str, str] = {
    "always": "a person set this account",
    "never": "a person excluded the only candidate",
    "junk": "the company field names no company",
    "domain_and_name": "domain and company name agree",
    "domain": "the domain is the account's",
    "contact_domain": "the domain is that of the account's contacts",
    "exact_name": "same company name",
    "domain_label": "domain and name are the same word",
    "alias": "another name of the account",
    "name_in_account": "the company name begins or is part of the account's",
    "account_in_name": "the account's name begins or is part of the company name",
    "typo": "the names differ by a few letters",
    "acronym": "one name is the other's initials",
    "similar_name": "the names share distinctive words",
    "none": "no account is close enough",
}


def rule_of(evidence: Collection[str]) -> str:
    """The rule that a pair matches by: the strongest kind of its evidence, given the columns that are not zero."""
    domain = any(column in evidence for column in ("mail_domain", "site_domain", "academic_domain", "alias_domain"))
    name = any(column in evidence for column in ("same_name", "in_account", "in_lead", "alias", "typo", "acronym", "overlap_rare"))
    if domain:
        return "domain_and_name" if name else "domain"
    if "learned_domain" in evidence:
        return "contact_domain"
    for column, rule in (
        ("alias", "alias"),
        ("same_name", "exact_name"),
        ("name_is_label", "domain_label"),
        ("label_is_name", "domain_label"),
        ("in_account", "name_in_account"),
        ("in_lead", "account_in_name"),
        ("acronym", "acronym"),
        ("typo", "typo"),
        ("slip_bare", "typo"),
    ):
        if column in evidence:
            return rule
    return "similar_name"


def short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\u2026"


def sentence(
    decision: str,
    rule: str,
    confidence: float,
    account: str,
    runner_up: str,
    runner_up_confidence: float,
    tie_breaker: str,
    rivals: int,
    note: str = "",
) -> str:
    """One sentence of at most 255 characters: what was decided, why, how surely, against whom."""
    sure = f"{min(confidence, 0.999):.0%}" if confidence < 0.995 else "over 99%"
    why = RULE_WORDS[rule]
    if decision == "matched":
        text = f"Matched to {short(account)}: {why}, {sure} sure"
    elif decision == "review":
        doubt = f"{rivals + 1} accounts fit equally" if rivals else why
        text = f"Review, best guess {short(account)}: {doubt}, {sure} sure"
    elif account:
        text = f"No account: closest is {short(account)} ({why}), only {sure} sure"
    else:
        text = f"No account: {why}"
    if note:
        text += f"; {note}"
    if tie_breaker:
        text += f"; chosen among its records by {tie_breaker.replace('_', ' ')}"
    if runner_up and decision != "none":
        text += f"; next {short(runner_up, 40)} {runner_up_confidence:.0%}"
    return short(text + ".", LIMIT)
