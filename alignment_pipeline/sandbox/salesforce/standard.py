"""Read the standard objects from `standard_objects.txt`.

Belongs here: the small language of that file. Custom fields and objects are read by `package.py`.
"""

from __future__ import annotations

import re
from importlib import resources

from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema, PicklistValue

_TYPE = re.compile(r"^(\w+)(?:\((\d+)(?:,(\d+))?\))?$")
_DEFAULT_LENGTH = {"picklist": 255, "multipicklist": 4099, "url": 255, "anyType": 255, "id": 18, "reference": 18}
_HISTORY = ("CreatedById reference ro ref=User rel=CreatedBy", "CreatedDate datetime ro", "Field picklist ro", "DataType picklist ro")
_HISTORY_VALUES = ("OldValue anyType ro nofilter nosort", "NewValue anyType ro nofilter nosort")
_STAMPS = (
    "CreatedDate datetime ro notnull",
    "CreatedById reference ro notnull ref=User rel=CreatedBy",
    "LastModifiedDate datetime ro notnull",
    "LastModifiedById reference ro notnull ref=User rel=LastModifiedBy",
    "SystemModstamp datetime ro notnull",
)


def label_of(name: str) -> str:
    """`MailingCity` -> `Mailing City`, `OwnerId` -> `Owner ID`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("__c").replace("_", " "))
    return re.sub(r"\bId$", "ID", words)


def parse_field(line: str) -> Field:
    """One field line. Raises ValueError when the line cannot be read."""
    head, _, values = line.partition(" values=")
    words = head.split()
    match = _TYPE.match(words[1]) if len(words) > 1 else None
    if match is None:
        raise ValueError(f"field line {line!r}: the second word must be a type as string(80) or currency(18,2)")
    name, kind, first, second = words[0], match[1], int(match[2] or 0), int(match[3] or 0)
    flags = {word for word in words[2:] if "=" not in word}
    named = dict(word.split("=", 1) for word in words[2:] if "=" in word)
    default = named.get("default", "").replace("_", " ") or ("false" if kind == "boolean" else None)
    is_number = kind in ("double", "currency", "percent")
    return Field(
        name=name,
        type=kind,
        label=named.get("label", "").replace("_", " ") or label_of(name),
        length=0 if is_number or kind == "int" else first or _DEFAULT_LENGTH.get(kind, 0),
        precision=first if is_number or kind == "int" else 0,
        scale=second,
        required="required" in flags,
        createable="ro" not in flags,
        updateable=not flags & {"ro", "createonly"},
        filterable="nofilter" not in flags,
        sortable="nosort" not in flags,
        default=default,
        picklist=tuple(PicklistValue(value, default=value == default) for value in values.split(";") if value),
        restricted="restricted" in flags,
        references=tuple(named["ref"].split("|")) if "ref" in named else (),
        relationship=named.get("rel"),
        children=named.get("kids"),
        unique="unique" in flags,
        external_id="extid" in flags,
        id_lookup="idlookup" in flags,
        calculated="calculated" in flags,
        tracked="tracked" in flags,
        name_field="namefield" in flags,
        nillable=not flags & {"required", "notnull"} and kind != "boolean",
    )


def parse_objects(text: str) -> list[ObjectSchema]:
    """All objects of a text in the file's language."""
    objects: list[ObjectSchema] = []
    blocks = re.split(r"(?m)^object ", text)[1:]
    for block in blocks:
        head, *lines = [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]
        objects.append(_object(head.split(), lines))
    return objects


def _object(words: list[str], lines: list[str]) -> ObjectSchema:
    name, prefix = words[0], words[1]
    flags = {word for word in words[2:] if "=" not in word}
    named = dict(word.split("=", 1) for word in words[2:] if "=" in word)
    is_history = "@history" in lines
    specs = ["Id id ro idlookup notnull label=Record_ID"]
    if is_history or ("stamps" in flags and "undeletable" not in flags):
        specs.append("IsDeleted boolean ro")
    specs += [line for line in lines if line != "@history"]
    if is_history:
        specs += [*_HISTORY, *_HISTORY_VALUES]
    if "stamps" in flags:
        specs += _STAMPS
    extra = {"owner": "OwnerId"} if any(" owner" in spec for spec in specs) else {}
    if "history" in named:
        extra["history"] = named["history"]
    if "multicurrency" in flags:
        extra["multicurrency"] = "true"
    label = named.get("label", "").replace("_", " ") or label_of(name)
    return ObjectSchema(
        name=name,
        prefix=prefix,
        label=label,
        plural=named.get("plural", "").replace("_", " ") or label,
        fields=tuple(parse_field(spec) for spec in specs),
        createable="nocreate" not in flags,
        updateable="noupdate" not in flags,
        deletable="nodelete" not in flags and not is_history,
        bulk="nobulk" not in flags,
        stamp="SystemModstamp" if any(spec.startswith("SystemModstamp") for spec in specs + list(lines)) else "CreatedDate",
        extra=extra,
    )


def standard_objects() -> list[ObjectSchema]:
    """The objects of the packaged file."""
    text = resources.files(__package__).joinpath("standard_objects.txt").read_text(encoding="utf-8")
    return parse_objects(text)
