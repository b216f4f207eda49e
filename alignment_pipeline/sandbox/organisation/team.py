"""The demo company itself: its users, queues, calendars and organisation record.

Belongs here: Organization, User, Group, GroupMember, QueueSobject, LeadStatus, TaskStatus, OpportunityStage,
BusinessHours, Holiday. Whom they work on: `accounts.py`, `people.py`. The company is invented; its
domain is under the reserved name `.example`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

from alignment_pipeline.sandbox.organisation import geography, names
from alignment_pipeline.sandbox.organisation.records import Record, World

COMPANY = "Northwind Demo"
INTERNAL_DOMAIN = "northwind-demo.example"  # the agreement's default names it as internal
STAGES = (  # label, probability, forecast category, is closed, is won
    ("Prospecting", 10, "Pipeline", False, False),
    ("Qualification", 20, "Pipeline", False, False),
    ("Needs Analysis", 35, "Pipeline", False, False),
    ("Proposal/Price Quote", 60, "Best Case", False, False),
    ("Negotiation/Review", 80, "Commit", False, False),
    ("Closed Won", 100, "Closed", True, True),
    ("Closed Lost", 0, "Omitted", True, False),
)
NEW, WORKING, CONVERTED, CLOSED, RECYCLED = (
    "Open - Not Contacted",
    "Working - Contacted",
    "Closed - Converted",
    "Closed - Not Converted",
    "Nurturing",
)
LEAD_STATUSES = {NEW: False, WORKING: False, CONVERTED: True, CLOSED: False, RECYCLED: False}  # label: does it convert
TASK_STATUSES = {"Not Started": False, "In Progress": False, "Completed": True, "Waiting on someone else": False, "Deferred": False}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIXED_HOLIDAYS = (
    ("New Year's Day", 1, 1),
    ("Christmas Day", 12, 25),
    ("Labour Day", 5, 1),
    ("Boxing Day", 12, 26),
    ("Independence Day", 7, 4),
)


@dataclass(frozen=True)
class Rep:
    """A user who works on records, with the region and zone that count for clocks."""

    id: str
    name: str
    email: str
    role: str
    region: geography.Region


@dataclass(frozen=True)
class Team:
    """Everyone who may own or change a record."""

    reps: tuple[Rep, ...]
    marketers: tuple[Rep, ...]
    executives: tuple[Rep, ...]
    sync_user: Rep
    integration_user: Rep
    queues: dict[str, str]
    user_names: dict[str, str]

    def of(self, region: geography.Region, role: str) -> list[Rep]:
        """The reps of a region in a role: `sdr` takes leads, `ae` takes accounts."""
        return [rep for rep in self.reps if rep.region is region and rep.role == role]

    def queue_of(self, region: geography.Region) -> str:
        """The id of the queue in which a region's new leads wait."""
        return self.queues[region.name]


