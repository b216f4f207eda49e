"""Names in a query to fields and getters.

Belongs here: looking up fields and parents, with the vendor's refusals (INVALID_FIELD, INVALID_TYPE). Conditions are in `where.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.sandbox.salesforce import rates
from alignment_pipeline.sandbox.salesforce.failures import ApiError
from alignment_pipeline.sandbox.salesforce.formulas import Value, compile_formula
from alignment_pipeline.sandbox.salesforce.schema import NUMBER_TYPES, Field, ObjectSchema, Schema
from alignment_pipeline.sandbox.salesforce.soql.tree import FieldRef, Function, Path
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.salesforce.values import rounded

Record = dict[str, Any]
Getter = Callable[[Record], Any]

#: What can be read through a parent that may be of several objects (the Name object).
NAME_FIELDS = (
    "Id",
    "Name",
    "FirstName",
    "LastName",
    "Email",
    "Phone",
    "Title",
    "Type",
    "Username",
    "Alias",
    "IsActive",
    "UserRoleId",
    "ProfileId",
)
_MAX_DEPTH = 5


@dataclass(frozen=True)
class Column:
    """A resolved field and how to get it from a record of the query's object; `parents` get the record of each
    step on the way, and say whether that step is polymorphic."""

    field: Field
    getter: Getter
    names: Path
    parents: tuple[tuple[Getter, bool], ...] = ()


class Resolver:
    """Resolves the names of one query on one object for one user."""

    def __init__(self, store: SalesforceStore, schema: Schema, target: ObjectSchema, alias: str | None, text: str) -> None:
        self.store = store
        self.schema = schema
        self.target = target
        self.alias = alias
        self.text = text

    def column(self, path: Path) -> Column:
        """A field or a parent's field. Raises ApiError INVALID_FIELD."""
        first = path[0].lower()
        is_alias = self.alias is not None and first == self.alias.lower()
        if len(path) > 1 and (is_alias or (first == self.target.name.lower() and first not in self.target.by_relationship)):
            path = path[1:]
        if len(path) == 1:
            one = self.field(self.target, path[0])
            return Column(one, own_getter(one, self.store.clock.now), (one.name,))
        if len(path) > _MAX_DEPTH + 1:
            raise self._error(path[0], f"Can not traverse more than {_MAX_DEPTH} relationships: {'.'.join(path)}")
        return self._through(self.target, path)

    def _through(self, schema: ObjectSchema, path: Path) -> Column:
        reference = schema.by_relationship.get(path[0].lower())
        if reference is None:
            raise self._error(
                path[0],
                f"Didn't understand relationship '{path[0]}' in field path. If you are attempting to use a custom relationship, "
                "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for "
                "the appropriate names.",
            )
        inner = self._in_name_object(path[1:]) if reference.polymorphic else self._in_parent(reference, path[1:])
        find, key, get = self.store.find, reference.name, inner.getter

        def value(record: Record) -> Any:
            parent_id = record.get(key)
            parent = find(parent_id) if parent_id else None
            return None if parent is None else get(parent)

        def step(record: Record) -> Any:
            parent_id = record.get(key)
            return find(parent_id) if parent_id else None

        def behind(further: Getter) -> Getter:
            def parent_of(record: Record) -> Any:
                parent = step(record)
                return None if parent is None else further(parent)

            return parent_of

        parents = ((step, reference.polymorphic), *((behind(one), is_name) for one, is_name in inner.parents))
        return Column(inner.field, value, (str(reference.relationship), *inner.names), parents)

    def _in_parent(self, reference: Field, rest: Path) -> Column:
        parent = self.schema.get(reference.references[0]) if reference.references else None
        if parent is None:
            raise self._error(rest[0], f"No such column '{rest[0]}' on entity '{reference.name}'")
        if len(rest) > 1:
            return self._through(parent, rest)
        one = self.field(parent, rest[0])
        return Column(one, own_getter(one, self.store.clock.now), (one.name,))

    def _in_name_object(self, rest: Path) -> Column:
        known = {name.lower(): name for name in NAME_FIELDS}
        if len(rest) > 1 or rest[0].lower() not in known:
            raise self._missing("Name", rest[0])
        name = known[rest[0].lower()]
        one = Field(name=name, type="boolean" if name == "IsActive" else "id" if name == "Id" else "string", label=name)
        if name == "Type":
            return Column(one, self._type_name, (name,))
        return Column(one, lambda record: record.get(name), (name,))

    def _type_name(self, record: Record) -> str | None:
        schema = self.store.schema.of_id(record["Id"])
        return None if schema is None else "Queue" if schema.name == "Group" else schema.name

    def field(self, schema: ObjectSchema, name: str) -> Field:
        """A field of an object. Raises ApiError INVALID_FIELD with the vendor's text, the same for hidden and absent fields."""
        one = schema.get(name)
        if one is None:
            raise self._missing(schema.name, name)
        return one

    def _missing(self, entity: str, name: str) -> ApiError:
        return self._error(
            name,
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append the '__c' after "
            "the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
        )

    def _error(self, name: str, message: str) -> ApiError:
        at = max(0, self.text.lower().find(name.lower()))
        start = max(0, at - 30)
        piece = self.text[start : at + 50].replace("\n", " ")
        caret = " " * (at - start) + "^"
        return ApiError(400, "INVALID_FIELD", f"\n{piece}\n{caret}\nERROR at Row:1:Column:{at + 1}\n{message}")

    def converted(self, column: Column) -> Column:
        """A currency field in the company's currency, in an organisation with several; any other column as it is."""
        if column.field.type != "currency" or not rates.are_kept(self.store):
            return column
        holder = column.parents[-1][0] if column.parents else None

        def value(record: Record) -> Any:
            owner = holder(record) if holder else record
            return None if owner is None else rates.converted(self.store, owner, column.getter(record))

        return replace(column, getter=value)

    def operand(self, target: FieldRef | Function) -> Column:
        """A field, or a date function of one."""
        if isinstance(target, FieldRef):
            return self.column(target.path)
        if target.path is None:
            raise ApiError(400, "MALFORMED_QUERY", "unexpected token: 'COUNT'")
        inner = self.column(target.path)
        if target.name == "TOLABEL":
            return inner
        if target.name == "CONVERTCURRENCY":
            return self.converted(inner)
        scalar = _SCALARS.get(target.name)
        if scalar is None:
            raise ApiError(400, "MALFORMED_QUERY", f"aggregate function {target.name} is not allowed here")
        if inner.field.type not in ("date", "datetime") or (target.name == "HOUR_IN_DAY" and inner.field.type == "date"):
            raise ApiError(400, "INVALID_FIELD", f"function {target.name} does not take the {inner.field.type} field {inner.field.name}")
        get = inner.getter

        def value(record: Record) -> Any:
            read = get(record)
            return None if read is None else scalar(read)

        kind = "date" if target.name == "DAY_ONLY" else "int"
        return Column(Field(name=target.name, type=kind, label=target.name), value, (target.name,))


