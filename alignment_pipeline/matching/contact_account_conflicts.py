"""Contacts whose account was chosen by a domain that does not decide, and who belong to another one.

Belongs here: the rule. CRMs put a contact on the company that has their e-mail domain (some do it by themselves). Where several companies
use the domain, or it is a mail provider's or a host's, that is no evidence, and the matcher looks at the rest. Nothing is written from it.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import ibis
import pyarrow as pa
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.match import match_leads
from alignment_pipeline.matching.names import domains
from alignment_pipeline.matching.settings import MatchingSettings

_CONTRACT = CONTRACTS["contact_account_conflicts"]
_COLUMNS = ("company", "email", "website", "country", "state", "city", "phone")


def contact_account_conflicts(
    people: ibis.Table,
    index: AccountIndex,
    *,
    settings: MatchingSettings,
    as_of: datetime,
    agreement_version: str,
    never: pa.Table | None = None,
) -> pa.Table:
    """One row per contact whose account shares the domain with others, and whom the matcher puts on another account. `never`: what people
    said."""
    of_contacts = people.filter(_.contact_account_id.notnull(), _.email.notnull(), ~_.is_internal)
    listed = of_contacts.select("person_id", "contact_id", "contact_account_id", *_COLUMNS, lead_id=_.person_id).order_by("lead_id")
    contacts = listed.to_pyarrow()
    undecided, sites = _undecided_domains(index), dict(zip(index.facts.account_id, _sites(index), strict=True))
    doubtful = [
        _is_by_domain(sites.get(account_id), email, undecided)
        for account_id, email in zip(contacts["contact_account_id"].to_pylist(), contacts["email"].to_pylist(), strict=True)
    ]
    contacts = contacts.filter(pa.array(doubtful, pa.bool_()))
    if not contacts.num_rows:
        return _CONTRACT.empty()
    said = never.rename_columns(["lead_id", "account_id"]) if never is not None else None
    matches = match_leads(contacts, index, settings=settings, never=said)
    rows = [
        {
            "person_id": contact["person_id"],
            "contact_id": contact["contact_id"],
            "account_id": contact["contact_account_id"],
            "proposed_account_id": match["account_id"],
            "domain": domains.registrable(contact["email"].rpartition("@")[2]),
            "confidence": match["confidence"],
            "method": match["method"],
            "reason": match["reason"],
            "as_of": as_of,
            "agreement_version": agreement_version,
        }
        for contact, match in zip(contacts.to_pylist(), matches.to_pylist(), strict=True)
        if match["decision"] == "matched" and _is_other(index, contact["contact_account_id"], match["account_id"])
    ]
    return pa.Table.from_pylist(rows, schema=_CONTRACT.schema)


def _sites(index: AccountIndex) -> list[str]:
    """Each account's registrable domain, that of a mail provider or a host included."""
    return [domain or domains.registrable(host) for domain, host in zip(index.facts.domain, index.facts.host, strict=True)]


def _undecided_domains(index: AccountIndex) -> frozenset[str]:
    """Domains that several companies of the CRM use, or that no company owns."""
    sites, facts = _sites(index), index.facts
    companies = Counter(domain for domain, _company in {*zip(sites, facts.company.tolist(), strict=True)} if domain)
    owned_by_none = {domain for domain, kind in zip(sites, facts.domain_class, strict=True) if kind in (domains.FREEMAIL, domains.SHARED)}
    return frozenset({domain for domain, number in companies.items() if number > 1} | owned_by_none)


def _is_by_domain(site: str | None, email: str, undecided: frozenset[str]) -> bool:
    """Whether the account has the contact's domain, and the domain does not decide."""
    return site in undecided and site == domains.registrable(email.rpartition("@")[2])


def _is_other(index: AccountIndex, one: str, other: str) -> bool:
    facts = index.facts
    return one != other and facts.company[facts.position[one]] != facts.company[facts.position[other]]
