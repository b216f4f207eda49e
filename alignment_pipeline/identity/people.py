"""One row per person: what the best of their records says of them.

Belongs here: choosing among a person's records. Which records are theirs: `person_records.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.parties import People
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import loosened

# The CRM's contact says it best, then the open lead, then the marketing system, then the lead that was converted.
_CONTACT, _OPEN_LEAD, _MARKETING, _CONVERTED_LEAD = 0, 1, 2, 3
_TEXTS = ("email", "first_name", "last_name", "company", "title", "website", "phone", "city", "state", "country", "industry")
_PERSON_TEXTS = ("status", "disposition", "reject_code", "owner_id", "contact_account_id", "converted_account_id")


def people(
    contacts: ibis.Table, leads: ibis.Table, marketing_persons: ibis.Table, person_records: ibis.Table, *, definitions: People
) -> ibis.Table:
    """One row per person (contract `people`).

    Each value is the first that is not empty among contact, open lead, marketing system and converted lead; within one kind the
    latest created record, then the smallest key, decides: our own writes move a record's modification, never its creation.
    """
    rows = ibis.union(loosened(_contact_rows(contacts)), loosened(_lead_rows(leads)), loosened(_marketing_rows(marketing_persons)))
    joined = rows.inner_join(person_records.select("source_key", "person_id"), "source_key")
    order = [joined.kind, ibis.desc(joined.created_at), joined.source_key]

    def best(name: str) -> ibis.Value:
        return joined[name].first(where=joined[name].notnull(), order_by=order)

    def id_of(name: str, kind: int) -> ibis.Value:
        return joined[name].first(where=(joined.kind == kind) & joined[name].notnull(), order_by=order)

    grouped = joined.group_by("person_id").agg(
        **{name: best(name) for name in (*_TEXTS, *_PERSON_TEXTS, "employees", "annual_revenue_usd")},
        lead_source=joined.lead_source.first(where=joined.lead_source.notnull(), order_by=[joined.created_at, joined.source_key]),
        lead_id=id_of("lead_id", _OPEN_LEAD),
        contact_id=id_of("contact_id", _CONTACT),
        marketing_key=id_of("marketing_key", _MARKETING),
        is_owned_by_queue=joined.is_owned_by_queue.first(where=joined.owner_id.notnull(), order_by=order).fill_null(False),
        is_on_hold=joined.is_on_hold.any(),
        is_incorrect_account=joined.is_incorrect_account.any(),
        is_opted_out=joined.is_opted_out.any(),
        is_email_invalid=joined.is_email_invalid.any(),
        is_do_not_sync=joined.is_do_not_sync.any(),
        is_converted=joined.is_converted.any(),
        created_at=joined.created_at.min(),
        known_at=joined.known_at.max(),
    )
    with_domain = grouped.mutate(email_domain=grouped.email.split("@")[1])
    return with_domain.mutate(is_internal=_is_internal(with_domain.email_domain, definitions.internal_domains)).select(
        *CONTRACTS["people"].names
    )


def _is_internal(domain: ibis.Value, internal: list[str]) -> ibis.Value:
    tests = [(domain == own) | domain.endswith(f".{own}") for own in internal]
    return ibis.or_(*tests).fill_null(False) if tests else ibis.literal(False)


def _shape(table: ibis.Table, *, key: str | None, id_column: str, kind: ibis.Value, **extra: ibis.Value) -> ibis.Table:
    """The columns that every kind of record offers; a missing one is null or false."""
    nothing, no = ibis.null("string"), ibis.literal(False)

    def column(name: str, default: ibis.Value) -> ibis.Value:
        return extra.get(name, table[name] if name in table.columns else default)

    texts = (*_TEXTS, *_PERSON_TEXTS, "lead_source", "lead_id", "contact_id", "marketing_key")
    flags = (
        "is_owned_by_queue",
        "is_on_hold",
        "is_incorrect_account",
        "is_opted_out",
        "is_email_invalid",
        "is_do_not_sync",
        "is_converted",
    )
    return table.select(
        source_key=table[id_column] if key is None else ibis.literal(f"{key}:") + table[id_column],
        kind=kind,
        **{name: column(name, nothing) for name in texts},
        **{name: column(name, no) for name in flags},
        employees=column("employees", ibis.null("int64")),
        annual_revenue_usd=column("annual_revenue_usd", ibis.null("float64")),
        created_at=table.created_at,
        modified_at=table.modified_at,
        known_at=table.known_at,
    )


def _contact_rows(contacts: ibis.Table) -> ibis.Table:
    return _shape(contacts, key="contact", id_column="contact_id", kind=ibis.literal(_CONTACT), contact_account_id=contacts.account_id)


def _lead_rows(leads: ibis.Table) -> ibis.Table:
    nothing = ibis.null("string")

    def of_open_lead(name: str) -> ibis.Value:
        return ibis.ifelse(leads.is_converted, nothing, leads[name])

    return _shape(
        leads,
        key="lead",
        id_column="lead_id",
        kind=ibis.ifelse(leads.is_converted, _CONVERTED_LEAD, _OPEN_LEAD),
        status=of_open_lead("status"),
        owner_id=of_open_lead("owner_id"),
        # a checkbox on a converted lead was answered by the conversion
        is_on_hold=leads.is_on_hold & ~leads.is_converted,
        is_incorrect_account=leads.is_incorrect_account & ~leads.is_converted,
    )


def _marketing_rows(marketing_persons: ibis.Table) -> ibis.Table:
    nothing = ibis.null("string")
    return _shape(
        marketing_persons,
        key=None,
        id_column="source_key",
        marketing_key=marketing_persons.source_key,
        kind=ibis.literal(_MARKETING),
        is_opted_out=marketing_persons.is_unsubscribed,
        # the ids of synced records are links, joined in person_records, not ids of this record
        lead_id=nothing,
        contact_id=nothing,
    )
