"""Texts without names: in a plan and in the journal a text that names people holds their records' ids in the names' places.

Belongs here: taking names out and putting them in. Which people a text names: `record_creates.people`. A name is put in just before the
text is sent, as the CRM has it then; of a record that is gone it is `SOMEBODY`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from alignment_pipeline.write_back.fields.shape import Scalar

SOMEBODY = "somebody"
#: (object, record id) -> name.
People = Mapping[tuple[str, str], str]
_PLACE = re.compile(r"\{\{(?P<object>[A-Za-z_]+):(?P<record_id>[A-Za-z0-9]+):name\}\}")
_CUT = "…"
_SHORTEST = 3


def without_names(values: Mapping[str, Scalar], people: People) -> dict[str, Scalar]:
    """The values with `{{OBJECT:ID:name}}` for each name in a text; other text cannot look like that."""
    # longest first: one name may be part of another
    ordered = sorted(((name, key) for key, name in people.items() if name), key=lambda one: (-len(one[0]), one))
    return {field: _without(value, ordered) if isinstance(value, str) and ordered else value for field, value in values.items()}


def named_in(values: Iterable[Scalar]) -> set[tuple[str, str]]:
    """Object and id of the records whose names belong into these texts."""
    in_each = (_PLACE.finditer(value) for value in values if isinstance(value, str))
    return {(place["object"], place["record_id"]) for places in in_each for place in places}


def with_names(value: Scalar, people: People) -> Scalar:
    """The text with names."""
    if not isinstance(value, str):
        return value
    return _PLACE.sub(lambda place: people.get((place["object"], place["record_id"])) or SOMEBODY, value)


def may_be(template: Scalar, text: Scalar) -> bool:
    """Whether a text is this one with any names in it. Blanks at lines' ends do not count: CRMs take them away."""
    if not isinstance(template, str) or not isinstance(text, str):
        return False
    parts = (re.escape(part) for part in _PLACE.split(_lines(template))[:: _PLACE.groups + 1])
    return re.fullmatch(".*".join(parts), _lines(text), re.DOTALL) is not None


def forget(text: str, record_ids: Iterable[str]) -> str:
    """The text in which these records are nobody any more."""
    gone = set(record_ids)
    return _PLACE.sub(lambda place: SOMEBODY if place["record_id"] in gone else place[0], text)


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _without(text: str, people: Sequence[tuple[str, tuple[str, str]]]) -> str:
    text = text.replace("{{", "{ {")
    for name, (object_, record_id) in people:
        text = text.replace(name, f"{{{{{object_}:{record_id}:name}}}}")
    if text.endswith(_CUT):
        # the beginning of a name, where a text was cut off
        kept = text.removesuffix(_CUT)
        beginnings = (name[:length] for name, _ in people for length in range(len(name) - 1, _SHORTEST - 1, -1))
        part = max((one for one in beginnings if kept.endswith(one)), key=len, default="")
        text = kept.removesuffix(part) + _CUT
    return text
