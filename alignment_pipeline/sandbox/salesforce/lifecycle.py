"""What people do in the CRM beside saving a field: merge, convert, undelete, empty the recycle bin.

Belongs here: acts of other users, given to tests and demos through `control.py` here. The API gives no merge or convert over REST.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.salesforce.history import event_row
from alignment_pipeline.sandbox.salesforce.ids import to18
from alignment_pipeline.sandbox.salesforce.saving import Caller, Saver
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema
from alignment_pipeline.sandbox.salesforce.store import Record, SalesforceStore

MERGEABLE = ("Lead", "Contact", "Account")


class People:
    """Acts of one person (a user by name; by default the first that is no integration user)."""

    def __init__(self, store: SalesforceStore, username: str | None = None) -> None:
        self.store = store
        name = username or _first_person(store)
        self.caller = Caller(username=name, user_id=store.user_id(name), source="human", auto_assign=False, allow_duplicates=True)

    def create(self, name: str, values: Mapping[str, Any]) -> str:
        """Create a record; returns its id."""
        with self.store.lock:
            saver = self._saver()
            record_id = saver.insert(self._schema(name), values)
            saver.commit()
            return record_id

    def edit(self, record_id: str, values: Mapping[str, Any], *, visible_after_seconds: float = 0.0) -> None:
        """Change fields as a person does; with `visible_after_seconds` the transaction commits that much later, stamped now."""
        with self.store.lock:
            schema, old = self._record(record_id)
            saver = self._saver()
            saver.update(schema, old["Id"], values)
            saver.commit()
            if visible_after_seconds:
                new = self.store.get(schema.name, old["Id"])
                self.store.put(schema, old, new)
                if new is not None:
                    self.store.put_late(schema, new, visible_after_seconds)

    def delete(self, record_id: str) -> None:
        """Move a record to the recycle bin."""
        with self.store.lock:
            schema, old = self._record(record_id)
            saver = self._saver()
            saver.delete(schema, old["Id"])
            saver.commit()

    def undelete(self, record_id: str) -> None:
        """Bring a record back from the recycle bin."""
        with self.store.lock:
            schema, old = self._record(record_id)
            saver = self._saver()
            saver.restore(schema, old)
            saver.commit()

    def hard_delete(self, record_id: str) -> None:
        """Empty a record from the recycle bin: no query shows it any more."""
        with self.store.lock:
            schema, old = self._record(record_id)
            self.store.remove(schema, old["Id"])
            if not old.get("IsDeleted"):
                self.store.deletions.append((schema.name, old["Id"], self.store.now()))

    def merge(self, winner_id: str, loser_ids: Sequence[str]) -> None:
        """Merge losers into a winner: they are deleted with MasterRecordId, their children move to the winner."""
        with self.store.lock:
            schema, winner = self._record(winner_id)
            if schema.name not in MERGEABLE:
                raise ConfigurationError(f"{schema.name} cannot be merged; only {', '.join(MERGEABLE)}")
            saver = self._saver()
            for loser_id in loser_ids:
                _, loser = self._record(loser_id)
                self._move_children(saver, schema, loser["Id"], winner["Id"])
                saver.bin(schema, loser, {"MasterRecordId": winner["Id"]})
                saver.touch(schema, winner["Id"])
                if schema.name == "Lead":
                    self._event(saver, schema, winner["Id"], "leadMerged")
            saver.commit()

    def convert(
        self, lead_id: str, *, account_id: str | None = None, contact_id: str | None = None, opportunity: str | None = None
    ) -> dict[str, str | None]:
        """Convert a lead, into existing records or new ones; `opportunity` names the new opportunity. Returns the three ids."""
        with self.store.lock:
            schema, lead = self._record(lead_id)
            if lead.get("IsConverted") or lead.get("IsDeleted"):
                raise ConfigurationError(f"lead {lead_id} is converted or deleted already")
            saver = self._saver()
            objects = self.store.schema.objects
            account = to18(account_id) if account_id else saver.insert(objects["Account"], {"Name": lead["Company"]})
            person = {name: lead.get(name) for name in ("FirstName", "LastName", "Email", "Phone", "Title", "LeadSource")}
            contact = to18(contact_id) if contact_id else saver.insert(objects["Contact"], {**person, "AccountId": account})
            deal = None
            if opportunity is not None:
                close = {"CloseDate": self.store.now().date(), "StageName": "Qualification"}
                deal = saver.insert(objects["Opportunity"], {"Name": opportunity, "AccountId": account, **close})
            now = self.store.now()
            changes = {
                "IsConverted": True,
                "ConvertedDate": now.date(),
                "ConvertedAccountId": account,
                "ConvertedContactId": contact,
                "ConvertedOpportunityId": deal,
                "Status": "Closed - Converted",
            }
            saver.force(schema, lead["Id"], {name: value for name, value in changes.items() if value is not None}, "convert")
            for name in ("Task", "Event"):
                who = objects[name].get("WhoId")
                if who is not None:
                    for activity in list(self.store.children(name, who, {lead["Id"]})):
                        saver.force(objects[name], activity["Id"], {"WhoId": contact, "AccountId": account}, "update")
            for member in list(self.store.children("CampaignMember", _field(objects["CampaignMember"], "LeadId"), {lead["Id"]})):
                saver.force(objects["CampaignMember"], member["Id"], {"ContactId": contact}, "update")
            self._event(saver, schema, lead["Id"], "leadConverted")
            saver.commit()
            return {"account_id": account, "contact_id": contact, "opportunity_id": deal}

    # ---- helpers

    def _saver(self) -> LifecycleSaver:
        return LifecycleSaver(self.store, self.caller)

    def _schema(self, name: str) -> ObjectSchema:
        schema = self.store.schema.get(name)
        if schema is None:
            raise ConfigurationError(f"object {name!r} is not known to the sandbox")
        return schema

    def _record(self, record_id: str) -> tuple[ObjectSchema, Record]:
        identifier = to18(record_id) or ""
        schema = self.store.schema.of_id(identifier)
        record = self.store.get(schema.name, identifier) if schema else None
        if schema is None or record is None:
            raise ConfigurationError(f"no record {record_id!r} in the sandbox")
        return schema, record

    def _move_children(self, saver: LifecycleSaver, schema: ObjectSchema, loser_id: str, winner_id: str) -> None:
        for child, one in self.store.schema.children(schema.name):
            if not child.name.endswith("History"):
                for record in list(self.store.children(child.name, one, {loser_id})):
                    saver.force(child, record["Id"], {one.name: winner_id}, "update")

    def _event(self, saver: LifecycleSaver, schema: ObjectSchema, record_id: str, name: str) -> None:
        row = event_row(self.store, schema, record_id, name, self.caller.user_id)
        if row is not None:
            saver.add(*row)


class LifecycleSaver(Saver):
    """A saver that may also set fields no user can write."""

    def force(self, schema: ObjectSchema, record_id: str, changes: Mapping[str, Any], action: str) -> None:
        """Set fields without the rules of writing, with stamps and history."""
        old = self._existing(schema, record_id)
        record = old | dict(changes)
        self._stamp(schema, record, is_insert=False)
        self._save(schema, record, old, action)

    def touch(self, schema: ObjectSchema, record_id: str) -> None:
        """Move a record's stamps."""
        self.force(schema, record_id, {}, "update")

    def restore(self, schema: ObjectSchema, old: Record) -> None:
        """Undelete."""
        record = old | {"IsDeleted": False}
        self._stamp(schema, record, is_insert=False)
        self._save(schema, record, old, "undelete")
        self.store.deletions[:] = [entry for entry in self.store.deletions if entry[1] != old["Id"]]

    def add(self, schema: ObjectSchema, row: Record) -> None:
        """Store a row that the system itself writes."""
        self._put(schema, row, None)


def _field(schema: ObjectSchema, name: str) -> Field:
    field = schema.get(name)
    if field is None:
        raise ConfigurationError(f"{schema.name} has no field {name}")
    return field


def _first_person(store: SalesforceStore) -> str:
    own = {app.username for app in store.identities.apps}
    names = sorted(str(row["Username"]) for row in store.rows("User") if row.get("Username") and row["Username"] not in own)
    active = [name for name in names if _is_active(store, name)]
    return (active or names or sorted(own))[0]


def _is_active(store: SalesforceStore, username: str) -> bool:
    return any(row.get("Username") == username and row.get("IsActive") for row in store.rows("User"))
