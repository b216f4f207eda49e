"""The data of one embedded Marketo subscription: people, activities, deleted people, programs, static lists.

Belongs here: loading, finding and keeping records. What an endpoint answers is in `leads.py`, `sync.py`, `activities.py`,
`exports.py`; what the API logs about its own writes in `history.py`;
the export jobs beside the records in `store.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.sandbox.marketo.activity_log import ActivityLog
from alignment_pipeline.sandbox.marketo.activity_types import DELETE_LEAD, default_activity_types
from alignment_pipeline.sandbox.marketo.answers import RecordRefusal, RequestIds, iso
from alignment_pipeline.sandbox.marketo.identity import Identity
from alignment_pipeline.sandbox.marketo.limits import Limits
from alignment_pipeline.sandbox.marketo.schema import LeadSchema, Value
from alignment_pipeline.sandbox.marketo.settings import MarketoSettings

Activities = Iterable[Mapping[str, Any]] | Callable[[], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Lead:
    """One person. `values` holds no empties; `changed` is the second of the last change of any field, which filters go by.

    A changed lead is a new object, so a reader may hold on to an old one.
    """

    values: Mapping[str, Value]
    created: int
    changed: int

    @property
    def lead_id(self) -> int:
        return int(self.values["id"])


@dataclass(frozen=True)
class StaticList:
    """One static list and its members."""

    list_id: int
    name: str
    lead_ids: frozenset[int]


class MarketoRecords:
    """What one subscription holds. `lock` guards it: the app takes it for each call."""

    def __init__(self, settings: MarketoSettings | None = None) -> None:
        self.settings = settings or MarketoSettings()
        self.schema = LeadSchema.of(self.settings.custom_fields)
        self.lock = threading.RLock()
        self.request_ids = RequestIds()
        self.clear()

    def clear(self) -> None:
        """Empty the subscription: records, tokens, jobs, counts."""
        with self.lock:
            self.leads: dict[int, Lead] = {}
            self.by_email: dict[str, set[int]] = {}
            self.log = ActivityLog()
            self.activity_types = default_activity_types()
            self.programs: list[dict[str, Any]] = []
            self.static_lists: dict[int, StaticList] = {}
            self._largest_lead_id = 0
            self._loaded: tuple[Mapping[int, Lead], object] = ({}, self.log.mark())
            self.reset()

    def reset(self) -> None:
        """Go back to the records as they were loaded; tokens, jobs and counts begin again."""
        with self.lock:
            leads, mark = self._loaded
            self.leads, self.by_email = {}, {}
            for lead in leads.values():
                self.keep(lead)
            self.log.go_back(mark)
            self.late_seconds = self.settings.activities_late_seconds
            self.identity = Identity(self.settings.clients, self.settings.token_seconds)
            self.limits = Limits(self.settings)
            self.pages_served = 0

    def environment(self) -> dict[str, str]:
        """The credentials of the first client, as the environment variables the product reads."""
        client_id, client = next(iter(self.settings.clients.items()))
        return {"MARKETO_CLIENT_ID": client_id, "MARKETO_CLIENT_SECRET": client.secret}

    def load(
        self,
        leads: Iterable[Mapping[str, Any]],
        activities: Activities = (),
        activity_types: Iterable[Mapping[str, Any]] | None = None,
        deleted_leads: Iterable[Mapping[str, Any]] = (),
        *,
        programs: Iterable[Mapping[str, Any]] = (),
        static_lists: Iterable[StaticList] = (),
    ) -> None:
        """Add records as the subscription's past: nothing is logged about them.

        Leads carry API field names, among them id and createdAt; activities and deleted leads have the shapes of `activities.json`
        and `deletedleads.json` (id and marketoGUID may be absent). `activities` may be a function that makes an iterator. Activity
        types replace the defaults; those that the API itself logs are kept. Raises ValueError with the record that does not fit.
        """
        with self.lock:
            for given in leads:
                self._load_lead(given)
            if activity_types is not None:
                self._load_types(activity_types)
            self.log.extend(activities() if callable(activities) else activities)
            self.log.extend({"activityTypeId": DELETE_LEAD} | dict(given) for given in deleted_leads)
            self.programs += [dict(program) for program in programs]
            self.static_lists |= {one.list_id: one for one in static_lists}
            self._loaded = (dict(self.leads), self.log.mark())

    def _load_lead(self, given: Mapping[str, Any]) -> None:
        unknown = sorted(set(given) - set(self.schema.by_name))
        if unknown:
            raise ValueError(
                f"lead {given.get('id')!r} has fields that this subscription does not know: {', '.join(unknown)}; "
                "declare them in MarketoSettings.custom_fields"
            )
        try:
            parsed = {name: self.schema.by_name[name].parse(value) for name, value in given.items()}
            values = {name: value for name, value in parsed.items() if value is not None}
            created = _second(values["createdAt"])
        except (RecordRefusal, KeyError) as error:
            raise ValueError(f"lead {given.get('id')!r} cannot be loaded: {error}") from error
        if "id" not in values:
            raise ValueError(f"lead {dict(given)!r} has no id")
        values.setdefault("updatedAt", values["createdAt"])
        self.keep(Lead(values, created, max(created, _second(values["updatedAt"]))))

    def _load_types(self, given: Iterable[Mapping[str, Any]]) -> None:
        own = {kind["id"]: kind for kind in default_activity_types() if kind["id"] in (12, 13, 32, 37)}
        self.activity_types = [*{**own, **{kind["id"]: dict(kind) for kind in given}}.values()]
        self.activity_types.sort(key=lambda kind: int(str(kind["id"])))

    def keep(self, lead: Lead) -> None:
        """Store a new or changed lead."""
        self.forget(lead.lead_id)
        self.leads[lead.lead_id] = lead
        self._largest_lead_id = max(self._largest_lead_id, lead.lead_id)
        email = lead.values.get("email")
        if email is not None:
            self.by_email.setdefault(str(email).lower(), set()).add(lead.lead_id)

    def forget(self, lead_id: int) -> Lead | None:
        """Take a lead out; None when there is none of that id."""
        lead = self.leads.pop(lead_id, None)
        if lead is not None and "email" in lead.values:
            self.by_email.get(str(lead.values["email"]).lower(), set()).discard(lead_id)
        return lead

    def next_lead_id(self) -> int:
        """An id that no lead has or had."""
        return self._largest_lead_id + 1

    def find(self, field: str, values: Iterable[str]) -> list[Lead]:
        """Leads whose searchable field equals one of the values (case does not matter), by id."""
        wanted = {value.strip().lower() for value in values}
        if field == "id":
            leads = [self.leads[int(value)] for value in wanted if value.isascii() and value.isdigit() and int(value[:19]) in self.leads]
        elif field == "email":
            leads = [self.leads[lead_id] for value in wanted for lead_id in self.by_email.get(value, ())]
        else:
            leads = [lead for lead in self.leads.values() if str(lead.values.get(field, "")).lower() in wanted and field in lead.values]
        return sorted(leads, key=lambda lead: lead.lead_id)

    def changed(self, lead: Lead, values: Mapping[str, Value | None], now: datetime) -> Lead:
        """The lead with these values set (None clears); the visible updatedAt moves for standard fields only."""
        fresh: dict[str, Value] = {**lead.values, **{name: value for name, value in values.items() if value is not None}}
        for name in [name for name, value in values.items() if value is None]:
            fresh.pop(name, None)
        if any(not self.schema.by_name[name].is_custom for name in values):
            fresh["updatedAt"] = iso(now)
        return Lead(fresh, lead.created, int(now.timestamp()))


def _second(moment: object) -> int:
    parsed = datetime.fromisoformat(str(moment))
    return int((parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp())
