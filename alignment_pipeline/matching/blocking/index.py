"""The accounts, filed so that a batch of leads finds its candidates without comparing all with all.

Belongs here: building the index (a picklable value, to be broadcast to workers). Looking up is in `candidates.py`, comparing in
`evidence/comparison.py`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from alignment_pipeline.matching.array_types import Bools, Ints
from alignment_pipeline.matching.blocking import codes, collecting, company, keys, records
from alignment_pipeline.matching.blocking.codes import AccountCodes
from alignment_pipeline.matching.blocking.learned_domains import learned_domains
from alignment_pipeline.matching.names import domains, names, places
from alignment_pipeline.matching.names.alias_table import AliasTable, default_aliases
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.names.vocabulary import FormArrays, Vocabulary, arrays
from alignment_pipeline.matching.settings import MatchingSettings


@dataclass(slots=True)
class AccountFacts:
    """Plain columns, one entry per account, sorted by account_id."""

    account_id: list[str]
    name: list[str]
    country: list[str]
    state: list[str]
    city: list[str]
    phone: list[str]
    owner_id: list[str]
    is_customer: list[bool]
    has_open_opportunity: list[bool]
    contact_count: list[int]
    created_at: list[str]
    parent: Ints
    domain: list[str]
    host: list[str]
    label: list[str]
    domain_class: list[str]
    company: Ints
    position: dict[str, int]

    def compared(self) -> dict[str, list[str]]:
        """The columns that leads are compared with by being equal."""
        return {column: getattr(self, column) for column in ("domain", "domain_class", "label", "country", "state", "city", "phone")}


@dataclass(slots=True)
class AccountIndex:
    """Accounts, their name forms, and postings from blocking keys to accounts."""

    settings: MatchingSettings
    rarity: RarityTable
    vocabulary: Vocabulary
    aliases: AliasTable
    facts: AccountFacts
    forms: FormArrays
    parsed: list[tuple[names.Form, ...]]
    key_number: dict[str, int]
    key_first: Ints
    key_accounts: npt.NDArray[np.int32]
    typo_hash: npt.NDArray[np.uint32]
    typo_account: npt.NDArray[np.int32]
    learned: Mapping[str, Mapping[int, float]]
    frequency: dict[str, float]
    merged_into: Mapping[str, str]
    compact_limit: int
    whole_names: frozenset[str]
    name_length: Ints
    is_parent: Bools
    local: Bools
    codes: AccountCodes
    joins: list[tuple[int, int, str]]

    @classmethod
    def build(
        cls,
        accounts: records.Frame,
        *,
        settings: MatchingSettings,
        rarity: RarityTable | None = None,
        contacts: records.Frame | None = None,
        past_matches: records.Frame | None = None,
    ) -> AccountIndex:
        """File accounts (account_id, name, and as far as known website, country, state, city, phone, parent_account_id, owner_id,
        is_customer,
        has_open_opportunity, contact_count, created_at, is_deleted, merged_into_id). Deleted and merged rows are left out.

        `contacts` (account_id, email or email_domain) and `past_matches` (account_id, email_domain; confirmed by people) teach alternate
        domains.
        """
        with collecting.paused():
            return cls._built(accounts, settings, rarity, contacts, past_matches)

    @classmethod
    def _built(
        cls,
        accounts: records.Frame,
        settings: MatchingSettings,
        rarity: RarityTable | None,
        contacts: records.Frame | None,
        past_matches: records.Frame | None,
    ) -> AccountIndex:
        facts, merged = _facts(accounts, settings)
        rarity = rarity or RarityTable.count(facts.name)
        vocabulary = Vocabulary(rarity)
        aliases = AliasTable(settings.alias_groups) if settings.alias_groups else default_aliases()
        parsed = [names.forms(name) for name in facts.name]
        forms = arrays(parsed, vocabulary)
        initials = {at: spelt for at, of in enumerate(parsed) if (spelt := tuple(key for form in of for key in names.acronyms(form)))}
        compact_limit = len(vocabulary.compact_number)
        learned = learned_domains(contacts, past_matches, facts.position, merged, settings)
        frequency: dict[str, float] = {}
        key_number, key_first, key_accounts = _postings(facts, parsed, initials, learned, rarity, aliases, settings, frequency)
        typo_hash, typo_account = _typo_postings(parsed)
        bare = [names.bare(of[0]) if of else "" for of in parsed]
        companies = company.same_company(parsed, bare, facts.domain, facts.country, rarity, aliases)
        facts.company = companies.numbers()
        is_parent = np.zeros(len(facts.name), dtype=bool)
        is_parent[facts.parent[facts.parent >= 0]] = True
        return cls(
            settings=settings,
            rarity=rarity,
            vocabulary=vocabulary,
            aliases=aliases,
            facts=facts,
            forms=forms,
            parsed=parsed,
            key_number=key_number,
            key_first=key_first,
            key_accounts=key_accounts,
            typo_hash=typo_hash,
            typo_account=typo_account,
            learned=learned,
            frequency=frequency,
            merged_into=merged,
            compact_limit=compact_limit,
            whole_names=frozenset(names.without_stop_words(of[0]) for of in parsed if of),
            name_length=np.array([len(name) for name in facts.name], dtype=np.int64),
            is_parent=is_parent,
            local=np.array([names.names_a_place(name) for name in facts.name], dtype=bool),
            codes=codes.of_accounts(facts.compared(), forms, bare, initials, vocabulary),
            joins=companies.joined,
        )

    def __len__(self) -> int:
        return len(self.facts.account_id)


def account_keys(
    forms: Sequence[names.Form],
    initials: Sequence[str],
    site: tuple[str, str, str],
    learned: Sequence[str],
    rarity: RarityTable,
    aliases: AliasTable,
    settings: MatchingSettings,
    frequency: dict[str, float],
) -> dict[str, None]:
    """Every key one account is filed under, typo keys aside; `site` is its domain, the host and the domain's label."""
    domain, host, label = site
    filed_under = keys.name_keys(forms, rarity, settings.common_word_accounts, aliases, frequency)
    for acronym in initials:
        filed_under["a:" + acronym] = None
    if domain:
        filed_under["d:" + domain] = None
        if host != domain:
            filed_under["h:" + host] = None
        for group in aliases.groups_of_domain(domain):
            filed_under[f"g:{group}"] = None
    if len(label) >= keys.SHORTEST_LABEL:
        filed_under["n:" + names.compact(label)] = None
        for group in aliases.groups(label):
            filed_under[f"g:{group}"] = None
    for other in learned:
        filed_under["d:" + other] = None
    return filed_under


