"""One address on several records: whether they are one person, or people of different companies, or different people.

Belongs here: who holds an address. How two claims compare: `claims.py`; facts that join records whatever they claim (conversion, merge,
Marketo's sync): `person_records.py`. Why the record decides: `docs/adr/0034`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alignment_pipeline.identity import claims
from alignment_pipeline.identity.claims import Claim
from alignment_pipeline.matching.names import domains


@dataclass(frozen=True)
class Holder:
    """Records that facts have joined and of which at least one bears the address: the oldest key, since when, and what they claim."""

    key: str
    created_at: datetime
    claim: Claim


def holders_by_person(address: str, holders: Sequence[Holder]) -> list[list[Holder]]:
    """The holders of one address, grouped into people; the oldest first, in and among the groups.

    Holders who name different companies are two people here: each is matched on its own evidence. The address brings them together only
    where its domain is the company's. A holder who does not say where they work is whoever held the address when it was created.
    """
    domain = domains.registrable(address)
    is_personal = domains.domain_class(domain) not in (domains.FREEMAIL, domains.SHARED) if domain else True
    ordered = sorted(holders, key=lambda holder: (holder.created_at, holder.key))
    groups: list[list[Holder]] = []
    for holder in ordered:
        if holder.claim.says_where:
            fitting = [group for group in groups if all(_one_person(member, holder, domain, is_personal) for member in group)]
            _add(fitting[:1], groups, holder)
    for holder in ordered:
        if not holder.claim.says_where:
            fitting = [group for group in groups if all(is_personal or claims.same_name(member.claim, holder.claim) for member in group)]
            _add(_current(fitting, holder.created_at), groups, holder)
    for group in groups:
        group.sort(key=lambda holder: (holder.created_at, holder.key))
    return sorted(groups, key=lambda group: (group[0].created_at, group[0].key))


def _one_person(one: Holder, other: Holder, domain: str, is_personal: bool) -> bool:
    if not is_personal and not claims.same_name(one.claim, other.claim):
        return False
    if claims.same_company(one.claim, other.claim) is not False:
        return True
    return any(claims.is_domain_of(domain, mine.claim) and not theirs.claim.accounts for mine, theirs in ((one, other), (other, one)))


def _add(fitting: Sequence[list[Holder]], groups: list[list[Holder]], holder: Holder) -> None:
    if fitting:
        fitting[0].append(holder)
    else:
        groups.append([holder])


def _current(groups: Sequence[list[Holder]], moment: datetime) -> list[list[Holder]]:
    """The group that held the address at the moment: the one with the latest holder until then, else the first one after."""

    def since(group: list[Holder]) -> tuple[bool, float, str]:
        before = [holder.created_at for holder in group if holder.created_at <= moment]
        nearest = max(before) if before else min(holder.created_at for holder in group)
        return (not before, abs((moment - nearest).total_seconds()), group[0].key)

    return sorted(groups, key=since)[:1]
