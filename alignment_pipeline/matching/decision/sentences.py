"""Words for people: the rule that matched, and one sentence of at most 255 characters for the CRM.

Belongs here: naming evidence. Numbers are made in `evidence.py` and `weights.py`.
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
    "name_in_account": "the company name begins or lies in the account's",
    "account_in_name": "the account's name begins or lies in the company name",
    "typo": "the names differ by a few letters",
    "acronym": "one name is the other's initials",
    "similar_name": "the names share distinctive words",
    "none": "no account is close enough",
}

EVIDENCE_WORDS: Mapping[str, str] = {
    "base": "any account, before evidence",
    "mail_domain": "e-mail domain is the account's website",
    "mail_domain_crowded": "several accounts share that website",
    "site_domain": "website is the account's",
    "academic_domain": "academic domain is the account's website",
    "learned_domain": "domain of the account's contacts or past matches",
    "exact_host": "the very subdomain of the account's website",
    "only_domain": "no company given, the domain alone speaks",
    "label_equal": "same domain name under another ending",
    "label_is_name": "e-mail domain is the account's name",
    "name_is_label": "company name is the account's domain",
    "label_begins": "one domain name begins the other",
    "domain_conflict": "e-mail domain differs from the account's website",
    "domain_elsewhere": "e-mail domain is another account's website",
    "own_label_conflict": "the company has a domain of its own name, not the account's",
    "own_label_no_site": "the company has a domain of its own name, the account none",
    "no_account_site": "the account has no website",
    "same_name": "same company name",
    "same_whole": "same name with legal form",
    "same_rare": "the name is made of common words",
    "same_long": "the name is long",
    "same_short": "the name is short",
    "same_part": "only a part of the company field",
    "same_account_part": "only a part of the account's name",
    "overlap": "shared words",
    "overlap_telling_left": "distinctive words left over",
    "overlap_place_left": "different places in the names",
    "overlap_start": "same first word",
    "overlap_rare": "a rare word shared",
    "acronym": "initials agree",
    "acronym_long": "long initials",
    "alias": "listed as another name",
    "same_is_label": "the name is the account's domain",
    "same_placed": "the company field adds a country",
    "same_account_placed": "the account's name adds a country",
    "site_bears_name": "the account's own name is its domain",
    "name_is_label_long": "that domain name is long",
    "acronym_is_label": "the initials are also the domain",
    "in_variant": "only in another spelling of the field",
    "overlap_described": "the naming words agree, only descriptive words differ",
    "alias_domain": "e-mail domain is listed for the account",
    "same_variant": "only in another spelling of the field",
    "part_left_both": "other words differ on both sides",
    "part_lead_left": "distinctive words of the company field left over",
    "part_account_left": "distinctive words of the account left over",
    "country_same": "same country",
    "country_other": "other country",
    "state_same": "same state",
    "city_same": "same city",
    "phone_same": "same phone number",
    "same_is_label_com": "the account holds its very name as a .com",
    "same_account_placed_other": "the account's name adds a country that is not the lead's",
    "in_account_words": "the same words in another order",
    "in_joined": "one side writes together what the other writes apart",
    "in_placed": "only without the country in the company field",
    "overlap_in_lead": "only the company field has distinctive words left over",
    "slip_bare": "one letter differs, descriptive words aside",
    "slip_bare_long": "one letter differs, descriptive words aside: long name",
    "domain_country_other": "the domain agrees, so another country tells little",
    "label_is_name_no_site": "e-mail domain is the name of an account without a website",
    "has_parent": "the account has a parent",
    "has_children": "the account has children",
    "local": "the account is a local subsidiary",
    "local_same": "local subsidiary of the lead's country",
    "local_other": "local subsidiary of another country",
}

_FAMILIES = {
    "in_account": "company name lies in the account's name",
    "in_lead": "account's name lies in the company name",
    "typo": "a few letters differ",
    "same": "same name",
    "overlap": "shared words",
}
_ENDINGS = {
    "rare": "rare words",
    "telling": "distinctive words left over",
    "place": "a place left over",
    "described": "only descriptive words left over",
    "crowded": "a word many accounts use",
    "length": "share of the letters",
    "begins": "at the start",
    "long": "long name",
    "close": "very close",
    "first": "same beginning",
    "letter": "one letter",
    "initial": "same first letter",
    "word": "the misspelling is itself a name",
    "keyboard": "neighbouring keys",
    "doubled": "a doubled letter",
    "swapped": "two letters swapped",
    "letters": "inside a word",
    "field": "a field of business left over",
    "whole": "the site bears the longer name",
    "site": "the site bears that name",
    "ordinary": "only ordinary words",
}


def evidence_words(column: str) -> str:
    """What a column of evidence means, for people."""
    if column in EVIDENCE_WORDS:
        return EVIDENCE_WORDS[column]
    for family, words in _FAMILIES.items():
        if column == family:
            return words
        if column.startswith(family + "_"):
            return f"{words}: {_ENDINGS.get(column.rsplit('_', 1)[1], column[len(family) + 1 :].replace('_', ' '))}"
    return column.replace("_", " ")


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
