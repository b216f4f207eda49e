"""How the tables of a fold are cut into parts of whole keys.

Belongs here: for each kind of key, the column or the join that says to which key a row belongs. Tables that a function does not return
are read whole by every part. Keys that share a marketing record are one group (`connected.py`). How many parts there are, and where they
run: `engines/`.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _

from alignment_pipeline.contracts.shape import loosened, step
from alignment_pipeline.line import connected

Tables = Mapping[str, ibis.Table]
PART_KEY = "part_key"
_OWN = "own_key"


def by_person(t: Tables) -> dict[str, ibis.Table]:
    """Everything of one person together: by person_id, and records by the person they belong to. People whose marketing record was one's
    first and another's later are in one part: an activity counts for the person of its moment."""
    records = _records(t).mutate(**{_OWN: _.person_id})
    groups = _groups(t, records)
    cut = {name: _in_groups(rows.mutate(**{_OWN: _.person_id}), groups) for name, rows in t.items() if "person_id" in _columns(rows)}
    return cut | {name: _in_groups(rows, groups) for name, rows in _of_records(t, _links(records)).items() if name not in cut}


def by_account(t: Tables) -> dict[str, ibis.Table]:
    """Everything of one account together, with its people, in one part with the accounts above and below it: people's activities may
    count for the top of their account's hierarchy. So are the accounts of people who shared a marketing record, and of people who moved."""
    tops = _tops(t["accounts"])
    owners = _at_the_top(t["person_accounts"], tops).select(owned_id=_.person_id, owner_key=_[_OWN])
    records = _owned(_records(t), owners)
    groups = _groups(t, records, _moved(t, tops, owners))
    cut = {}
    for name, rows in t.items():
        if "person_id" in _columns(rows):
            # who is on no account is there only for the sake of others who shared a record
            kept = _owned(rows, owners)
            kept = kept.filter(kept.is_owned | kept[_OWN].isin(groups[_OWN])).drop("is_owned")
            cut[name] = _in_groups(kept, groups)
        elif "account_id" in _columns(rows):
            cut[name] = _in_groups(_at_the_top(rows, tops), groups)
    return cut | {name: _in_groups(rows, groups) for name, rows in _of_records(t, _links(records)).items() if name not in cut}


def by_party(t: Tables) -> dict[str, ibis.Table]:
    """Everything of one account and its people together, and everything of a person without account; with the accounts and people of a
    marketing record that was several people's. Records of nobody are a key of their own."""
    deals, owned = t["opportunities"], t["person_accounts"]
    t = {**t, "opportunity_contact_roles": _since_the_opportunity(t["opportunity_contact_roles"], deals)}
    owners = owned.filter(owned.account_id.notnull()).select(owned_id="person_id", owner_key="account_id")
    records = _owned(_records(t), owners)
    groups = _groups(t, records)
    of_deals = deals.select(
        link=ibis.literal("opportunity:") + deals.opportunity_id, **{_OWN: ibis.coalesce(_.account_id, _.opportunity_id)}
    )
    cut = {name: _owned(rows, owners).drop("is_owned") for name, rows in t.items() if "person_id" in _columns(rows)}
    cut |= _of_records(t, ibis.union(_links(records), of_deals), keeps_others=True)
    cut["opportunities"] = deals.mutate(**{_OWN: ibis.coalesce(_.account_id, _.opportunity_id)})
    for name in ("accounts", "account_stage_changes", "account_mqa_changes"):
        cut[name] = t[name].mutate(**{_OWN: _.account_id})
    cut["marketing_commitments"] = t["marketing_commitments"].mutate(**{_OWN: _.commitment})
    return {name: _in_groups(rows, groups) for name, rows in cut.items()}


def people_in_batches(t: Tables) -> dict[str, ibis.Table]:
    """People in any batches: each is matched alone."""
    return {"people": t["people"].mutate(**{PART_KEY: _.person_id})}


def _tops(accounts: ibis.Table) -> ibis.Table:
    return accounts.select(top_of="account_id", top=ibis.coalesce(accounts.ultimate_account_id, accounts.account_id))


def _at_the_top(rows: ibis.Table, tops: ibis.Table) -> ibis.Table:
    """Rows of accounts with the account at the top of theirs as key."""
    of_account = rows.filter(rows.account_id.notnull())
    joined = of_account.left_join(tops, of_account.account_id == tops.top_of)
    return joined.select(*rows.columns, **{_OWN: ibis.coalesce(joined.top, joined.account_id)})