def _calendars(world: World) -> None:
    born = world.history_start - timedelta(days=900)
    stamps = world.stamps(born, [], _user_id(world))
    stamps.pop("IsDeleted")

    def hours(name: str, zone: str, opens: time, closes: time, *, weekend: bool = False, default: bool = False) -> None:
        record: Record = {
            "Id": world.mint.id("BusinessHours"),
            "Name": name,
            "IsActive": True,
            "IsDefault": default,
            "TimeZoneSidKey": zone,
        }
        for number, day in enumerate(_DAYS):
            is_open = number < 5 or weekend
            record[f"{day}StartTime"] = opens if is_open else None
            record[f"{day}EndTime"] = closes if is_open else None
        world.add("BusinessHours", record | stamps)

    hours("Always Open", "UTC", time(0), time(0), weekend=True, default=True)
    for region in geography.REGIONS:
        hours(region.name, region.zone, time(geography.OPENS), time(geography.CLOSES))

    def holiday(name: str, **fields: object) -> None:
        base: Record = {"Id": world.mint.id("Holiday"), "Name": name, "IsAllDay": True, "IsRecurrence": False}
        world.add("Holiday", base | fields | stamps)

    start = born.date().replace(month=1, day=1)
    for name, month, day in _FIXED_HOLIDAYS:
        holiday(
            name,
            ActivityDate=start.replace(month=month, day=day),
            IsRecurrence=True,
            RecurrenceType="RecursYearly",
            RecurrenceStartDate=start.replace(month=month, day=day),
            RecurrenceDayOfMonth=day,
            RecurrenceMonthOfYear=_MONTHS[month - 1],
        )
    holiday(
        "Thanksgiving Day",
        ActivityDate=start.replace(month=11, day=26),
        IsRecurrence=True,
        RecurrenceType="RecursYearlyNth",
        RecurrenceStartDate=start.replace(month=11, day=26),
        RecurrenceInstance="Fourth",
        RecurrenceDayOfWeekMask=16,  # Thursday: Sunday is 1, each next day doubles
        RecurrenceMonthOfYear="November",
    )
    last_tuesday = world.anchor.date() - timedelta(days=(world.anchor.weekday() - 1) % 7 + 7)
    holiday("Company Day", ActivityDate=last_tuesday)
    half_day = {"IsAllDay": False, "StartTimeInMinutes": 13 * 60, "EndTimeInMinutes": 17 * 60}
    holiday("Afternoon Off", ActivityDate=last_tuesday - timedelta(days=20), **half_day)


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def _user_id(world: World) -> str:
    """The administrator's id, who stands as author of the organisation's own records."""
    return str(world.salesforce["User"][0]["Id"])


def _users(world: World) -> tuple[list[Rep], list[Rep], list[Rep], Rep, Rep]:
    rng = world.rng("team")
    taken: set[str] = set()
    home = geography.REGIONS[0]

    def user(
        region: geography.Region, role: str, title: str, department: str, manager: str | None, *, active: bool = True, system: str = ""
    ) -> Rep:
        country = rng.choice(sorted(region.countries)) if region.countries else "US"
        first, last = ("", system) if system else names.name(rng, country)
        login = system.lower().replace(" ", ".") if system else names.local_part(rng, first, last)
        while login in taken:
            login += "2"
        taken.add(login)
        born = world.history_start - timedelta(days=rng.randrange(30, 1500), seconds=rng.randrange(86_400))
        stamps = world.stamps(born, [world.anchor - timedelta(days=rng.randrange(3, 400))], "")
        stamps.pop("IsDeleted")
        record = world.add(
            "User",
            {
                "Id": world.mint.id("User"),
                "Username": f"{login}@{INTERNAL_DOMAIN}",
                "Email": f"{login}@{INTERNAL_DOMAIN}",
                "FirstName": first or None,
                "LastName": last,
                "Name": f"{first} {last}".strip(),
                "Alias": login.replace(".", "")[:8],
                "Title": title,
                "Department": department,
                "ManagerId": manager,
                "IsActive": active,
                "UserType": "Standard",
                "TimeZoneSidKey": region.zone,
                "LocaleSidKey": "en_US",
                "LanguageLocaleKey": "en_US",
            }
            | stamps,
        )
        record["CreatedById"] = record["LastModifiedById"] = world.salesforce["User"][0]["Id"]
        return Rep(str(record["Id"]), str(record["Name"]), str(record["Email"]), role, region)

    integration = user(home, "system", "Integration user", "Operations", None, system="Alignment Integration")
    sync = user(home, "system", "Integration user", "Operations", None, system="Marketo Sync")
    chief = user(home, "executive", "Chief Revenue Officer", "Sales", None)
    chief_marketing = user(home, "executive", "Chief Marketing Officer", "Marketing", chief.id)
    marketers = [
        user(home, "marketing", title, "Marketing", chief_marketing.id)
        for title in ("Demand Generation Manager", "Campaign Manager", "Marketing Operations")
    ]
    reps: list[Rep] = []
    managers: list[Rep] = []
    for number, region in enumerate(geography.REGIONS):
        # One region's manager has left and nobody changed the reporting line: escalations must not end there.
        manager = user(region, "manager", "Regional Sales Manager", "Sales", chief.id, active=number != 2)
        managers.append(manager)
        reps += [user(region, "sdr", "Sales Development Representative", "Sales", manager.id) for _ in range(2)]
        reps += [user(region, "ae", "Account Executive", "Sales", manager.id) for _ in range(3)]
    by_id = {record["Id"]: record for record in world.salesforce["User"]}
    by_id[managers[7].id]["ManagerId"], by_id[managers[8].id]["ManagerId"] = managers[8].id, managers[7].id  # they report to each other
    by_id[reps[4].id]["ManagerId"] = None
    by_id[reps[-1].id]["IsActive"] = False
    return reps + managers, marketers, [chief, chief_marketing], sync, integration


