"""The records of the embedded organisation, in memory, by Id.

Belongs here: tables, indexes, loading, and what is visible when. Records are never changed in place: a save puts a new dict, so
a running query, a bulk result or a snapshot keeps what it saw. Who may save what is in `saving.py`; SOQL is in `soql/`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.audit import Audit
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.salesforce.derived import derive
from alignment_pipeline.sandbox.salesforce.identities import Identities
from alignment_pipeline.sandbox.salesforce.ids import IdMaker, to18
from alignment_pipeline.sandbox.salesforce.package import load_schema, with_currencies
from alignment_pipeline.sandbox.salesforce.permissions import load_permission_sets
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema
from alignment_pipeline.sandbox.salesforce.settings import OrgSettings

Record = dict[str, Any]

_PYTHON: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "int": (int,),
    "double": (int, float),
    "currency": (int, float),
    "percent": (int, float),
    "date": (date,),
    "datetime": (datetime,),
    "time": (time, str),
    "anyType": (str, bool, int, float, date, datetime),
}
_STAMP_NAMES = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
DEFAULT_PACKAGE = Path(__file__).parents[2] / "connectors" / "salesforce" / "package"


class SalesforceStore:
    """One organisation's records. `package` is a folder of metadata in source format (None: the product's own package).

    With `currencies`, the company's first, records with amounts have a `CurrencyIsoCode`, and rates are kept (CurrencyType,
    DatedConversionRate); without, neither exists, as in an organisation with one currency."""

    def __init__(
        self,
        *,
        package: Path | None = None,
        identities: Identities | None = None,
        settings: OrgSettings | None = None,
        currencies: Sequence[str] = (),
    ) -> None:
        self.schema = with_currencies(load_schema(DEFAULT_PACKAGE if package is None else package), currencies)
        self.permission_sets = load_permission_sets(DEFAULT_PACKAGE if package is None else package)
        self.settings = settings or OrgSettings()
        self.ids = IdMaker()
        self.identities = identities or Identities(self.ids.new("00D"))
        self.lock = threading.RLock()
        self.clock = Clock()
        self.faults = Faults()
        self.audit = Audit()
        self.tables: dict[str, dict[str, Record]] = {name: {} for name in self.schema.objects}
        self.keys: dict[tuple[str, str], dict[str, set[str]]] = {}
        self.deletions: list[tuple[str, str, datetime]] = []
        self.recent_parents: dict[str, tuple[int, datetime]] = {}
        self.generation = 0
        self._joined = False
        self._to_stamp: list[tuple[str, str, tuple[str, ...]]] = []
        self._late: list[tuple[datetime, str, str, Record]] = []
        self._loaded: dict[str, dict[str, Record]] = {}

    def join(self, *, clock: Clock, faults: Faults, audit: Audit) -> None:
        """Take the clock, faults and audit log of the world that this store lives in."""
        self.clock, self.faults, self.audit = clock, faults, audit
        self._joined = True
        for name, identifier, stamps in self._to_stamp:
            # Loaded before there was a clock: what had no stamps is as old as the sandbox's beginning.
            record = self.tables[name][identifier]
            self.tables[name][identifier] = self._loaded[name][identifier] = record | dict.fromkeys(stamps, self.now())
        self._to_stamp.clear()
        if not self.tables["User"]:
            self.load({})

    # ---- loading

    def load(self, data: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Add the records of an organisation: object name -> records with API names and Python values.

        Stamps that are absent are filled in; the integration users and an Organization row are added when absent. Raises
        ConfigurationError naming object, record and field when a name is unknown or a value has the wrong type.
        """
        with self.lock:
            if data.get("Organization"):
                self.tables["Organization"].clear()
            for name, records in data.items():
                schema = self.schema.get(name)
                if schema is None:
                    raise ConfigurationError(f"object {name!r} is not known to the sandbox")
                self._load_object(schema, records)
            self._add_own_rows()
            self._derive_all()
            self._index_keys()
            self._loaded = {name: dict(table) for name, table in self.tables.items()}

    def _load_object(self, schema: ObjectSchema, records: Iterable[Mapping[str, Any]]) -> None:
        allowed = {one.name: _PYTHON.get(one.type, (str,)) for one in schema.fields}
        table = self.tables[schema.name]
        now = self.clock.now()
        dates = {one.name for one in schema.fields if one.type == "date"}
        moments = {one.name for one in schema.fields if one.type == "datetime"}
        references = {one.name for one in schema.fields if one.type == "reference"}
        stamps = [name for name in _STAMP_NAMES if schema.get(name)]
        for given in records:
            record: Record = {}
            for name, value in given.items():
                if value is None:
                    continue
                kept: Any = value
                kinds = allowed.get(name)
                if kinds is None:
                    raise ConfigurationError(f"{schema.name} {given.get('Id')}: field {name!r} is not known to the sandbox")
                if not isinstance(value, kinds) or (name in dates and isinstance(value, datetime)):
                    raise ConfigurationError(f"{schema.name} {given.get('Id')}: {name} is {value!r}, which is no {allowed[name]}")
                if name in moments:
                    if kept.microsecond or kept.tzinfo is not UTC:
                        kept = kept.astimezone(UTC).replace(microsecond=0)
                elif name in references and len(kept) == 15:
                    kept = to18(kept)
                record[name] = kept
            if "Id" not in record:
                record["Id"] = self.new_id(schema)
            identifier = to18(record["Id"])
            if identifier is None:
                raise ConfigurationError(f"{schema.name}: {record['Id']!r} is not a Salesforce id")
            record["Id"] = identifier
            missing = tuple(name for name in stamps if name not in record)
            before = now
            for name in stamps:
                before = record.setdefault(name, before.replace(microsecond=0))
            if len(missing) == len(stamps) and not self._joined:
                self._to_stamp.append((schema.name, identifier, missing))
            table[identifier] = record

    def _add_own_rows(self) -> None:
        users = self.tables["User"]
        known = {record.get("Username") for record in users.values()}
        for app in self.identities.apps:
            if app.username not in known:
                names = {"FirstName": "Integration", "LastName": app.role.title(), "Alias": app.role[:8], "UserType": "Standard"}
                own = {"Username": app.username, "Email": app.username, "IsActive": True, "TimeZoneSidKey": "GMT"} | names
                self._load_object(self.schema.objects["User"], [own])
        organizations = self.tables["Organization"]
        if organizations:
            self.identities.organization_id = next(iter(organizations))
        else:
            row = {"Id": self.identities.organization_id, "Name": "Sandbox", "OrganizationType": "Developer Edition"}
            self._load_object(
                self.schema.objects["Organization"], [row | {"IsSandbox": True, "InstanceName": "SBX1", "TimeZoneSidKey": "GMT"}]
            )

    def _derive_all(self) -> None:
        integration = self.user_id(self.identities.apps[0].username)
        for schema in self.schema.objects.values():
            has_users = schema.get("CreatedById") is not None
            has_modifier = schema.get("LastModifiedById") is not None
            owner = schema.extra.get("owner")
            table = self.tables[schema.name]
            for identifier, record in table.items():
                if owner is not None:
                    record.setdefault(owner, integration)
                if has_users and "CreatedById" not in record:
                    record["CreatedById"] = integration
                if has_modifier and "LastModifiedById" not in record:
                    record["LastModifiedById"] = record["CreatedById"]
                table[identifier] = derive(self, schema, record, None)

    def _index_keys(self) -> None:
        self.keys = {(schema.name, one.name): {} for schema in self.schema.objects.values() for one in schema.keys}
        for (name, field_name), index in self.keys.items():
            one = self.schema.objects[name].get(field_name)
            for identifier, record in self.tables[name].items():
                value = record.get(field_name)
                if value is not None and one is not None and not record.get("IsDeleted"):
                    index.setdefault(key_text(one, value), set()).add(identifier)

    def reset(self) -> None:
        """Back to the records as loaded; sessions end, jobs and cursors are forgotten."""
        with self.lock:
            self.tables = {name: dict(table) for name, table in self._loaded.items()}
            self.deletions.clear()
            self.recent_parents.clear()
            self._late.clear()
            self.identities.sessions.clear()
            self._index_keys()
            self.generation += 1

    # ---- reading

    def now(self) -> datetime:
        """The sandbox's present, to the second, as stamps show it."""
        return self.clock.now().replace(microsecond=0)

    def get(self, name: str, record_id: str) -> Record | None:
        """One record by object and 18-character id, deleted ones included."""
        return self.tables[name].get(record_id)

    def find(self, record_id: str) -> Record | None:
        """One record by id alone: the prefix says which object."""
        schema = self.schema.of_id(record_id)
        return None if schema is None else self.tables[schema.name].get(record_id)

    def new_id(self, schema: ObjectSchema) -> str:
        """An id that no record of the object has."""
        while True:
            identifier = self.ids.new(schema.prefix)
            if identifier not in self.tables[schema.name]:
                return identifier

    def rows(self, name: str) -> Sequence[Record]:
        """All records of an object, deleted ones included, in no promised order."""
        return list(self.tables[name].values())

    def by_key(self, schema: ObjectSchema, field: Field, value: Any) -> list[str]:
        """The ids of the live records that hold a value in a unique or external id field."""
        return sorted(self.keys.get((schema.name, field.name), {}).get(key_text(field, value), ()))

    def user_id(self, username: str) -> str:
        """The id of a user by name. Raises KeyError when there is none."""
        for record in self.tables["User"].values():
            if record.get("Username") == username:
                return str(record["Id"])
        raise KeyError(username)

    # ---- writing (called by saving.py and lifecycle.py only)

    def put(self, schema: ObjectSchema, record: Record, old: Record | None) -> None:
        """Store a new version of a record, at once or late when a fault says so."""
        rules = [one for one in self.faults.standing("late_visible", "salesforce") if one.options.get("object") == schema.name]
        delay = max((float(one.options.get("seconds", 600)) for one in rules), default=0.0)
        if delay:
            self.put_late(schema, record, delay)
        else:
            self._put(schema, record, old)

    def put_late(self, schema: ObjectSchema, record: Record, seconds: float) -> None:
        """Store a record whose transaction commits only `seconds` from now: stamped now, visible then."""
        self._late.append((self.clock.now() + timedelta(seconds=seconds), schema.name, record["Id"], record))

    def _put(self, schema: ObjectSchema, record: Record, old: Record | None) -> None:
        identifier = record["Id"]
        for one in schema.keys:
            index = self.keys[(schema.name, one.name)]
            before = None if old is None or old.get("IsDeleted") else old.get(one.name)
            after = None if record.get("IsDeleted") else record.get(one.name)
            if before != after and before is not None:
                index.get(key_text(one, before), set()).discard(identifier)
            if after is not None:
                index.setdefault(key_text(one, after), set()).add(identifier)
        self.tables[schema.name][identifier] = record

    def remove(self, schema: ObjectSchema, record_id: str) -> None:
        """Take a record out altogether (hard delete, rollback of an insert)."""
        record = self.tables[schema.name].pop(record_id, None)
        for one in schema.keys:
            if record is not None and record.get(one.name) is not None:
                self.keys[(schema.name, one.name)].get(key_text(one, record[one.name]), set()).discard(record_id)

    def settle(self) -> None:
        """Let late transactions become visible whose time has come. Called before each request."""
        if not self._late:
            return
        now = self.clock.now()
        due = [item for item in self._late if item[0] <= now]
        self._late = [item for item in self._late if item[0] > now]
        for _, name, identifier, record in due:
            schema = self.schema.objects[name]
            self._put(schema, record, self.tables[name].get(identifier))

    def children(self, name: str, field: Field, parents: set[str]) -> Iterator[Record]:
        """The live records of an object that point to one of the parents through a field."""
        for record in self.rows(name):
            if record.get(field.name) in parents and not record.get("IsDeleted"):
                yield record


def key_text(field: Field, value: Any) -> str:
    """How a key is compared: numbers by value, text in lower case unless the field is case-sensitive."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(float(value))
    return str(value) if field.case_sensitive else str(value).lower()