def _owned(rows: ibis.Table, owners: ibis.Table) -> ibis.Table:
    """Rows of people with their account's key, or with their own where they are on none; `is_owned` says which."""
    joined = rows.left_join(owners, rows.person_id == owners.owned_id)
    return joined.select(*rows.columns, is_owned=joined.owner_key.notnull(), **{_OWN: ibis.coalesce(joined.owner_key, joined.person_id)})


def _records(t: Tables) -> ibis.Table:
    """Each record with its person, and with everybody whose it was before."""
    return ibis.union(
        *(t[name].select(link="source_key", person_id="person_id") for name in ("person_records", "record_periods")), distinct=True
    )


def _groups(t: Tables, records: ibis.Table, *more: ibis.Table) -> ibis.Table:
    several = records.semi_join(t["record_periods"].select(link="source_key"), "link")
    return connected.groups(ibis.union(*(loosened(rows.select("link", _OWN)) for rows in (several, *more))))


def _moved(t: Tables, tops: ibis.Table, owners: ibis.Table) -> ibis.Table:
    """People who were on several accounts, each with the keys of these and with the one they have now."""
    periods = t["person_account_periods"].select("person_id", "account_id")
    keyed = (_at_the_top(periods, tops), _owned(periods.select("person_id").distinct(), owners))
    return ibis.union(*(loosened(rows.select(link=rows.person_id, **{_OWN: rows[_OWN]})) for rows in keyed))


def _links(records: ibis.Table) -> ibis.Table:
    """Each record with one of the keys of its people; these are one group."""
    return records.group_by("link").aggregate(**{_OWN: records[_OWN].min()})


def _of_records(t: Tables, links: ibis.Table, *, keeps_others: bool = False) -> dict[str, ibis.Table]:
    """Tables about records, each row with the key that its record's link names. Others are in no part, or have the account that they name
    or the record itself as key."""
    cut = {}
    for name, key in _record_keys(t).items():
        keyed = t[name].mutate(record_key=key)
        joined = keyed.join(links, keyed.record_key == links.link, how="left" if keeps_others else "inner")
        itself = joined.record_key.re_replace("^account:", "")
        cut[name] = joined.select(*t[name].columns, **{_OWN: ibis.coalesce(joined[_OWN], itself)})
    return cut


def _record_keys(t: Tables) -> dict[str, ibis.Value]:
    """The record that each row of these tables is about, as `person_records` and timelines write it."""

    def changed(rows: ibis.Table) -> ibis.Value:
        return rows.object.lower() + ibis.literal(":") + rows.record_id

    def itself(rows: ibis.Table) -> ibis.Value:
        return rows.source_key

    keys = {
        "activities": itself,
        "touches": itself,
        "condition_values": itself,
        "leads": lambda rows: ibis.literal("lead:") + rows.lead_id,
        "contacts": lambda rows: ibis.literal("contact:") + rows.contact_id,
        "record_changes": changed,
        "crm_record_states": changed,
        "opportunity_stage_changes": lambda rows: ibis.literal("opportunity:") + rows.opportunity_id,
        "opportunity_contact_roles": lambda rows: ibis.literal("contact:") + rows.contact_id,
    }
    return {name: key(t[name]) for name, key in keys.items() if name in t}


def _since_the_opportunity(roles: ibis.Table, deals: ibis.Table) -> ibis.Table:
    """Roles that begin when their opportunity does, if that was later: the opportunity may belong to another account, and so lie in
    another part."""
    born = deals.select(born_opportunity_id="opportunity_id", born_at="created_at")
    rows = roles.left_join(born, roles.opportunity_id == born.born_opportunity_id)
    later = ibis.ifelse(rows.born_at > rows.created_at, rows.born_at, rows.created_at)
    is_undated = rows.born_opportunity_id.notnull() & rows.born_at.isnull()
    return rows.mutate(created_at=ibis.ifelse(is_undated, ibis.null(rows.created_at.type()), later)).select(*roles.columns)


def _in_groups(rows: ibis.Table, groups: ibis.Table) -> ibis.Table:
    """Rows with the key of their part: the group of their own key, or the key itself."""
    named = groups.select(grouped_key=_OWN, group_key="group_key")
    joined = step(rows).left_join(named, [(_OWN, "grouped_key")])
    columns = [name for name in rows.columns if name not in (_OWN, "is_owned")]
    return joined.select(*columns, **{PART_KEY: ibis.coalesce(joined.group_key, joined[_OWN])})


def _columns(rows: object) -> tuple[str, ...]:
    return tuple(rows.columns) if isinstance(rows, ibis.Table) else ()