def build(world: World) -> Team:
    """Write the organisation, its users, queues, calendars and stages."""
    reps, marketers, executives, sync, integration = _users(world)
    admin = _user_id(world)
    born = world.history_start - timedelta(days=900)
    stamps = world.stamps(born, [], admin)
    undeletable = {key: value for key, value in stamps.items() if key != "IsDeleted"}
    world.add(
        "Organization",
        {
            "Id": world.mint.id("Organization"),
            "Name": COMPANY,
            "InstanceName": "DEMO1",
            "IsSandbox": False,
            "OrganizationType": "Enterprise Edition",
            "TimeZoneSidKey": geography.REGIONS[0].zone,
            "LanguageLocaleKey": "en_US",
        }
        | undeletable,
    )
    queues = {}
    for region in geography.REGIONS:
        developer_name = "Inbound_" + "".join(part for part in region.name.replace(",", "").split())
        queue = {"Id": world.mint.id("Group"), "Name": f"Inbound {region.name}", "DeveloperName": developer_name, "Type": "Queue"}
        queues[region.name] = str(world.add("Group", queue | {"Email": f"inbound@{INTERNAL_DOMAIN}"} | undeletable)["Id"])
        for rep in (rep for rep in reps if rep.region is region and rep.role in ("sdr", "manager")):
            member = {"Id": world.mint.id("GroupMember"), "GroupId": queues[region.name], "UserOrGroupId": rep.id}
            world.add("GroupMember", member | {"SystemModstamp": stamps["SystemModstamp"]})
        for object_ in ("Lead", "Task"):
            queued = {"Id": world.mint.id("QueueSobject"), "QueueId": queues[region.name], "SobjectType": object_, "CreatedById": admin}
            world.add("QueueSobject", queued | {"SystemModstamp": stamps["SystemModstamp"]})
    readers = {"Id": world.mint.id("Group"), "Name": "Report readers", "DeveloperName": "Report_readers", "Type": "Regular"}
    world.add("Group", readers | {"Email": None} | undeletable)
    for order, (label, probability, category, closed, won) in enumerate(STAGES, start=1):
        stage = {"Id": world.mint.id("OpportunityStage"), "MasterLabel": label, "ApiName": label, "IsClosed": closed, "IsWon": won}
        details = {"DefaultProbability": float(probability), "ForecastCategoryName": category, "SortOrder": order, "IsActive": True}
        world.add("OpportunityStage", stage | details | undeletable)
    for object_, statuses in (("LeadStatus", LEAD_STATUSES), ("TaskStatus", TASK_STATUSES)):
        for order, (label, is_last) in enumerate(statuses.items(), start=1):
            status = {"Id": world.mint.id(object_), "MasterLabel": label, "ApiName": label, "SortOrder": order, "IsDefault": order == 1}
            world.add(object_, status | {"IsConverted" if object_ == "LeadStatus" else "IsClosed": is_last} | undeletable)
    _calendars(world)
    return Team(
        reps=tuple(reps),
        marketers=tuple(marketers),
        executives=tuple(executives),
        sync_user=sync,
        integration_user=integration,
        queues=queues,
        user_names={str(record["Id"]): str(record["Name"]) for record in world.salesforce["User"]}
        | {str(record["Id"]): str(record["Name"]) for record in world.salesforce["Group"]},
    )
