"""The activity types a subscription has by default, in the shape `activities/types.json` gives them.

Ids and attributes are those seen in real subscriptions; another set may be given to `MarketoStore.load`. Activities of the
types that the API itself logs (new lead, changed value, merge, delete) are made in `history.py`.
"""

from __future__ import annotations

NEW_LEAD = 12
CHANGE_DATA_VALUE = 13
MERGE_LEADS = 32
DELETE_LEAD = 37
FILL_OUT_FORM = 2

_MAIL = "Campaign Run ID:integer, Choice Number:integer, Has Predictive:boolean, Step ID:integer, Test Variant:integer"
_BOUNCE = f"{_MAIL}, Category:string, Details:string, Email:string, Subcategory:string"
_DEVICE = "Device:string, Is Mobile Device:boolean, Platform:string, User Agent:string"
_READER = f"Bot Activity Pattern:string, Is Bot Activity:boolean, {_DEVICE}"
_WEB = "Client IP Address:string, Query Parameters:string, Referrer URL:string, User Agent:string"
_API = "API Method Name:string, Modifying User:string, Request Id:string"

# id | name | description | primary attribute | attributes
_TYPES = f"""
1|Visit Webpage|User visits a web page|Webpage ID:integer|{_WEB}, Search Engine:string, Search Query:string, Webpage URL:string
2|Fill Out Form|User fills out and submits a form on web page|Webform ID:integer|{_WEB}, Form Fields:text, Webpage ID:integer
3|Click Link|User clicks link on a page|Link ID:integer|{_WEB}, Webpage ID:integer
6|Send Email|Send Marketo Email to a person|Mailing ID:integer|{_MAIL}
7|Email Delivered|Marketo Email is delivered to a lead/contact|Mailing ID:integer|{_MAIL}
8|Email Bounced|Marketo Email is bounced for a lead|Mailing ID:integer|{_BOUNCE}
9|Unsubscribe Email|Person unsubscribed from Marketo Emails|Mailing ID:integer|{_WEB}, \
Form Fields:text, Webform ID:integer, Webpage ID:integer
10|Open Email|User opens Marketo Email|Mailing ID:integer|{_MAIL}, {_READER}
11|Click Email|User clicks on a link in a Marketo Email|Mailing ID:integer|{_MAIL}, {_READER}, \
Is Predictive:boolean, Link:string, Link ID:string
12|New Lead|New person/record is added to the lead database||Created Date:date, Form Name:string, Lead Source:string, List Name:string, \
SFDC Type:string, Source Type:string, {_API}
13|Change Data Value|Changed attribute value on a person/record|Attribute Name:string|New Value:text, Old Value:text, Reason:text, \
Source:text, {_API}
22|Change Score|Modify the value of a score field|Score Name:string|Change Value:string, New Value:integer, Old Value:integer, \
Priority:integer, Reason:string, Relative Score:integer, Relative Urgency:integer, Urgency:float
24|Add to List|Add a person/record to a list|List ID:integer|Source:string
25|Remove from List|Remove this lead from a list|List ID:integer|Source:string
27|Email Bounced Soft|Campaign Email is bounced soft for a lead|Mailing ID:integer|{_BOUNCE}
32|Merge Leads|Merge two or more leads into a single record|Lead ID:integer|Master Updated:boolean, Merge IDs:array, \
Merge Source:string, Merged in Sales:boolean
37|Delete Lead|Delete lead from Marketo database||Campaign:string, Remove from CRM:boolean, Source:string, {_API}
46|Interesting Moment|Add an interesting moment to a person/record|Type:string|Date:datetime, Description:string, Source:string
100|Change Lead Partition|Change the partition of a lead|New Partition ID:integer|Old Partition ID:integer, Reason:string
104|Change Status in Progression|Change status in progression of a program|Program ID:integer|Acquired By:boolean, New Status:string, \
New Status ID:integer, Old Status:string, Old Status ID:integer, Program Member ID:integer, Reason:string, Success:boolean, \
Registration Code:string, Webinar URL:string
113|Add to Nurture|Add a person to a nurture program|Program ID:integer|Track ID:integer, Track Name:string
115|Change Nurture Track|Change a track of a nurture program|Program ID:integer|New Track ID:integer, Previous Track ID:integer
"""


def default_activity_types() -> list[dict[str, object]]:
    """One entry per type: id, name, description, primaryAttribute (absent when there is none), attributes."""
    return [_entry(line) for line in _TYPES.strip().splitlines()]


def _entry(line: str) -> dict[str, object]:
    number, name, description, primary, attributes = line.split("|")
    entry: dict[str, object] = {"id": int(number), "name": name, "description": description}
    if primary:
        entry["primaryAttribute"] = _attribute(primary)
    return entry | {"attributes": [_attribute(part) for part in attributes.split(", ")]}


def _attribute(text: str) -> dict[str, str]:
    name, kind = text.strip().rsplit(":", 1)
    return {"name": name, "dataType": kind}