def _facts(accounts: records.Frame, settings: MatchingSettings) -> tuple[AccountFacts, dict[str, str]]:
    records.require(accounts, "accounts", "account_id", "name")
    rows = records.row_count(accounts)
    text = {column: records.text_column(accounts, column, rows) for column in records.ACCOUNT_TEXT}
    records.unique_ids(text["account_id"], "accounts")
    deleted = records.truth_column(accounts, "is_deleted", rows)
    merged = {text["account_id"][row]: text["merged_into_id"][row] for row in range(rows) if text["merged_into_id"][row]}
    live = [row for row in range(rows) if not deleted[row] and not text["merged_into_id"][row]]
    order = sorted(live, key=text["account_id"].__getitem__)
    columns: dict[str, list[str]] = {column: [text[column][row] for row in order] for column in text}
    position = {account_id: at for at, account_id in enumerate(columns["account_id"])}
    truths = {column: records.truth_column(accounts, column, rows) for column in ("is_customer", "has_open_opportunity")}
    counts = records.value_column(accounts, "contact_count", rows)
    created = records.text_column(accounts, "created_at", rows)
    domain = [domains.registrable(site) for site in columns["website"]]
    classes = _classes(domain, columns["name"], settings)
    usable = [name if kind in (domains.CORPORATE, domains.ACADEMIC) else "" for name, kind in zip(domain, classes, strict=True)]
    facts = AccountFacts(
        account_id=columns["account_id"],
        name=columns["name"],
        country=[places.country_code(value) for value in columns["country"]],
        state=[places.city_key(value) for value in columns["state"]],
        city=[places.city_key(value) for value in columns["city"]],
        phone=["".join(filter(str.isdigit, value))[-9:] for value in columns["phone"]],
        owner_id=columns["owner_id"],
        is_customer=[truths["is_customer"][row] for row in order],
        has_open_opportunity=[truths["has_open_opportunity"][row] for row in order],
        contact_count=[int(counts[row] or 0) for row in order],
        created_at=[created[row] for row in order],
        parent=np.array([position.get(value, -1) for value in columns["parent_account_id"]], dtype=np.int64),
        domain=usable,
        host=[domains.host_of(site).removeprefix("www.") for site in columns["website"]],
        label=[domains.label(name) if name else "" for name in usable],
        domain_class=classes,
        company=np.arange(len(order), dtype=np.int64),
        position=position,
    )
    return facts, merged


