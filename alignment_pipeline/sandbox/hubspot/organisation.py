"""The demo organisation in a portal: the same companies, people, deals and work, as a company keeps them that has HubSpot alone.

Belongs here: what of the organisation becomes which record. Leads and contacts are contacts here, one for an address; who they are is kept
in `names`, for tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.sandbox.hubspot import organisation_values as values_of
from alignment_pipeline.sandbox.hubspot.links import CONTACT_TO_COMPANY
from alignment_pipeline.sandbox.hubspot.records import Source
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.organisation.organisation import Organisation

Record = Mapping[str, Any]
#: Marketo's types of activity that HubSpot has a record for.
FORM, VISIT = 2, 1
EVENTS = {10: "OPEN", 11: "CLICK", 9: "UNSUBSCRIBED", 8: "BOUNCE"}
_PERSON, _MIGRATION = Source("CRM_UI", "userId:1", user_id=1), Source("MIGRATION", "load")
_FIRST = {"owners": 101, "companies": 200_001, "contacts": 300_001, "deals": 400_001, "work": 500_001, "users": 700_001}
_CUSTOMER = "Customer"


@dataclass(frozen=True)
class Names:
    """Salesforce and Marketo ids -> ids in the portal."""

    companies: Mapping[str, str]
    contacts: Mapping[str, str]
    owners: Mapping[str, str]
    deals: Mapping[str, str]


@dataclass
class _Move:
    """The records on their way into the portal."""

    store: HubSpotStore
    source: Organisation
    companies: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)
    by_email: dict[str, str] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> Mapping[str, Sequence[Record]]:
        """The CRM's records of the organisation."""
        return self.source.salesforce

    def all(self) -> Names:
        """Move everything."""
        self._owners()
        self._companies()
        self._people()
        self._deals()
        self._work()
        self._logs()
        return Names(self.companies, self.contacts, self.owners, self.deals)

    def marketing(self) -> Names:
        """Move the people and what they did, as contacts that are synced with the CRM's records."""
        crm = {"sfdcLeadId": "salesforceleadid", "sfdcContactId": "salesforcecontactid", "sfdcAccountId": "salesforceaccountid"}
        for row in self.source.marketo_leads:
            if not row.get("email") or row.get("isAnonymous"):
                continue
            number = self._known_only_to_marketing(row)
            self._same(str(row["id"]), number)
            ids = {own: str(row[name]) for name, own in crm.items() if row.get(name)}
            record = self.store.objects["contacts"][number]
            fresh = {name: value for name, value in ids.items() if name not in record.values}
            if fresh:
                self.store.change("contacts", record, fresh, record.updated_at, _MIGRATION, lag=0.0)
        self._logs()
        return Names(self.companies, self.contacts, self.owners, self.deals)

    def _owners(self) -> None:
        rows = self.rows
        members = [*((row, "PERSON") for row in rows["User"]), *((row, "QUEUE") for row in rows["Group"] if row["Type"] == "Queue")]
        listed = []
        for place, (row, type_) in enumerate(members):
            number = str(_FIRST["owners"] + place)
            self.owners[str(row["Id"])] = number
            is_person = type_ == "PERSON"
            first, last = (row.get("FirstName"), row.get("LastName")) if is_person else (row["Name"], None)
            at = values_of.iso(row["CreatedDate"])
            team = [{"id": "1", "name": row["Department"], "primary": True}] if is_person and row.get("Department") else []
            listed.append(
                {"id": number, "type": type_, "email": row.get("Email"), "firstName": first, "lastName": last, "userId": int(number)}
                | {
                    "createdAt": at,
                    "updatedAt": values_of.iso(row["LastModifiedDate"]),
                    "archived": is_person and not row["IsActive"],
                    "teams": team,
                }
            )
            if is_person and row["TimeZoneSidKey"]:
                values = {"hs_standard_time_zone": str(row["TimeZoneSidKey"]), "hubspot_owner_id": number}
                self.store.create("users", values, row["CreatedDate"], _MIGRATION, record_id=str(_FIRST["users"] + place), lag=0.0)
        self.store.owners = listed

    def _companies(self) -> None:
        for place, row in enumerate(one for one in self.rows["Account"] if not one["IsDeleted"]):
            self.companies[str(row["Id"])] = str(_FIRST["companies"] + place)
        for row in self.rows["Account"]:
            number = self.companies.get(str(row["Id"]))
            if number is None:
                continue
            website = str(row["Website"] or "")
            values = {
                "name": row["Name"],
                "website": website,
                "domain": website.partition("://")[2].partition("/")[0].removeprefix("www."),
                "phone": row["Phone"],
                "city": row["BillingCity"],
                "state": row["BillingState"],
                "country": row["BillingCountry"],
                "industry": row["Industry"],
                "type": row["Type"],
                "lifecyclestage": "customer" if row["Type"] == _CUSTOMER else "lead",
                "numberofemployees": row["NumberOfEmployees"],
                "annualrevenue": row["AnnualRevenue"],
                "hubspot_owner_id": self.owners.get(str(row["OwnerId"])),
                "hs_parent_company_id": self.companies.get(str(row["ParentId"])),
            }
            self._put("companies", number, values, row["CreatedDate"])
        for deleted in (one for one in self.rows["Account"] if one["MasterRecordId"] in self.companies):
            # what was on an account that is gone is on the one that took it
            self.companies.setdefault(str(deleted["Id"]), self.companies[str(deleted["MasterRecordId"])])

    def _people(self) -> None:
        marketo = {str(row["id"]): row for row in self.source.marketo_leads}
        by_crm = {str(row.get("sfdcContactId") or row.get("sfdcLeadId")): row for row in marketo.values()}
        rows = self.rows
        histories = values_of.by_record(rows["LeadHistory"], "LeadId") | values_of.by_record(rows["ContactHistory"], "ContactId")
        for row in sorted((one for one in rows["Contact"] if not one["IsDeleted"]), key=lambda one: (one["CreatedDate"], one["Id"])):
            self._person(row, by_crm.get(str(row["Id"])), histories.get(str(row["Id"]), ()), row["Title"], company=row["AccountId"])
        for row in rows["Lead"]:
            if row["IsConverted"]:
                self._same(str(row["Id"]), self.contacts.get(str(row["ConvertedContactId"])))
        for row in sorted((one for one in rows["Lead"] if not one["IsDeleted"] and not one["IsConverted"]), key=values_of.age):
            self._person(row, by_crm.get(str(row["Id"])), histories.get(str(row["Id"]), ()), row["Title"])
        for object_ in ("Contact", "Lead"):
            for row in rows[object_]:
                self._same(str(row["Id"]), self.contacts.get(str(row["MasterRecordId"])))
        for number, row in marketo.items():
            known = self.contacts.get(str(row.get("sfdcContactId"))) or self.contacts.get(str(row.get("sfdcLeadId")))
            if known is None and row.get("email") and not row.get("isAnonymous"):
                known = self._known_only_to_marketing(row)
            self._same(number, known)

    def _person(self, row: Record, known: Record | None, history: Iterable[Record], title: Any, *, company: Any = None) -> None:
        email = str(row["Email"] or (known or {}).get("email") or "").strip().lower()
        if email in self.by_email:
            self._same(str(row["Id"]), self.by_email[email])
            return
        address = "Mailing" if "MailingCity" in row else ""
        values = {
            "email": email,
            "firstname": row["FirstName"],
            "lastname": row["LastName"],
            "company": row.get("Company"),
            "jobtitle": title,
            "phone": row["Phone"],
            "website": row.get("Website"),
            "city": row[f"{address}City"],
            "state": row[f"{address}State"],
            "country": row[f"{address}Country"],
            "industry": row.get("Industry"),
            "numemployees": row.get("NumberOfEmployees"),
            "hs_analytics_source": row["LeadSource"],
            "hs_email_optout": "true" if row["HasOptedOutOfEmail"] or (known or {}).get("unsubscribed") else "false",
            "hs_email_hard_bounce_reason_enum": "UNKNOWN_USER" if (known or {}).get("emailInvalid") else None,
            "associatedcompanyid": self.companies.get(str(company)),
        }
        owners = values_of.owners_over_time(row, history)
        number = str(_FIRST["contacts"] + len(set(self.contacts.values())))
        self._put("contacts", number, values | {"hubspot_owner_id": self.owners.get(str(owners[0][1]))}, row["CreatedDate"])
        for at, owner in owners[1:]:
            record = self.store.objects["contacts"][number]
            self.store.change("contacts", record, {"hubspot_owner_id": self.owners.get(str(owner), "")}, at, _PERSON, lag=0.0)
        if values["associatedcompanyid"]:
            self.store.link("contacts", number, "companies", str(values["associatedcompanyid"]), type_ids=[CONTACT_TO_COMPANY["primary"]])
        self._same(str(row["Id"]), number)
        if email:
            self.by_email[email] = number
            self.emails[number] = email

    def _known_only_to_marketing(self, row: Record) -> str:
        email = str(row["email"]).strip().lower()
        if email not in self.by_email:
            number = str(_FIRST["contacts"] + len(set(self.contacts.values())))
            names = {"firstname": "firstName", "lastname": "lastName", "company": "company", "jobtitle": "title", "city": "city"}
            names |= {"state": "state", "country": "country", "website": "website", "hs_analytics_source": "leadSource"}
            values = {own: row.get(name) for own, name in names.items()} | {"email": email}
            flag = "true" if row.get("unsubscribed") else "false"
            self._put("contacts", number, values | {"hs_email_optout": flag}, datetime.fromisoformat(str(row["createdAt"])))
            self.by_email[email], self.emails[number] = number, email
        return self.by_email[email]

    def _deals(self) -> None:
        rows = self.rows
        stages = {str(row["MasterLabel"]): str(row["MasterLabel"]).lower().replace(" ", "") for row in rows["OpportunityStage"]}
        self.store.pipelines = [
            {"id": "default", "label": "Sales pipeline", "stages": [values_of.stage(row, stages) for row in rows["OpportunityStage"]]}
        ]
        histories = values_of.by_record(rows["OpportunityHistory"], "OpportunityId")
        roles = values_of.by_record(rows["OpportunityContactRole"], "OpportunityId")
        for place, row in enumerate(one for one in rows["Opportunity"] if not one["IsDeleted"]):
            number = str(_FIRST["deals"] + place)
            self.deals[str(row["Id"])] = number
            spans = [
                (one["CreatedDate"], values_of.deal(one["StageName"], one["Amount"], one["CloseDate"], stages))
                for one in histories.get(str(row["Id"]), ())
            ]
            spans = spans or [(row["CreatedDate"], {})]
            values = {"dealname": row["Name"], "dealtype": row["Type"], "pipeline": "default", "hs_analytics_source": row["LeadSource"]}
            values |= {"hubspot_owner_id": self.owners.get(str(row["OwnerId"]))}
            first = values_of.deal(row["StageName"], row["Amount"], row["CloseDate"], stages) | spans[0][1]
            self._put("deals", number, values | first, row["CreatedDate"])
            last = values_of.deal(row["StageName"], row["Amount"], row["CloseDate"], stages)
            ends = [*spans[1:], (max(spans[-1][0], row["CreatedDate"]), last)]
            for at, changed in ends:
                text = {name: "" if value is None else str(value) for name, value in changed.items()}
                self.store.change("deals", self.store.objects["deals"][number], text, at, _PERSON, lag=0.0)
            if self.companies.get(str(row["AccountId"])):
                self.store.link("deals", number, "companies", self.companies[str(row["AccountId"])], type_ids=[5])
            for role in roles.get(str(row["Id"]), ()):
                contact = self.contacts.get(str(role["ContactId"]))
                if contact and not role["IsDeleted"]:
                    self.store.link("deals", number, "contacts", contact, type_ids=[3])

    def _work(self) -> None:
        place = 0
        for object_ in ("Task", "Event"):
            for row in self.rows[object_]:
                if row["IsDeleted"] or row.get("IsRecurrence") or row.get("IsChild"):
                    continue
                kind, values = values_of.engagement(object_, row)
                number = str(_FIRST["work"] + place)
                place += 1
                values["hubspot_owner_id"] = self.owners.get(str(row["OwnerId"]))
                self._put(kind, number, values, row["CreatedDate"])
                contact, company = self.contacts.get(str(row["WhoId"])), self.companies.get(str(row["AccountId"]))
                if contact:
                    self.store.link(kind, number, "contacts", contact, type_ids=[200])
                if company:
                    self.store.link(kind, number, "companies", company, type_ids=[180])

    def _logs(self) -> None:
        forms: dict[str, str] = {}
        for row in self.source.marketo_activities:
            email = self.emails.get(self.contacts.get(str(row["leadId"]), ""))
            if email is None:
                continue
            at = datetime.fromisoformat(str(row["activityDate"]))
            attributes = {str(one["name"]): one["value"] for one in row["attributes"]}
            kind = int(row["activityTypeId"])
            if kind == FORM:
                name = str(row["primaryAttributeValue"])
                if name not in forms:
                    forms[name] = f"form-{len(forms) + 1:04d}"
                    self.store.add_form(forms[name], name)
                page = str(attributes.get("Referrer URL") or "")
                self.store.submit(forms[name], at, {"email": email}, page=page)
            elif kind in EVENTS:
                is_bot = bool(attributes.get("Is Bot Activity"))
                more = {"subject": row.get("primaryAttributeValue"), "emailCampaignId": int(row.get("primaryAttributeValueId") or 0)}
                self.store.happened(EVENTS[kind], email, at, is_filtered=is_bot, url=attributes.get("Link"), **more)

    def _put(self, kind: str, number: str, values: Mapping[str, Any], at: datetime) -> None:
        text = {name: values_of.text(value) for name, value in values.items() if value is not None and value != ""}
        self.store.create(kind, text, at.astimezone(UTC), _MIGRATION, record_id=number, lag=0.0)

    def _same(self, name: str, number: str | None) -> None:
        if number is not None:
            self.contacts.setdefault(name, number)


def load(store: HubSpotStore, organisation: Organisation) -> Names:
    """Put the organisation into an empty portal."""
    with store.lock:
        names = _Move(store, organisation).all()
        store.loaded()
    return names


def load_marketing(store: HubSpotStore, organisation: Organisation) -> Names:
    """Put the people and what they did into an empty portal that stands beside a CRM."""
    with store.lock:
        names = _Move(store, organisation).marketing()
        store.loaded()
    return names
