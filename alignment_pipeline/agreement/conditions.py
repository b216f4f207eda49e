"""Conditions on fields: which records a promise is about, by any field that is read.

Belongs here: how a field is named. Which fields the CRM's reading asks for: `field_map.py` (`also_read`) and the contract of its objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE

PERSON = "person"
#: Columns of the table `people` that a condition may name.
PERSON_COLUMNS = (
    "email_domain", "company", "title", "website", "city", "state", "country", "industry", "lead_source", "status", "disposition",
    "reject_code",
)  # fmt: skip
#: What each subject of a promise has records of.
OBJECTS_OF: Mapping[str, tuple[str, ...]] = {
    "person": (PERSON, "Lead", "Contact", "Account"),
    "lead": (PERSON, "Lead", "Account"),
    "account": ("Account",),
    "opportunity": ("Opportunity", "Account"),
}
_NAME = re.compile(r"(person|Lead|Contact|Account|Opportunity)\.([A-Za-z][A-Za-z0-9_]*)")

FieldName = Annotated[str, StringConstraints(pattern=f"^{_NAME.pattern}$")]
Conditions = Annotated[dict[FieldName, Annotated[list[Pattern], Field(min_length=1)]], Field(max_length=20)]


def split(name: str) -> tuple[str, str]:
    """Object and field of a name."""
    object_, _, field = name.partition(".")
    return object_, field


def unfit(names: Iterable[str], subject: str) -> str | None:
    """What is wrong with the first name that this subject has no record of; None when all fit."""
    for name in names:
        object_, field = split(name)
        if object_ not in OBJECTS_OF[subject]:
            return f"{name} is no field of subject {subject}; allowed: fields of {', '.join(OBJECTS_OF[subject])}"
        if object_ == PERSON and field not in PERSON_COLUMNS:
            return f"{name} is no column of people; allowed: {', '.join(PERSON_COLUMNS)}"
    return None


def unread(names: Iterable[str], crm: Crm) -> str | None:
    """The first name of a field that no reading asks the CRM for."""
    streams = {stream.object: set(stream.fields) for stream in SALESFORCE.streams}
    for name in names:
        object_, field = split(name)
        if object_ != PERSON and field not in streams[object_] | set(crm.fields_of(object_)):
            return name
    return None
