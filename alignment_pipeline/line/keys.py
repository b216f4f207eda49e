"""How the tables of a fold are cut into parts of whole keys.

Belongs here: for each kind of key, the column or the join that says to which key a row belongs. Tables that a function does not return
are read whole by every part. How many parts there are, and where they run: `engines/`.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis

Tables = Mapping[str, ibis.Table]
PART_KEY = "part_key"


def by_person(t: Tables) -> dict[str, ibis.Table]:
    """Everything of one person together: by person_id, and records by the person they belong to."""
    cut = {name: _with_key(rows, rows.person_id) for name, rows in t.items() if "person_id" in _columns(rows)}
    if "person_records" in t:
        of_record = t["person_records"].select(link_key="source_key", linked="person_id")
        for name, key in _record_keys(t).items():
            if name not in cut:
                cut[name] = _linked(t[name], key, of_record)
    return cut


def by_account(t: Tables) -> dict[str, ibis.Table]:
    """Everything of one account together; what belongs to people, by the account that their activities, or they themselves, count for."""
    cut = {}
    for name, rows in t.items():
        if "account_id" in _columns(rows):
            of_account = rows.filter(rows.account_id.notnull())
            cut[name] = _with_key(of_account, of_account.account_id)
    if "person_fits" in t:
        scored = t["scored_activities"]
        credited = scored.filter(scored.account_id.notnull()).select(link_key="person_id", linked="account_id").distinct()
        cut["person_fits"] = _linked(t["person_fits"], t["person_fits"].person_id, credited)
    if "person_stage_changes" in t:
        owned = t["person_accounts"].filter(t["person_accounts"].account_id.notnull()).select(link_key="person_id", linked="account_id")
        cut["person_stage_changes"] = _linked(t["person_stage_changes"], t["person_stage_changes"].person_id, owned)
    return cut


def people_in_batches(t: Tables) -> dict[str, ibis.Table]:
    """People in any batches: each is matched alone."""
    return {"people": _with_key(t["people"], t["people"].person_id)}


def _record_keys(t: Tables) -> dict[str, ibis.Value]:
    """The record that each row of these tables is about, as `person_records` writes it."""

    def changed(rows: ibis.Table) -> ibis.Value:
        return rows.object.lower() + ibis.literal(":") + rows.record_id

    keys = {
        "leads": lambda rows: ibis.literal("lead:") + rows.lead_id,
        "record_changes": changed,
        "opportunity_contact_roles": lambda rows: ibis.literal("contact:") + rows.contact_id,
    }
    return {name: key(t[name]) for name, key in keys.items() if name in t}


def _linked(rows: ibis.Table, key: ibis.Value, links: ibis.Table) -> ibis.Table:
    """Rows with the key that their link names; rows without one belong to no key."""
    keyed = rows.mutate(own_key=key)
    joined = keyed.inner_join(links, keyed.own_key == links.link_key)
    return joined.select(*rows.columns, **{PART_KEY: joined.linked})


def _with_key(rows: ibis.Table, key: ibis.Value) -> ibis.Table:
    return rows.mutate(**{PART_KEY: key})


def _columns(rows: object) -> tuple[str, ...]:
    return tuple(rows.columns) if isinstance(rows, ibis.Table) else ()
