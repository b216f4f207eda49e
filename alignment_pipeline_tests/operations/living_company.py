"""A small company whose raw tables grow day by day: things arrive late, are corrected, deleted, and come back.

For tests of history. Each day's rows are known on that day; what they tell of may lie weeks before.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import account, contact, lead, opportunity, raw_row, user

# past on every machine that runs this: Dagster knows no partition of a day to come
FIRST = date(2025, 3, 1)
_CREATED = {"CreatedDate": "2025-01-05T08:00:00.000Z", "createdAt": "2025-01-05T08:00:00Z"}
ACCOUNTS, CONTACTS, LEADS = 5, 10, 10
_TITLES = ("CEO", "VP Marketing", "Director of Sales", "Marketing Manager", "Analyst", None)
_PAGES = ("/pricing", "/features/matching", "/solutions/abm", "/blog/42", "/careers")
_TYPES = {1: "Visit Webpage", 2: "Fill Out Form", 10: "Open Email", 11: "Click Email"}
Rows = dict[str, list[dict[str, Any]]]


class LivingCompany:
    """Rows of a day, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._activities = 0
        self._rows: Rows = {}

    def lives(self, warehouse: Warehouse, day: date) -> None:
        """Append what becomes known on a day; on the first, everybody."""
        self._rows = {}
        self._known_at = datetime.combine(day, time(6), UTC)
        if day == FIRST:
            self._begins()
        self._acts(day)
        self._corrects()
        for name, rows in self._rows.items():
            warehouse.append(name, pa.Table.from_pylist(rows, schema=CONTRACTS[name].schema))

    def _add(self, table: str, record_id: str, **fields: Any) -> None:
        created = {name: value for name, value in _CREATED.items() if name in CONTRACTS[table].names}
        stamp = {"known_at": self._known_at, "modified_at": fields.pop("modified_at", self._known_at)}
        self._rows.setdefault(table, []).append(raw_row(table, record_id, **{**created, **stamp, **fields}))

    def _begins(self) -> None:
        self._add("raw_salesforce_users", user(1), Name="Rep One", IsActive="true", Email="rep@ours.example")
        for number, name in _TYPES.items():
            self._add("raw_marketo_activity_types", str(number), name=name)
        for name, closed, won in (("Prospecting", "false", "false"), ("Closed Won", "true", "true")):
            self._add("raw_salesforce_opportunity_stages", f"01J{name[:6]}", MasterLabel=name, ApiName=name, IsClosed=closed, IsWon=won)
        for number in range(ACCOUNTS):
            self._account(number)
        for number in range(CONTACTS):
            self._contact(number)
        for number in range(LEADS):
            self._lead(number)
        for number in range(CONTACTS):
            self._add("raw_marketo_leads", str(number), email=self._address(number), sfdcContactId=contact(number))
        for number in range(LEADS):
            self._add(
                "raw_marketo_leads", str(100 + number), email=f"lead{number}@company{number % ACCOUNTS}.example", sfdcLeadId=lead(number)
            )

    def _account(self, number: int, **fields: Any) -> None:
        usual = {"Name": f"Company{number} Werke", "Website": f"company{number}.example", "OwnerId": user(1), "Industry": "Software"}
        size = {"NumberOfEmployees": str(300 * (number + 1)), "BillingCountry": "Germany"}
        self._add("raw_salesforce_accounts", account(number), **{**usual, **size, **fields})

    def _contact(self, number: int, **fields: Any) -> None:
        usual = {
            "LastName": f"Contact{number}",
            "Email": self._address(number),
            "AccountId": account(number % ACCOUNTS),
            "OwnerId": user(1),
        }
        self._add("raw_salesforce_contacts", contact(number), **{**usual, "Title": _TITLES[number % len(_TITLES)], **fields})

    def _lead(self, number: int, **fields: Any) -> None:
        usual = {"LastName": f"Lead{number}", "Company": f"Company{number % ACCOUNTS} Werke", "Status": "Open", "OwnerId": user(1)}
        more = {"Email": f"lead{number}@company{number % ACCOUNTS}.example", "Title": _TITLES[(number + 2) % len(_TITLES)]}
        self._add("raw_salesforce_leads", lead(number), **{**usual, **more, "IsConverted": "false", **fields})

    def _address(self, number: int) -> str:
        return f"contact{number}@company{number % ACCOUNTS}.example"

    def _acts(self, day: date) -> None:
        """A dozen activities that happened up to three weeks before they became known."""
        for _ in range(12):
            self._activities += 1
            late = timedelta(days=self._random.choice((0, 0, 0, 1, 5, 20)), hours=self._random.randrange(1, 6))
            happened = self._known_at - late
            person = self._random.choice([*range(CONTACTS), *range(100, 100 + LEADS)])
            kind = self._random.choice((1, 1, 1, 2, 10, 11))
            what = self._random.choice(_PAGES) if kind == 1 else self._random.choice(("Request a demo", "Ebook download"))
            self._add(
                "raw_marketo_activities", f"guid{self._activities}", leadId=str(person), activityTypeId=str(kind), modified_at=happened,
                activityDate=happened.strftime("%Y-%m-%dT%H:%M:%SZ"), primaryAttributeValue=what, attributes=f'{{"Webpage URL": "{what}"}}',
            )  # fmt: skip

    def _corrects(self) -> None:
        """A title, a size, an owner's account, an opportunity: changed; a lead deleted, or back again."""
        pick = self._random.randrange
        self._contact(pick(CONTACTS), Title=self._random.choice(_TITLES))
        self._account(pick(ACCOUNTS), NumberOfEmployees=str(pick(20, 20_000)), Type=self._random.choice(("Prospect", "Customer", None)))
        self._lead(pick(LEADS), is_deleted=pick(3) == 0, Company=f"Company{pick(ACCOUNTS)} Werke")
        stage, closed, won = self._random.choice((("Prospecting", "false", "false"), ("Closed Won", "true", "true")))
        number = pick(3)
        self._add(
            "raw_salesforce_opportunities", opportunity(number), Name="Deal", StageName=stage, IsClosed=closed, IsWon=won, OwnerId=user(1),
            AccountId=account(number), CloseDate="2025-12-31", CreatedDate="2025-02-20T08:00:00.000Z",
        )  # fmt: skip
