"""The lead fields of the embedded Marketo: names, types, lengths, what may be searched and written.

Standard fields are those of every subscription that has the native Salesforce sync; custom fields are given by the
caller. Values of a record are parsed here; what a write does with them lives in `sync.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from alignment_pipeline.sandbox.marketo.answers import RecordRefusal, iso

# name | label | type | length | flags: r = read-only over REST, s = searchable, c = belongs to the company
_STANDARD = """
company|Company Name|string|255|c
site|Site|string|255|c
billingStreet|Billing Address|text||c
billingCity|Billing City|string|255|c
billingState|Billing State|string|255|c
billingCountry|Billing Country|string|255|c
billingPostalCode|Billing Postal Code|string|255|c
website|Website|url|255|c
mainPhone|Main Phone|phone|255|c
annualRevenue|Annual Revenue|currency||c
numberOfEmployees|Num Employees|integer||c
industry|Industry|string|255|c
sicCode|SIC Code|string|40|c
externalCompanyId|External Company Id|string|100|s
id|Id|integer||rs
mktoName|Full Name|string|255|r
personType|Person Type|string|50|
mktoIsPartner|Is Partner|boolean||
isLead|Is Lead|boolean||r
mktoIsCustomer|Is Customer|boolean||
isAnonymous|Is Anonymous|boolean||r
salutation|Salutation|string|255|
firstName|First Name|string|255|
middleName|Middle Name|string|255|
lastName|Last Name|string|255|
email|Email Address|email|255|s
phone|Phone Number|phone|255|
mobilePhone|Mobile Phone Number|phone|255|
fax|Fax Number|phone|255|
title|Job Title|string|255|
contactCompany|Contact Company|string|255|r
dateOfBirth|Date of Birth|date||
address|Address|text||
city|City|string|255|
state|State|string|255|
country|Country|string|255|
postalCode|Postal Code|string|255|
personTimeZone|Person Time Zone|string|255|r
originalSourceType|Original Source Type|string|255|r
originalSourceInfo|Original Source Info|string|2000|r
registrationSourceType|Registration Source Type|string|255|
registrationSourceInfo|Registration Source Info|string|2000|
originalSearchEngine|Original Search Engine|string|255|r
originalSearchPhrase|Original Search Phrase|string|255|r
originalReferrer|Original Referrer|string|255|r
emailInvalid|Email Invalid|boolean||
emailInvalidCause|Email Invalid Cause|string|255|
unsubscribed|Unsubscribed|boolean||
unsubscribedReason|Unsubscribed Reason|text||
doNotCall|Do Not Call|boolean||
doNotCallReason|Do Not Call Reason|text||
marketingSuspended|Marketing Suspended|boolean||
marketingSuspendedCause|Marketing Suspended Cause|string|255|
blackListed|Black Listed|boolean||
blackListedCause|Black Listed Cause|string|255|
mktoPersonNotes|Person Notes|text||
anonymousIP|Anonymous IP|string|255|
inferredCompany|Inferred Company|string|255|r
inferredCountry|Inferred Country|string|255|r
inferredCity|Inferred City|string|255|r
inferredStateRegion|Inferred State Region|string|255|r
inferredPostalCode|Inferred Postal Code|string|255|r
emailSuspended|Email Suspended|boolean||
emailSuspendedCause|Email Suspended Cause|string|255|
emailSuspendedAt|Email Suspended At|datetime||
department|Department|string|255|
createdAt|Created At|datetime||r
updatedAt|Updated At|datetime||r
cookies|Cookies|string|255|rs
externalSalesPersonId|External Sales Person Id|string|100|s
leadPerson|Person|reference||r
leadRole|Role|string|50|
leadSource|Lead Source|string|255|
leadStatus|Lead Status|string|255|
leadScore|Lead Score|score||
urgency|Urgency|float||
priority|Priority|integer||
relativeScore|Relative Score|integer||r
relativeUrgency|Relative Urgency|integer||r
rating|Lead Rating|string|255|
leadPartitionId|Lead Partition ID|reference||rs
acquisitionProgramId|Acquisition Program ID|reference||
mktoAcquisitionDate|Acquisition Date|datetime||
sfdcLeadId|SFDC Lead Id|string|18|rs
sfdcContactId|SFDC Contact Id|string|18|rs
sfdcAccountId|SFDC Account Id|string|18|rs
sfdcId|SFDC Id|string|18|rs
sfdcType|SFDC Type|string|40|r
sfdcLeadOwnerId|SFDC Lead Owner Id|string|18|rs
sfdcIsDeleted|SFDC Is Deleted|boolean||r
"""

_SEARCHABLE_CUSTOM_TYPES = frozenset({"string", "email", "integer"})
_WHOLE_NUMBERS = frozenset({"integer", "score", "reference"})
_DECIMALS = frozenset({"float", "currency", "percent"})
_ASCII_EMAIL = re.compile(r"^[\x21-\x7e]+@[\x21-\x7e]+$")
_INTEGER = re.compile(r"^[+-]?[0-9]{1,10}$")
_LARGEST = 2**31 - 1

Value = str | int | float | bool


@dataclass(frozen=True)
class LeadField:
    """One field of the lead record. `is_company` fields belong to the company and are not written through leads."""

    field_id: int
    name: str
    label: str
    data_type: str
    length: int | None = None
    is_read_only: bool = False
    is_searchable: bool = False
    is_company: bool = False
    is_custom: bool = False

    def describe(self) -> dict[str, object]:
        """The entry of `describe.json`."""
        entry: dict[str, object] = {"id": self.field_id, "displayName": self.label, "dataType": self.data_type}
        if self.length is not None:
            entry["length"] = self.length
        return entry | {"rest": {"name": self.name, "readOnly": self.is_read_only}}

    def describe2(self) -> dict[str, object]:
        """The entry of `describe2.json`."""
        entry: dict[str, object] = {"name": self.name, "displayName": self.label, "dataType": self.data_type}
        if self.length is not None:
            entry["length"] = self.length
        return entry | {"updateable": not self.is_read_only, "crmManaged": False}

    def parse(self, value: object) -> Value | None:
        """The stored value of one written value; None clears. Raises RecordRefusal when the type or length does not fit."""
        if value is None or value == "":
            return None
        if self.data_type in _WHOLE_NUMBERS:
            return self._whole(value)
        if self.data_type in _DECIMALS:
            return self._decimal(value)
        if self.data_type == "boolean":
            return self._boolean(value)
        if self.data_type in ("date", "datetime"):
            return self._moment(value)
        if isinstance(value, (dict, list)):
            raise self._mismatch(value)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if self.data_type == "email" and not _ASCII_EMAIL.match(text):
            raise RecordRefusal("1003", f"Invalid data: '{text}' is no ASCII email address for field '{self.name}'")
        if self.length is not None and len(text) > self.length:
            raise RecordRefusal("1003", f"Invalid data: value of field '{self.name}' is longer than {self.length} characters")
        return text

    def _mismatch(self, value: object) -> RecordRefusal:
        return RecordRefusal("1001", f"Invalid value '{str(value)[:200]}'. Required of type '{self.data_type}'")

    def _whole(self, value: object) -> int:
        if isinstance(value, bool) or not _INTEGER.match(str(value).strip()):
            raise self._mismatch(value)
        number = int(str(value))
        if abs(number) > _LARGEST:
            raise self._mismatch(value)
        return number

    def _decimal(self, value: object) -> float:
        try:
            number = math.nan if isinstance(value, bool) else float(str(value))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._mismatch(value)
        return number

    def _boolean(self, value: object) -> bool:
        parsed = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}.get(str(value).strip().lower())
        if parsed is None:
            raise self._mismatch(value)
        return parsed

    def _moment(self, value: object) -> str:
        if isinstance(value, datetime):
            return iso(value) if self.data_type == "datetime" else value.date().isoformat()
        if isinstance(value, date):
            return value.isoformat() if self.data_type == "date" else iso(datetime(value.year, value.month, value.day, tzinfo=UTC))
        try:
            parsed = datetime.fromisoformat(str(value))
            if self.data_type == "date":
                return parsed.date().isoformat()
            return iso(parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            raise self._mismatch(value) from None


@dataclass(frozen=True)
class LeadSchema:
    """All lead fields of one subscription."""

    fields: tuple[LeadField, ...]

    @classmethod
    def of(cls, custom: Iterable[tuple[str, str, str, int | None]] = ()) -> LeadSchema:
        """The standard fields and `custom` ones given as (API name, label, type, length or None).

        Raises ValueError when a custom name repeats another.
        """
        standard = [_standard_field(number, line) for number, line in enumerate(_STANDARD.strip().splitlines(), start=2)]
        own = [
            LeadField(1000 + number, name, label, kind, length, is_searchable=kind in _SEARCHABLE_CUSTOM_TYPES, is_custom=True)
            for number, (name, label, kind, length) in enumerate(custom)
        ]
        names = [field.name for field in standard + own]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"lead fields given twice: {', '.join(repeated)}")
        return cls(tuple(standard + own))

    @cached_property
    def by_name(self) -> dict[str, LeadField]:
        """API name -> field."""
        return {field.name: field for field in self.fields}

    @cached_property
    def by_id(self) -> dict[int, LeadField]:
        """Field id -> field; activities of changed values name fields so."""
        return {field.field_id: field for field in self.fields}

    @cached_property
    def by_label(self) -> dict[str, LeadField]:
        """Display name -> field."""
        return {field.label: field for field in self.fields}

    @property
    def searchable(self) -> list[str]:
        """Names that filterType and lookupField take."""
        return [field.name for field in self.fields if field.is_searchable]


def _standard_field(number: int, line: str) -> LeadField:
    name, label, kind, length, flags = line.split("|")
    return LeadField(
        number,
        name,
        label,
        kind,
        int(length) if length else None,
        is_read_only="r" in flags,
        is_searchable="s" in flags,
        is_company="c" in flags,
    )