def _day(value: Any) -> Any:
    return value.astimezone(UTC).date() if isinstance(value, datetime) else value


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "CALENDAR_YEAR": lambda value: value.year,
    "CALENDAR_MONTH": lambda value: value.month,
    "CALENDAR_QUARTER": lambda value: (value.month - 1) // 3 + 1,
    "DAY_IN_MONTH": lambda value: value.day,
    "DAY_ONLY": _day,
    "HOUR_IN_DAY": lambda value: value.hour,
}


def own_getter(field: Field, now: Callable[[], datetime]) -> Getter:
    """How to get a field of a record: stored, compound, or calculated by its formula at the sandbox's present."""
    name = field.name
    if field.formula is not None:
        return _calculated(field, compile_formula(field.formula, name), now)
    if field.type == "address":
        prefix = name.removesuffix("Address")
        parts = [(part[0].lower() + part[1:], prefix + part) for part in ("City", "Country", "PostalCode", "State", "Street")]

        def compound(record: Record) -> Any:
            values = {shown: record.get(key) for shown, key in parts}
            return {"geocodeAccuracy": None, "latitude": None, "longitude": None} | values if any(values.values()) else None

        return compound
    if field.type == "boolean":
        return lambda record: bool(record.get(name))
    return lambda record: record.get(name)


def _calculated(field: Field, formula: Value, now: Callable[[], datetime]) -> Getter:
    def value(record: Record) -> Any:
        result = formula(record, now())
        if field.type in NUMBER_TYPES:
            return None if result is None else rounded(float(result), field.scale)
        if field.type == "boolean":
            return bool(result)
        return result or None

    return value
