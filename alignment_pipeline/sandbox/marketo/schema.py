"""The lead fields of the embedded Marketo: names, types, lengths, what may be searched and written.

Standard fields are those of every subscription that has the native Salesforce sync; custom fields are given by the
caller. Values of a record are parsed here; what a write does with them lives in `sync.py`.
"""

from __future__ import annotations

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
""".split()
_STANDARD_LINES = """{}""".format(" ".join(_STANDARD))  # replaced below
