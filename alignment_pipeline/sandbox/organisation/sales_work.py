"""What sales did: calls, e-mails and meetings as Task and Event records.

Belongs here: one method per kind of work, with the fields and wording by which a reader can tell them apart. When work happens
is decided by `leads.py`, `opportunities.py` and `hand_raises.py`.

How kinds can be told apart, as in orgs with an e-mail sync and a sequencing tool: calls by `CallType`; e-mails by `TaskSubtype` Email
and the subject, which begins with `Email:` or `Inbound email:`; automatic replies and bounces come in as inbound e-mails; sequence
enrolments have `TaskSubtype` Cadence.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.sandbox.organisation.records import Record, World

_OUT = (
    "Following up on your request",
    "Quick question about your project",
    "Next steps",
    "Introduction",
    "Materials from our call",
    "Checking in",
)
_AUTO = ("Automatic reply: ", "Out of Office: ", "Automatische Antwort: ", "Réponse automatique : ")
_DISPOSITIONS = ("Connected", "Left voicemail", "No answer", "Wrong number", "Gatekeeper")
ACTIVE_ARCHIVE_AFTER = timedelta(days=365)


class SalesWork:
    """Writes tasks and events. `who` is a lead or contact id, `what` an account or opportunity id (only beside a contact)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng: random.Random = world.rng("sales work")
        self.last_activity: dict[str, datetime] = {}
        self.by_who: dict[str, list[Record]] = {}

    def _task(
        self,
        who: str | None,
        owner: str,
        at: datetime,
        subject: str,
        *,
        what: str | None = None,
        account: str | None = None,
        **fields: Any,
    ) -> Record:
        at = self.world.until_anchor(at)
        # Work is usually logged within minutes of being done, sometimes only in the evening.
        logged = at + timedelta(seconds=self.rng.choice((5, 30, 90, 600, 20_000)))
        stamps = self.world.stamps(min(at, logged), [logged], owner)
        record: Record = {
            "Id": self.world.mint.id("Task"),
            "WhoId": who,
            "WhatId": what,
            "AccountId": account,
            "OwnerId": owner,
            "Subject": subject,
            "ActivityDate": at.date(),
            "Status": "Completed",
            "Priority": "Normal",
            "Type": "Other",
            "TaskSubtype": "Task",
            "CallType": None,
            "CallDisposition": None,
            "CallDurationInSeconds": None,
            "IsClosed": True,
            "CompletedDateTime": at,
            "IsRecurrence": False,
            "IsArchived": self.world.anchor - at > ACTIVE_ARCHIVE_AFTER,
        }
        record |= fields
        if who is not None and record["IsClosed"]:
            self.last_activity[who] = max(at, self.last_activity.get(who, at))
        return self._kept("Task", record | stamps)

    def _kept(self, object_: str, record: Record) -> Record:
        if record["WhoId"] is not None:
            self.by_who.setdefault(str(record["WhoId"]), []).append(record)
        return self.world.add(object_, record)

    def move(self, lead: str, contact: str, account: str) -> None:
        """After a conversion a lead's work belongs to the contact."""
        for record in self.by_who.pop(lead, []):
            record |= {"WhoId": contact, "AccountId": account}
            self.by_who.setdefault(contact, []).append(record)
        if lead in self.last_activity:
            moved = self.last_activity.pop(lead)
            self.last_activity[contact] = max(moved, self.last_activity.get(contact, moved))

    def call_out(self, who: str, owner: str, at: datetime, *, what: str | None = None, account: str | None = None) -> Record:
        """A call by the rep."""
        outcome = self.rng.choices(_DISPOSITIONS, (40, 25, 25, 4, 6))[0]
        length = self.rng.randrange(60, 1500) if outcome == "Connected" else self.rng.randrange(5, 60)
        fields = {
            "TaskSubtype": "Call",
            "Type": "Call",
            "CallType": "Outbound",
            "CallDisposition": outcome,
            "CallDurationInSeconds": length,
        }
        return self._task(who, owner, at, "Call", what=what, account=account, **fields)

    def call_in(self, who: str, owner: str, at: datetime, *, what: str | None = None, account: str | None = None) -> Record:
        """A call by the person."""
        fields = {
            "TaskSubtype": "Call",
            "Type": "Call",
            "CallType": "Inbound",
            "CallDisposition": "Connected",
            "CallDurationInSeconds": 240,
        }
        return self._task(who, owner, at, "Call", what=what, account=account, **fields)

    def email_out(self, who: str, owner: str, at: datetime, *, what: str | None = None, account: str | None = None) -> Record:
        """An e-mail that the rep wrote."""
        return self._task(who, owner, at, f"Email: {self.rng.choice(_OUT)}", what=what, account=account, TaskSubtype="Email", Type="Email")

    def email_in(self, who: str, owner: str, at: datetime, *, what: str | None = None, account: str | None = None) -> Record:
        """An e-mail that the person wrote."""
        return self._task(
            who, owner, at, f"Inbound email: Re: {self.rng.choice(_OUT)}", what=what, account=account, TaskSubtype="Email", Type="Email"
        )

    def auto_reply(self, who: str, owner: str, at: datetime) -> Record:
        """A machine's answer: nobody was reached and nobody wrote."""
        return self._task(
            who, owner, at, f"Inbound email: {self.rng.choice(_AUTO)}{self.rng.choice(_OUT)}", TaskSubtype="Email", Type="Email"
        )

    def bounce(self, who: str, owner: str, at: datetime) -> Record:
        """An e-mail that came back."""
        return self._task(who, owner, at, f"Inbound email: Undeliverable: {self.rng.choice(_OUT)}", TaskSubtype="Email", Type="Email")

    def sequence(self, who: str, owner: str, at: datetime) -> Record:
        """The record was put into a sequence: no touch by itself."""
        return self._task(who, owner, at, "[Sequence] Enrolled: Inbound follow-up", TaskSubtype="Cadence")

    def to_do(self, who: str, owner: str, at: datetime, due: datetime) -> Record:
        """An open task: something a rep means to do."""
        open_: Record = {
            "Status": "Not Started",
            "IsClosed": False,
            "CompletedDateTime": None,
            "ActivityDate": due.date(),
            "TaskSubtype": "Call",
            "Type": "Call",
        }
        return self._task(who, owner, at, "Call", **open_)

    def meeting(
        self, who: str, owner: str, at: datetime, *, what: str | None = None, account: str | None = None, colleague: str | None = None
    ) -> Record:
        """A meeting in the calendar; a colleague's copy is a child event."""
        begins = at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
        minutes = self.rng.choice((30, 30, 45, 60, 60, 90))
        record: Record = {
            "Id": self.world.mint.id("Event"),
            "WhoId": who,
            "WhatId": what,
            "AccountId": account,
            "OwnerId": owner,
            "Subject": self.rng.choice(("Meeting", "Demo", "Discovery call", "Workshop", "Contract review")),
            "StartDateTime": begins,
            "EndDateTime": begins + timedelta(minutes=minutes),
            "ActivityDateTime": begins,
            "ActivityDate": begins.date(),
            "DurationInMinutes": minutes,
            "IsAllDayEvent": False,
            "IsChild": False,
            "IsGroupEvent": colleague is not None,
            "EventSubtype": "Event",
            "Type": "Meeting",
            "ShowAs": "Busy",
            "IsRecurrence": False,
            "IsArchived": self.world.anchor - begins > ACTIVE_ARCHIVE_AFTER,
        }
        stamps = self.world.stamps(begins - timedelta(days=self.rng.uniform(0.2, 6)), [], owner)
        self.last_activity[who] = max(min(begins, self.world.anchor), self.last_activity.get(who, begins))
        if colleague is not None:
            self._kept("Event", record | {"Id": self.world.mint.id("Event"), "OwnerId": colleague, "IsChild": True} | stamps)
        return self._kept("Event", record | stamps)

    def all_day(self, owner: str, at: datetime) -> Record:
        """A day away from the desk."""
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        record: Record = {
            "Id": self.world.mint.id("Event"),
            "WhoId": None,
            "WhatId": None,
            "AccountId": None,
            "OwnerId": owner,
            "Subject": "Vacation",
            "StartDateTime": day,
            "EndDateTime": day,
            "ActivityDateTime": None,
            "ActivityDate": day.date(),
            "DurationInMinutes": 1440,
            "IsAllDayEvent": True,
            "IsChild": False,
            "IsGroupEvent": False,
            "EventSubtype": "Event",
            "Type": "Other",
            "ShowAs": "OutOfOffice",
            "IsRecurrence": False,
            "IsArchived": False,
        }
        return self.world.add("Event", record | self.world.stamps(day - timedelta(days=20), [], owner))

    def write_last_activity(self) -> None:
        """Put the date of the last closed work on leads and contacts, as the CRM does."""
        for object_ in ("Lead", "Contact"):
            for record in self.world.salesforce[object_]:
                last = self.last_activity.get(record["Id"])
                record["LastActivityDate"] = last.date() if last else None
