"""Owners: what the CRM says of the users and queues that own records: zone, department, manager, leave.

Belongs here: facts about owners. Who owned what when: `sla/timelines/timelines.py`; who is told: `sla/escalation/escalations.py`.
"""

from __future__ import annotations

import json
import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.moments import microseconds
from alignment_pipeline.sla.arrays import fetch
from alignment_pipeline.sla.timelines.sources import Sources

SYSTEM, MARKETING, SALES = "system", "marketing", "sales"
PARTIES = (SYSTEM, MARKETING, SALES)
PastZones = tuple[tuple[int, str], ...]
"""Zones somebody had before, oldest first, each with the moment until which it held."""
Leaves = tuple[tuple[date, date], ...]


@dataclass(frozen=True)
class User:
    """One CRM user, as far as clocks care."""

    user_id: str
    name: str
    email: str
    zone: str | None
    manager_id: str | None
    is_active: bool
    department: str | None
    past_zones: PastZones = ()


@dataclass(frozen=True)
class Owners:
    """All users and queues of the CRM."""

    users: dict[str, User]
    queue_names: dict[str, str]
    sla: Sla

    @classmethod
    def of(cls, sources: Sources, sla: Sla) -> Owners:
        """Read users and queues."""
        names = ("user_id", "name", "email", "time_zone", "manager_id", "is_active", "department")
        # a table that was published before users had a past
        past = ("past_time_zones",) if "past_time_zones" in sources.users.columns else ()
        users = {
            row["user_id"]: User(
                row["user_id"], row["name"] or "", (row["email"] or "").lower(), _zone(row["time_zone"]), row["manager_id"],
                bool(row["is_active"]), row["department"], _past_zones(row.get("past_time_zones")),
            )
            for row in fetch(sources.users, *names, *past).to_pylist()
        }  # fmt: skip
        queues = {row["queue_id"]: row["queue_name"] or "" for row in fetch(sources.queue_members, "queue_id", "queue_name").to_pylist()}
        return cls(users, queues, sla)

    def party(self, owner_id: str | None) -> str:
        """Whose time it is while this one owns the record."""
        if owner_id is None or owner_id in self.sla.parties.system_user_ids:
            return SYSTEM
        if not owner_id.startswith("005"):
            return MARKETING if _is_in(self.queue_names.get(owner_id), self.sla.parties.marketing_queues) else SYSTEM
        user = self.users.get(owner_id)
        return MARKETING if user and _is_in(user.department, self.sla.parties.marketing_departments) else SALES

    def leave(self, owner_id: str | None) -> Leaves:
        """Days off of one user, from the agreement."""
        user = self.users.get(owner_id or "")
        if user is None or not user.email:
            return ()
        return tuple(sorted((item.first_day, item.last_day) for item in self.sla.leave if item.email.lower() == user.email))

    def manager(self, owner_id: str | None) -> str | None:
        """The owner's nearest active manager, None when there is none; circles end."""
        seen = {owner_id}
        user = self.users.get(owner_id or "")
        while user and user.manager_id and user.manager_id not in seen:
            seen.add(user.manager_id)
            user = self.users.get(user.manager_id)
            if user and user.is_active:
                return user.user_id
        return None

    def executive(self, owner_id: str | None) -> str | None:
        """The agreement's executive, else the top of the owner's chain of active managers."""
        named = self.by_email(self.sla.escalation.executive_email)
        if named:
            return named
        top, seen = None, {owner_id}
        above = self.manager(owner_id)
        while above and above not in seen:
            top = above
            seen.add(above)
            above = self.manager(above)
        return top

    def by_email(self, email: str | None) -> str | None:
        """The active user with this e-mail, the smallest id of several."""
        if not email:
            return None
        return min((user.user_id for user in self.users.values() if user.email == email.lower() and user.is_active), default=None)

    def is_active(self, owner_id: str | None) -> bool:
        """An active user."""
        user = self.users.get(owner_id or "")
        return user is not None and user.is_active


def _is_in(value: str | None, names: list[str]) -> bool:
    return value is not None and value.strip().lower() in {name.strip().lower() for name in names}


def _zone(name: str | None) -> str | None:
    """A zone we know, None for others: the calendar's own zone then holds."""
    try:
        return zoneinfo.ZoneInfo(name).key if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _past_zones(text: str | None) -> PastZones:
    past = [(microseconds(datetime.fromisoformat(one["until"])), _zone(one["zone"])) for one in json.loads(text or "[]")]
    return tuple((until, zone) for until, zone in past if zone)
