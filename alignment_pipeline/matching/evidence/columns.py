"""The columns of evidence, one row each: what it means in words, and what is known of its weight before any fit.

Belongs here: the list and look-ups made from it. The columns are computed in `evidence.py` and weighed in `weights.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One observation about a pair of lead and account.

    `sign` is what world knowledge says about its direction, which the fit may not contradict (0: either). `prior` is the weight it starts
    from (log-odds), set by hand next to a domain's or a city's worth, for what the labelled set shows little or nothing of. `penalty` says
    how firmly the fit is held to the prior. `identifies`: it says which of two namesakes is meant; without any such evidence a second
    company of the same name leaves doubt. `supports`: it supports a name that is only alike, as what identifies does too.
    """

    name: str
    words: str
    sign: int = 0
    prior: float = 0.0
    penalty: float = 1.0
    identifies: bool = False
    supports: bool = False


# The base is free (its penalty is next to nothing). The alias list is written by hand: the fit may move it away from "same name" only
# against strong evidence.
EVIDENCE = (
    Column("base", "any account, before evidence", penalty=1e-06),
    Column("mail_domain", "e-mail domain is the account's website", sign=1, identifies=True),
    Column("mail_domain_crowded", "several accounts share that website"),
    Column("site_domain", "website is the account's", sign=1, prior=3.0, identifies=True),
    Column("academic_domain", "academic domain is the account's website", sign=1, identifies=True),
    Column("learned_domain", "domain of the account's contacts or past matches", sign=1, prior=4.5, identifies=True),
    Column("exact_host", "the very subdomain of the account's website", sign=1, prior=1.5),
    Column("only_domain", "no company given, the domain alone speaks", sign=1),
    Column("label_equal", "same domain name under another ending", sign=1),
    Column("label_is_name", "e-mail domain is the account's name", sign=1, identifies=True),
    Column("name_is_label", "company name is the account's domain", sign=1, supports=True),
    Column("name_is_label_long", "that domain name is long", sign=1),
    Column("site_bears_name", "the account's own name is its domain", sign=1),
    Column("label_begins", "one domain name begins the other"),
    Column("domain_conflict", "e-mail domain differs from the account's website", sign=-1),
    Column("domain_elsewhere", "e-mail domain is another account's website", sign=-1),
    Column("own_label_conflict", "the company has a domain of its own name, not the account's", sign=-1),
    Column("own_label_no_site", "the company has a domain of its own name, the account none", sign=-1),
    Column("no_account_site", "the account has no website"),
    Column("same_name", "same company name", sign=1),
    Column("same_whole", "same name with legal form", sign=1),
    Column("same_is_label", "the name is the account's domain", sign=1),
    Column("same_rare", "the name is made of common words", sign=-1),
    Column("same_long", "the name is long", sign=1),
    Column("same_short", "the name is short"),
    Column("same_part", "only a part of the company field", sign=-1),
    Column("same_account_part", "only a part of the account's name", sign=-1),
    Column("same_variant", "only in another spelling of the field", sign=-1),
    Column("same_placed", "the company field adds a country", sign=-1),
    Column("same_account_placed", "the account's name adds a country", sign=-1),
    Column("part_left_both", "other words differ on both sides", sign=-1),
    Column("part_lead_left", "distinctive words of the company field left over", sign=-1),
    Column("part_account_left", "distinctive words of the account left over", sign=-1),
    Column("in_account", "company name is part of the account's name"),
    Column("in_account_rare", "company name is part of the account's name: rare words", sign=1),
    Column("in_account_telling", "company name is part of the account's name: distinctive words left over", sign=-1),
    Column("in_account_place", "company name is part of the account's name: a place left over"),
    Column("in_account_described", "company name is part of the account's name: only descriptive words left over", sign=1),
    Column("in_account_crowded", "company name is part of the account's name: a word many accounts use", sign=-1),
    Column("in_account_length", "company name is part of the account's name: share of the letters"),
    Column("in_account_begins", "company name is part of the account's name: at the start", sign=1),
    Column("in_lead_begins", "account's name is part of the company name: at the start", sign=1),
    Column("in_account_letters", "company name is part of the account's name: inside a word", sign=-1),
    Column("in_lead_letters", "account's name is part of the company name: inside a word", sign=-1),
    Column("in_account_site_whole", "company name is part of the account's name: the website has the longer name", sign=-1),
    Column("in_lead_site_whole", "account's name is part of the company name: the website has the longer name", sign=-1),
    Column("in_account_site", "company name is part of the account's name: the website has that name", sign=1),
    Column("in_lead_site", "account's name is part of the company name: the website has that name", sign=1),
    Column("in_variant", "only in another spelling of the field", sign=-1),
    Column("in_account_field", "company name is part of the account's name: a field of business left over"),
    Column("in_lead_field", "account's name is part of the company name: a field of business left over"),
    Column("in_lead", "account's name is part of the company name"),
    Column("in_lead_rare", "account's name is part of the company name: rare words", sign=1),
    Column("in_lead_telling", "account's name is part of the company name: distinctive words left over", sign=-1, prior=-1.5, penalty=10.0),
    Column("in_lead_place", "account's name is part of the company name: a place left over"),
    Column("in_lead_described", "account's name is part of the company name: only descriptive words left over", sign=1),
    Column("in_lead_crowded", "account's name is part of the company name: a word many accounts use", sign=-1),
    Column("in_lead_length", "account's name is part of the company name: share of the letters"),
    Column("typo", "a few letters differ"),
    Column("typo_long", "a few letters differ: long name"),
    Column("typo_close", "a few letters differ: very close", sign=1),
    Column("typo_first", "a few letters differ: same beginning"),
    Column("typo_one_letter", "a few letters differ: one letter"),
    Column("typo_one_long", "a few letters differ: long name", sign=1),
    Column("typo_initial", "a few letters differ: same first letter", sign=1),
    Column("typo_known_word", "a few letters differ: the misspelling is itself a name", sign=-1),
    Column("typo_keyboard", "a few letters differ: neighbouring keys", sign=1),
    Column("typo_doubled", "a few letters differ: a doubled letter", sign=1),
    Column("typo_swapped", "a few letters differ: two letters swapped", sign=1),
    Column("overlap", "shared words", sign=1),
    Column("overlap_telling_left", "distinctive words left over", sign=-1),
    Column("overlap_place_left", "different places in the names", sign=-1),
    Column("overlap_start", "same first word", sign=1),
    Column("overlap_rare", "a rare word shared", sign=1),
    Column("overlap_described", "the naming words agree, only descriptive words differ", sign=1),
    Column("acronym", "initials agree"),
    Column("acronym_long", "long initials", sign=1),
    Column("acronym_is_label", "the initials are also the domain", sign=1),
    Column("alias", "listed as another name", sign=-1, penalty=30.0),
    Column("alias_domain", "e-mail domain is listed for the account", sign=1, prior=3.0, identifies=True),
    Column("country_same", "same country", sign=1, supports=True),
    Column("country_other", "other country", sign=-1),
    Column("state_same", "same state", sign=1, prior=0.3, supports=True),
    Column("city_same", "same city", sign=1, prior=0.6, identifies=True),
    Column("phone_same", "same phone number", sign=1, prior=2.5, identifies=True),
    Column("has_parent", "the account has a parent"),
    Column("has_children", "the account has children"),
    Column("local", "the account is a local subsidiary"),
    Column("local_same", "local subsidiary of the lead's country", sign=1),
    Column("local_other", "local subsidiary of another country", sign=-1),
    Column("in_account_words", "the same words in another order", sign=1, prior=3.0),
    Column("overlap_in_lead", "only the company field has distinctive words left over"),
    Column("slip_bare", "one letter differs, descriptive words aside"),
    Column("slip_bare_long", "one letter differs, descriptive words aside: long name", sign=1),
    Column("same_is_label_com", "the account holds its very name as a .com", sign=1),
    Column("same_account_placed_other", "the account's name adds a country that is not the lead's", sign=-1, prior=-1.0),
    Column("in_lead_ordinary", "account's name is part of the company name: only ordinary words", sign=-1),
    Column("in_account_ordinary", "company name is part of the account's name: only ordinary words", sign=-1),
    Column("typo_ordinary", "a few letters differ: only ordinary words", sign=-1),
    Column("overlap_ordinary", "shared words: only ordinary words", sign=-1),
    Column("in_placed", "only without the country in the company field", sign=-1),
    Column("in_joined", "one side writes together what the other writes apart", sign=-1),
    Column("domain_country_other", "the domain agrees, so another country tells little"),
    Column("label_is_name_no_site", "e-mail domain is the name of an account without a website"),
)
COLUMNS = tuple(column.name for column in EVIDENCE)
IDENTITY = frozenset(column.name for column in EVIDENCE if column.identifies)
SUPPORT = frozenset(column.name for column in EVIDENCE if column.identifies or column.supports)
_WORDS = {column.name: column.words for column in EVIDENCE}


def evidence_words(column: str) -> str:
    """What a column of evidence means, for people; an older run may have had columns that are gone."""
    return _WORDS.get(column, column.replace("_", " "))
