"""What people see at the portal: a record with the card of one property group, and a saved view of contacts or companies.

Belongs here: HTML below `/__sandbox__/hubspot/`, for the docs and for people who try the sandbox. It is not HubSpot's own page, which has
more on it; labels, descriptions, groups and values are as the portal holds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape

from alignment_pipeline.sandbox.hubspot.properties import Property
from alignment_pipeline.sandbox.hubspot.records import Record
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#213343;background:#f5f8fa;margin:24px}h1{font-size:22px;margin:0 0 2px}
.about{color:#516f90;margin:0 0 16px}.card{background:#fff;border:1px solid #dfe3eb;border-radius:4px;padding:14px 18px;margin:0 0 16px;
max-width:760px}.card h2{font-size:15px;margin:0 0 8px}dl{display:grid;grid-template-columns:190px 1fr;gap:6px 14px;margin:0}
dt{color:#516f90}dd{margin:0}small{display:block;color:#7c98b6}table{border-collapse:collapse;background:#fff;border:1px solid #dfe3eb}
th,td{text-align:left;padding:7px 12px;border-bottom:1px solid #eaf0f6;vertical-align:top}th{color:#516f90;white-space:nowrap}
.filter{display:inline-block;background:#e5f5f8;border-radius:3px;padding:2px 9px;margin:0 6px 12px 0}
"""

_WORDS = {"": "is unknown", "*": "is known"}


def record_page(store: HubSpotStore, kind: str, record: Record, group: str) -> str:
    """One record: who it is, the properties of a group with their descriptions, and its open tasks."""
    known = store.definitions.of(kind)
    mine = [one for one in known.values() if one.group == group and not one.is_unique]
    rows = "".join(_row(one, record.values.get(one.name, "")) for one in mine if record.values.get(one.name))
    empty = ", ".join(one.label or one.name for one in mine if not record.values.get(one.name))
    about = [record.values.get(name, "") for name in ("jobtitle", "email", "domain")]
    companies = [_name("companies", one) for one in _linked(store, kind, record, "companies")]
    facts = " · ".join(escape(one) for one in (*about, *companies, _owner(store, record)) if one)
    tasks = "".join(_task(store, one) for one in _linked(store, kind, record, "tasks"))
    card = f'<div class="card"><h2>{escape(group.capitalize())}</h2><dl>{rows}</dl>'
    card += f"<small>Empty: {escape(empty)}</small></div>" if empty else "</div>"
    done = f'<div class="card"><h2>Tasks</h2>{tasks}</div>' if tasks else ""
    return _page(_name(kind, record), f'<p class="about">{facts}</p>{card}{done}')


def view_page(store: HubSpotStore, kind: str, title: str, filters: Mapping[str, str], columns: Iterable[str], most: int = 25) -> str:
    """A saved view: records whose properties have these values ("" is no value, "*" any), by the first column."""
    known, names = store.definitions.of(kind), list(columns)
    matching = [one for one in store.living(kind) if all(_fits(one.values.get(name, ""), value) for name, value in filters.items())]
    matching.sort(key=lambda one: (one.values.get(names[0], "") if names else "", int(one.id)))
    heads = "".join(f"<th>{escape(known[name].label or name)}</th>" for name in names)
    rows = "".join(
        f"<tr><td>{escape(_name(kind, one))}</td>" + "".join(f"<td>{_shown(known[name], one.values.get(name, ''))}</td>" for name in names)
        for one in matching[:most]
    )
    chips = "".join(
        f'<span class="filter">{escape(known[name].label or name)} {escape(_WORDS.get(value, f"is {value}"))}</span>'
        for name, value in filters.items()
    )
    table = f"<table><tr><th>Name</th>{heads}</tr>{rows}</table>"
    return _page(title, f'<p class="about">{len(matching)} records</p>{chips}{table}')


def _page(title: str, content: str) -> str:
    head = f"<meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body><h1>{escape(title)}</h1>{content}</body></html>"


def _row(one: Property, value: str) -> str:
    return f"<dt>{escape(one.label or one.name)}</dt><dd>{_shown(one, value)}<small>{escape(one.description)}</small></dd>"


def _shown(one: Property, value: str) -> str:
    """A value as people read it: moments to the minute, in UTC."""
    if one.type == "datetime" and value:
        moment = datetime.fromisoformat(value) if not value.isdigit() else datetime.fromtimestamp(int(value) / 1000, tz=UTC)
        return f"{moment:%d %b %Y %H:%M} UTC"
    return escape(value)


def _fits(value: str, wanted: str) -> bool:
    return bool(value) if wanted == "*" else value == wanted


def _name(kind: str, record: Record) -> str:
    values = record.values
    if kind == "companies":
        return values.get("name") or values.get("domain") or record.id
    return " ".join(filter(None, (values.get("firstname"), values.get("lastname")))) or values.get("email") or record.id


def _linked(store: HubSpotStore, kind: str, record: Record, other: str) -> list[Record]:
    records = [store.get(other, number) for number in store.linked(kind, record.id, other)]
    return [one for one in records if one is not None and one.archived_at is None]


def _owner(store: HubSpotStore, record: Record) -> str:
    owner = next((one for one in store.owners if str(one.get("id")) == record.values.get("hubspot_owner_id")), None)
    return f"Owner: {owner.get('firstName', '')} {owner.get('lastName', '')}".strip() if owner else ""


def _task(store: HubSpotStore, task: Record) -> str:
    values = task.values
    due = _shown(Property("due", "datetime"), values.get("hs_timestamp", ""))
    text = f"<b>{escape(values.get('hs_task_subject', ''))}</b> · due {due} · {escape(values.get('hs_task_status', '').lower())}"
    return f"<p>{text} · {escape(_owner(store, task))}<small>{escape(values.get('hs_task_body', ''))}</small></p>"