def _classes(domain: Sequence[str], name: Sequence[str], settings: MatchingSettings) -> list[str]:
    """The class of each account's domain; one that four and more unlike names use is shared (an agency, a host)."""
    spread: dict[str, Counter[str]] = {}
    for value, title in zip(domain, name, strict=True):
        if value:
            forms = names.forms(title)
            spread.setdefault(value, Counter())[forms[0].core[0] if forms else ""] += 1
    classes: list[str] = []
    for value in domain:
        kind = (
            domains.domain_class(
                value,
                freemail_additions=settings.freemail_additions,
                shared_additions=settings.shared_domain_additions,
                corporate_exceptions=settings.corporate_domains,
            )
            if value
            else ""
        )
        if kind == domains.CORPORATE and len(spread[value]) >= 4 and value not in settings.corporate_domains:
            label = domains.label(value)
            kin = sum(count for word, count in spread[value].items() if word and (word in label or label in word))
            kind = domains.SHARED if kin * 2 < sum(spread[value].values()) else kind
        classes.append(kind)
    return classes


def _postings(
    facts: AccountFacts,
    parsed: Sequence[tuple[names.Form, ...]],
    initials: Mapping[int, tuple[str, ...]],
    learned: Mapping[str, Mapping[int, float]],
    rarity: RarityTable,
    aliases: AliasTable,
    settings: MatchingSettings,
    frequency: dict[str, float],
) -> tuple[dict[str, int], Ints, Any]:
    learned_by: dict[int, list[str]] = {}
    for domain, holders in learned.items():
        for position in holders:
            learned_by.setdefault(position, []).append(domain)
    number: dict[str, int] = {}
    key_column, account_column = array("q"), array("i")
    for position, forms in enumerate(parsed):
        site = (facts.domain[position], facts.host[position], facts.label[position])
        others = learned_by.get(position, ())
        for key in account_keys(forms, initials.get(position, ()), site, others, rarity, aliases, settings, frequency):
            key_column.append(number.setdefault(key, len(number)))
            account_column.append(position)
    key_array = np.array(key_column, dtype=np.int64)
    order = np.argsort(key_array, kind="stable")
    first = np.zeros(len(number) + 1, dtype=np.int64)
    np.cumsum(np.bincount(key_array, minlength=len(number)), out=first[1:])
    return number, first, np.array(account_column, dtype=np.int32)[order]


def _typo_postings(parsed: Sequence[tuple[names.Form, ...]]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    hashes, holders = array("I"), array("i")
    for position, forms in enumerate(parsed):
        of_account = keys.typo_hashes(forms)
        hashes.extend(of_account)
        holders.extend([position] * len(of_account))
    hash_array = np.array(hashes, dtype=np.uint32)
    order = np.argsort(hash_array, kind="stable")
    return hash_array[order], np.array(holders, dtype=np.int32)[order]
