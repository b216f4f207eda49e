"""Decisions: from scores of pairs to one account, a confidence and a runner-up per lead.

Belongs here: the competition between candidates and "no account", the choice among records of one
company, the tie-breakers. Words for people
are in `sentences.py`; the table is put together in `match.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from alignment_pipeline.matching.array_types import Bools, Doubles, Floats, Ints
from alignment_pipeline.matching.blocking.candidates import Pairs
from alignment_pipeline.matching.blocking.index import AccountFacts, AccountIndex
from alignment_pipeline.matching.blocking.leads import LeadBatch
from alignment_pipeline.matching.evidence.columns import COLUMNS, IDENTITY, SUPPORT
from alignment_pipeline.matching.evidence.weights import MICRO
from alignment_pipeline.matching.settings import MatchingSettings

# Companies whose probability is this close to the winner's are not separated by anything: review, never a coin toss.
EQUAL = 0.05
# Evidence that accounts fit exactly, however many they are: a name or a domain that is theirs.
EXACT = frozenset({"same_name", "mail_domain", "site_domain", "academic_domain"})


@dataclass(slots=True)
class Choice:
    """The best account of a lead as pair positions: `pair` won, `runner_up` is the best of another company (-1 for none).

    `any_account` is the raw probability that the lead has an account at all, `share` the winner's part of it: homonyms have equal shares.
    `equal_share` is the part of the winner and its `rivals` together, from whom nothing separates it.
    """

    pair: int
    runner_up: int
    share: float
    runner_up_share: float
    any_account: float
    tie_breaker: str
    rivals: int
    equal_share: float


def company_probability(pairs: Pairs, score: Ints, company: Ints, leads: int) -> Doubles:
    """P(the pair's company | lead): records of one company count once, by their best score; "no account" has score 0."""
    if not len(score):
        return np.zeros(0)
    points = score / MICRO
    key = pairs.lead * np.int64(len(company) + 1) + company[pairs.account]
    _, inverse = np.unique(key, return_inverse=True)
    best = np.full(inverse.max() + 1, -np.inf)
    np.maximum.at(best, inverse, points)
    of_lead = np.zeros(len(best), dtype=np.int64)
    of_lead[inverse] = pairs.lead
    ceiling = np.zeros(leads)
    np.maximum.at(ceiling, of_lead, best)
    power = np.exp(best - ceiling[of_lead])
    total = np.exp(-ceiling) + np.bincount(of_lead, weights=power, minlength=leads)
    probability: Doubles = (power / total[of_lead])[inverse]
    return probability


def choose(
    pairs: Pairs, score: Ints, probability: Doubles, batch: LeadBatch, index: AccountIndex, settings: MatchingSettings
) -> dict[int, Choice]:
    """The choice of each lead that has candidates."""
    company = index.facts.company
    order = np.lexsort((pairs.account, -score, company[pairs.account], -np.round(probability, 12), pairs.lead))
    lead_of = pairs.lead[order]
    starts = np.flatnonzero(np.r_[True, lead_of[1:] != lead_of[:-1]]) if len(order) else np.zeros(0, np.int64)
    ends = np.r_[starts[1:], len(order)] if len(order) else starts
    margin = int(settings.tie_margin * MICRO)
    choices: dict[int, Choice] = {}
    all_pairs, leads = order.tolist(), lead_of[starts].tolist()
    company_of, points, chance = company[pairs.account].tolist(), score.tolist(), probability.tolist()
    for lead, start, end in zip(leads, starts.tolist(), ends.tolist(), strict=True):
        row = all_pairs[start:end]
        if len(row) == 1:
            any_account = chance[row[0]]
            choices[lead] = Choice(
                pair=row[0],
                runner_up=-1,
                share=any_account / max(any_account, 1e-12),
                runner_up_share=0.0,
                any_account=any_account,
                tie_breaker="",
                rivals=0,
                equal_share=any_account / max(any_account, 1e-12),
            )
            continue
        winner, top = company_of[row[0]], points[row[0]]
        close = [pair for pair in row if company_of[pair] != winner and top - points[pair] <= margin]
        tied = [pair for pair in row if company_of[pair] == winner and top - points[pair] <= margin]
        by_company = {company_of[pair]: chance[pair] for pair in row}
        any_account = min(1.0, sum(by_company.values()))
        whole = max(any_account, 1e-12)
        raw = by_company[winner]
        if settings.tie_breakers_decide == "always" and close:
            raw = sum(by_company[number] for number in {winner, *(company_of[pair] for pair in close)})
            tied += close
        chosen, breaker = (
            (tied[0], "") if settings.tie_breakers_decide == "never" else break_tie(tied, pairs, score, lead, batch, index.facts, settings)
        )
        chosen_company = company_of[chosen]
        rest = [pair for pair in row if company_of[pair] != chosen_company]
        runner = rest[0] if rest else next((pair for pair in row if pair != chosen), -1)
        equal = [value for number, value in by_company.items() if number != chosen_company and value >= raw * (1.0 - EQUAL)]
        if settings.tie_breakers_decide == "always":
            equal = []
        choices[lead] = Choice(
            pair=chosen,
            runner_up=runner,
            share=min(1.0, raw / whole),
            runner_up_share=by_company[company_of[runner]] / whole if rest else 0.0,
            any_account=any_account,
            tie_breaker=breaker,
            rivals=len(equal),
            equal_share=min(1.0, (raw + sum(equal)) / whole),
        )
    return choices


def with_namesake(pairs: Pairs, winners: Ints, matrix: Floats, company: Ints, leads: int) -> Bools:
    """Per lead: whether another company bears its name too, and neither domain, phone nor city says that the winner is meant."""
    named = matrix[:, COLUMNS.index("same_name")] > 0
    known = matrix[:, [COLUMNS.index(column) for column in IDENTITY]].max(axis=1, initial=0.0) > 0
    own = np.full(leads, -1, dtype=np.int64)
    own[pairs.lead[winners]] = company[pairs.account[winners]]
    met = np.zeros(leads, dtype=bool)
    met[pairs.lead[named & (company[pairs.account] != own[pairs.lead])]] = True
    other = winners[known[winners] | ~named[winners]]
    met[pairs.lead[other]] = False
    return met


@dataclass(frozen=True, slots=True)
class Namesake:
    """Another company of the same name, and nothing but the name says which is meant; `is_ordinary`: the name is of ordinary words only."""

    is_ordinary: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks against the best account beside its confidence: `rivals` that are as likely, and how likely they are with it
    (`together`); a namesake; a doubt about the names themselves (`doubts.of_names`)."""

    rivals: int = 0
    together: float = 0.0
    namesake: Namesake | None = None
    of_names: str = ""


def verdict(
    sure: float, confidence: float, rule: str, evidence: Collection[str], *, doubt: Doubt, settings: MatchingSettings
) -> tuple[str, str]:
    """matched, review or none for the best account, and a note where more than the confidence decided or a person should know more.

    `sure` is the confidence before a namesake capped it. Two ministries of health are two; two accounts of one coined name mostly are not.
    However many accounts fit equally, a person decides among them.
    """
    supported = any(column in SUPPORT for column in evidence)
    alike = rule == "typo" and not supported
    shared = rule == "exact_name" and doubt.namesake is not None and doubt.namesake.is_ordinary and not supported
    known = "another account has the same name" if doubt.namesake else ""
    if max(confidence, doubt.together) < settings.review_confidence:
        return "none", ""
    if doubt.rivals or confidence < settings.match_confidence:
        return "review", ""
    if doubt.of_names and not any(column in IDENTITY for column in evidence):
        return "review", doubt.of_names
    if alike and sure < settings.alike_confidence:
        return "review", "no domain, place or phone supports it"
    if shared and sure < settings.shared_name_confidence:
        return "review", known
    if rule in settings.demoted_rules:
        return "review", "this rule is demoted to review by its precision"
    return "matched", known


def break_tie(
    tied: Sequence[int], pairs: Pairs, score: Ints, lead: int, batch: LeadBatch, facts: AccountFacts, settings: MatchingSettings
) -> tuple[int, str]:
    """The record the agreement's tie-breakers prefer, and the first of them that told the two apart. The last key is always the id."""
    if len(tied) == 1:
        return tied[0], ""
    left = list(tied)
    decided = ""
    for name in (*settings.tie_breakers, "lowest_id"):
        ranks = [_RANKS[name](int(pairs.account[pair]), lead, batch, facts) for pair in left]
        best = min(ranks)
        kept = [pair for pair, rank in zip(left, ranks, strict=True) if rank == best]
        if len(kept) < len(left):
            decided, left = name, kept
        if len(left) == 1:
            break
    return left[0], decided


def _same(mine: str, theirs: str) -> int:
    return 0 if mine and mine == theirs else 1


Rank = Callable[[int, int, LeadBatch, AccountFacts], int | str | tuple[int, str]]
_RANKS: dict[str, Rank] = {
    "customer_first": lambda at, _lead, _batch, facts: 0 if facts.is_customer[at] else 1,
    "open_opportunity_first": lambda at, _lead, _batch, facts: 0 if facts.has_open_opportunity[at] else 1,
    "most_contacts": lambda at, _lead, _batch, facts: -facts.contact_count[at],
    "same_country": lambda at, lead, batch, facts: _same(batch.country[lead], facts.country[at]),
    "same_state": lambda at, lead, batch, facts: _same(batch.state[lead], facts.state[at]),
    "same_city": lambda at, lead, batch, facts: _same(batch.city[lead], facts.city[at]),
    "has_owner": lambda at, _lead, _batch, facts: 0 if facts.owner_id[at] else 1,
    "parent_first": lambda at, _lead, _batch, facts: 0 if facts.parent[at] < 0 else 1,
    "child_first": lambda at, _lead, _batch, facts: 0 if facts.parent[at] >= 0 else 1,
    "oldest": lambda at, _lead, _batch, facts: (0, facts.created_at[at]) if facts.created_at[at] else (1, ""),
    "lowest_id": lambda at, _lead, _batch, facts: facts.account_id[at],
}
