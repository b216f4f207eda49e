"""A small embedded Salesforce for tests: a standing clock, a package of its own, a client that speaks plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from alignment_pipeline.sandbox.faults import Fault, Faults
from alignment_pipeline.sandbox.salesforce.identities import READER
from alignment_pipeline.sandbox.salesforce.settings import OrgSettings
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import ShiftableTime, World, sandbox_clock

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
PERSON = "005000000000001AAA"
QUEUE = "00G000000000001EAA"
NO_ASSIGNMENT = {"Sforce-Auto-Assign": "FALSE"}

_META = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
FIELDS: dict[str, dict[str, str]] = {
    "Lead": {
        "Score__c": "<type>Number</type><precision>5</precision><scale>1</scale>",
        "Grade__c": "<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>"
        "<value><fullName>A</fullName><default>false</default></value><value><fullName>B</fullName><default>false</default></value>"
        "</valueSetDefinition></valueSet>",
        "Reason__c": "<type>Text</type><length>20</length><trackHistory>true</trackHistory>",
        "Key__c": "<type>Text</type><length>30</length><unique>true</unique><externalId>true</externalId>",
        "Foreign_Id__c": "<type>Text</type><length>30</length><externalId>true</externalId>",
        "Due__c": "<type>DateTime</type>",
        "Notes__c": "<type>LongTextArea</type><length>32000</length><visibleLines>3</visibleLines>",
        "Double__c": "<type>Number</type><precision>18</precision><scale>1</scale><formula>Score__c * 2</formula>",
        "Left__c": "<type>Number</type><precision>18</precision><scale>0</scale>"
        "<formula>IF(ISBLANK(Due__c), NULL, (Due__c - NOW()) * 1440)</formula>",
        "Hold__c": "<type>Checkbox</type><defaultValue>false</defaultValue>",
    },
    "Activity": {"Event_Key__c": "<type>Text</type><length>80</length><unique>true</unique><externalId>true</externalId>"},
}


def write_package(folder: Path, fields: dict[str, dict[str, str]] = FIELDS) -> Path:
    """A metadata package in source format; `fields` is object -> field -> inner XML."""
    for name, ones in fields.items():
        target = folder / "objects" / name / "fields"
        target.mkdir(parents=True, exist_ok=True)
        for field_name, inner in ones.items():
            label = field_name.removesuffix("__c").replace("_", " ")
            text = f"<CustomField {_META}><fullName>{field_name}</fullName><label>{label}</label>{inner}</CustomField>"
            (target / f"{field_name}.field-meta.xml").write_text(text, encoding="utf-8")
    return folder


def lead(number: int, **values: Any) -> dict[str, Any]:
    """One lead, owned by a person, made a day before NOW."""
    common = {
        "Id": f"00Q{number:012d}",
        "LastName": f"Last{number}",
        "Company": "Acme",
        "OwnerId": PERSON,
        "Status": "Open - Not Contacted",
    }
    return common | {"CreatedDate": datetime(2026, 11, 19, 12, tzinfo=UTC)} | values


def people() -> dict[str, list[dict[str, Any]]]:
    """A person and a queue, so that owners exist."""
    user = {
        "Id": PERSON,
        "Username": "rep@acme.example",
        "LastName": "Rep",
        "FirstName": "Ann",
        "Email": "rep@acme.example",
        "IsActive": True,
    }
    return {"User": [user], "Group": [{"Id": QUEUE, "Name": "Inbound", "Type": "Queue"}]}


def world(package: Path, data: dict[str, list[dict[str, Any]]], *, currencies: Sequence[str] = (), **settings: Any) -> World:
    """A world whose clock stands at NOW until it is advanced; bulk jobs end at once unless told otherwise."""
    chosen = OrgSettings(**({"bulk_wait_seconds": 0.0, "bulk_rows_per_second": 1e12} | settings))
    store = SalesforceStore(package=package, settings=chosen, currencies=currencies)
    made = World(sandbox_clock(NOW, base=lambda: 1_000_000.0), Faults(), store)
    made.salesforce.load(people())
    made.salesforce.load(data)
    return made


@dataclass
class Client:
    """Plain HTTP with a session of the reader's app."""

    world: World
    root: str
    version: str = "59.0"
    session: requests.Session = field(default_factory=requests.Session)
    settings: dict[str, Any] = field(default_factory=dict)

    def login(self, role: str = READER) -> Client:
        """Client credentials; returns itself."""
        app = self.world.salesforce.identities.app(role)
        form = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.client_secret}
        answer = self.session.post(f"{self.root}/services/oauth2/token", data=form, timeout=60)
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def renewed(self) -> Client:
        """The world as it was loaded, at NOW, without faults; logged in again. Quicker than a new one for each test."""
        made = self.world
        made.faults.clear()
        made.faults.random.seed(0)
        made.audit.clear()
        made.calls.clear()
        made.salesforce.reset()
        made.salesforce.identities.failures.clear()
        made.salesforce.identities.soap_login = True
        vars(made.salesforce.settings).update(self.settings)
        assert isinstance(made.clock.unix_time, ShiftableTime)
        made.clock.unix_time.shift = 0.0
        self.version = "59.0"
        return self.login()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One call below /services/data/vXX.0."""
        more.setdefault("timeout", 5)
        return self.session.request(method, f"{self.root}/services/data/v{self.version}{path}", **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        """GET."""
        return self.call("GET", path, **more)

    def query(self, soql: str) -> Any:
        """The JSON of a query."""
        return self.get("/query", params={"q": soql}).json()

    def ids(self, soql: str) -> list[str]:
        """The 15-character ids that a query finds."""
        return [one["Id"][:15] for one in self.query(soql)["records"]]

    def update(self, records: list[dict[str, Any]], **more: Any) -> requests.Response:
        """A collection update of leads without assignment rules."""
        rows = [{"attributes": {"type": "Lead"}} | one for one in records]
        return self.call("PATCH", "/composite/sobjects", json={"allOrNone": False, "records": rows} | more, headers=NO_ASSIGNMENT)

    def fault(self, kind: str, **rule: Any) -> int:
        """Switch a fault on; keys that are no rule keys are options."""
        return self.world.faults.add(Fault.from_json({"kind": kind} | rule))


@contextmanager
def served(made: World) -> Iterator[Client]:
    """The world over HTTP, with a logged-in client."""
    with Sandbox(made) as sandbox:
        yield Client(made, sandbox.url(), settings=dict(vars(made.salesforce.settings))).login()


class ToSandbox(HTTPAdapter):
    """Sends every https request of a vendor's host to the sandbox over plain http, for clients that know https only."""

    def __init__(self, root: str) -> None:
        super().__init__()
        self.root = root

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Rewrite scheme and host, keep the path."""
        parts = str(request.url).split("/", 3)
        request.url = f"{self.root}/{parts[3]}"
        request.headers["Host"] = parts[2]
        return super().send(request, *args, **more)
