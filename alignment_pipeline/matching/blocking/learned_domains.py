"""Domains that the CRM itself teaches: those of an account's contacts and of matches people confirmed.

Belongs here: which other domains stand for an account, and how surely. The website's own domain is in `index.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from alignment_pipeline.matching.blocking import records
from alignment_pipeline.matching.names import domains
from alignment_pipeline.matching.settings import MatchingSettings


def learned_domains(
    contacts: records.Frame | None,
    past_matches: records.Frame | None,
    position: Mapping[str, int],
    merged: Mapping[str, str],
    settings: MatchingSettings,
) -> dict[str, dict[int, float]]:
    """Domain -> account position -> share of that domain's people who sit at the account. Freemail and shared domains teach nothing."""
    seen: dict[str, Counter[int]] = {}
    for frame, weight in ((contacts, 1), (past_matches, settings.minimum_contacts_per_domain)):
        if frame is None:
            continue
        rows = records.row_count(frame)
        mails = records.text_column(frame, "email", rows)
        bare = records.text_column(frame, "email_domain", rows)
        for account_id, mail, domain in zip(records.text_column(frame, "account_id", rows), mails, bare, strict=True):
            at = position.get(final_account(account_id, merged))
            name = domains.registrable(domain or mail)
            if at is not None and name and _teaches(name, settings):
                seen.setdefault(name, Counter())[at] += weight
    learned: dict[str, dict[int, float]] = {}
    for name, holders in seen.items():
        total = sum(holders.values())
        shares = {at: count / total for at, count in sorted(holders.items()) if count >= settings.minimum_contacts_per_domain}
        if shares:
            learned[name] = shares
    return learned


def _teaches(domain: str, settings: MatchingSettings) -> bool:
    kind = domains.domain_class(
        domain,
        freemail_additions=settings.freemail_additions,
        shared_additions=settings.shared_domain_additions,
        corporate_exceptions=settings.corporate_domains,
    )
    return kind in (domains.CORPORATE, domains.ACADEMIC)


def final_account(account_id: str, merged: Mapping[str, str]) -> str:
    """The account a merged one ended in, however many merges later."""
    seen: set[str] = set()
    while account_id in merged and account_id not in seen:
        seen.add(account_id)
        account_id = merged[account_id]
    return account_id
