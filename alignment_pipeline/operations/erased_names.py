"""What names a person in a table: addresses and long ids anywhere, a marketing system's numbers only where they are ids of its people.

Belongs here: which columns hold whose numbers. Each system counts for itself, and some count each object for itself: contact 151,
company 151 and Marketo's lead 151 have nothing to do with each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import ibis

from alignment_pipeline.contracts.systems.registry import MARKETING

#: A name of so many characters is in no text by chance.
_SURE = 15
_SYSTEMS = frozenset(system.name for system in MARKETING)
#: Object of a table of records -> the system whose people it names.
_OBJECTS = {
    object_: system.name
    for system in MARKETING
    if system.people is not None
    for object_ in (system.people.object, system.people.write_object)
    if object_
}


def _columns() -> Iterator[tuple[str, str, str]]:
    for system in MARKETING:
        people = system.people
        if people is not None:
            yield people.table, "record_id", system.name
            if people.merged_into is not None:
                yield people.table, people.merged_into, system.name
            for table, column in people.named_in:
                yield table, column, system.name
        for feed in system.feeds:
            if not feed.is_by_email:
                yield feed.table, feed.person, system.name


#: Raw table -> column that holds ids of people (several joined by semicolons where it ends in Ids) -> their system.
ID_COLUMNS: Mapping[str, Mapping[str, str]] = {
    table: {column: system for name, column, system in _columns() if name == table} for table, _, _ in _columns()
}


@dataclass(frozen=True)
class Names:
    """The names of one person. `numbers`: system -> ids of its people; `others` mean the same wherever they stand."""

    others: frozenset[str]
    numbers: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, names: Collection[str]) -> Names:
        """Names as they are collected; a number without its system is one of every system."""
        numbers: dict[str, set[str]] = {system: set() for system in _SYSTEMS}
        for name in names:
            system, _, number = name.partition(":")
            if system in numbers and number:
                numbers[system].add(number)
        known = set().union(*numbers.values())
        bare = {name for name in names if name.isdigit() and name not in known and len(name) < _SURE}
        return cls(
            frozenset(name for name in names if not (name.isdigit() and len(name) < _SURE)),
            {system: frozenset(given | bare) for system, given in numbers.items()},
        )

    def in_journal(self) -> set[str]:
        """As the journal knows them: numbers with their system, and alone those of a system whose people are written to by number."""
        keyed = {f"{system}:{one}" for system, ids in self.numbers.items() for one in ids}
        written = {system.name for system in MARKETING if system.people is not None and system.people.write_object is not None}
        return {*self.others, *keyed, *(one for system in written for one in self.numbers[system])}

    def in_table(self, name: str, table: ibis.Table) -> ibis.Value | None:
        """Whether a row mentions the person: any of its texts is one of their names, or holds one that cannot be chance."""
        sure = sorted(one for one in self.others if "@" in one or ":" in one or len(one) >= _SURE)
        exact = sorted(self.others)
        tests = []
        for column, type_ in table.schema().items():
            if not type_.is_string():
                continue
            tests.append(table[column].isin(exact).fill_null(False))
            tests += [table[column].lower().contains(one.lower()).fill_null(False) for one in sure]
            if column.lower().endswith("ids"):
                tests += [_listed(table[column], one) for one in exact]
        tests += self._numbers_in(name, table)
        return ibis.or_(*tests) if tests else None

    def _numbers_in(self, name: str, table: ibis.Table) -> Iterator[ibis.Value]:
        for column, system in ID_COLUMNS.get(name, {}).items():
            ids = sorted(self.numbers[system])
            if column in table.columns and ids:
                yield table[column].isin(ids).fill_null(False)
                yield from (_listed(table[column], one) for one in ids if column.lower().endswith("ids"))
        for kind, system in _kinds(table):
            ids = sorted(self.numbers[system])
            if ids:
                yield (kind & table.record_id.isin(ids)).fill_null(False)


def _kinds(table: ibis.Table) -> Iterator[tuple[ibis.Value, str]]:
    """Conditions under which `record_id` is a person of a system, in tables of records of all kinds."""
    if "record_id" not in table.columns:
        return
    if "object" in table.columns:
        yield from ((table.object == object_, system) for object_, system in _OBJECTS.items())
    if "table_name" in table.columns:
        yield from ((table.table_name == name, given["record_id"]) for name, given in ID_COLUMNS.items() if "record_id" in given)


def _listed(column: ibis.Value, one: str) -> ibis.Value:
    return (ibis.literal(";") + column + ";").contains(f";{one};").fill_null(False)
