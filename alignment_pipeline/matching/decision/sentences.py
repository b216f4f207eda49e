"""Words for people: the rule that matched, and one sentence of at most 255 characters for the CRM.

Belongs here: which form of the catalogue (`wording/catalogue.py`) is said of a decision. What a column of evidence means is in
`evidence/columns.py`.
"""

from __future__ import annotations

from collections.abc import Collection

from alignment_pipeline.wording import catalogue, forms

_SAID_SURE, _SAID_NEXT, _SAID_CLOSEST = 0.95, 0.05, 0.1
_NAME, _NEXT_NAME = 60, 40


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
    """What was decided and why, and how surely where there is doubt. An account that is hardly likely is not named."""
    why, sure = catalogue.MATCH_RULES[rule], round(confidence * 100)
    named = forms.fit(account, _NAME)
    if decision == "matched":
        text = forms.say("match.matched" if confidence >= _SAID_SURE else "match.matched_unsure", account=named, why=why, sure=sure)
    elif decision == "review" and rivals:
        text = forms.say("match.review_equal", rivals=rivals + 1, account=named, why=why)
    elif decision == "review":
        text = forms.say("match.review", account=named, why=why, sure=sure)
    elif account and confidence >= _SAID_CLOSEST:
        text = forms.say("match.closest", account=named, why=why)
    else:
        text = forms.say(f"match.{rule}" if rule in ("junk", "never") else "match.none")
    more = [note[:1].upper() + note[1:] + "."] if note else []
    if tie_breaker:
        more.append(forms.say("match.tie", tie=catalogue.TIES.get(tie_breaker, tie_breaker.replace("_", " "))))
    if runner_up and decision == "review" and runner_up_confidence >= _SAID_NEXT:
        more.append(forms.say("match.next", account=forms.fit(runner_up, _NEXT_NAME)))
    return forms.joined(text, *more)
