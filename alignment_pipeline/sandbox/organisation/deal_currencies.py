"""A second currency: deals of accounts in the euro area are in euros, with the numbers as they were drawn.

Belongs here: which record is in which currency, and the CRM's own rates. The rates that decide are the agreement's.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from alignment_pipeline.sandbox.organisation.accounts import Accounts
from alignment_pipeline.sandbox.organisation.records import Record, World, utc

COMPANY, SECOND = "USD", "EUR"
EURO_AREA = frozenset("AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK".split())
#: Objects of the CRM with amounts: in an organisation with several currencies each record has one.
OBJECTS = ("Account", "Lead", "Opportunity", "OpportunityHistory", "Campaign")
#: Euros for a dollar from the first day of each quarter of the year before the anchor's and of the anchor's own; before them one rate.
BEFORE, QUARTERS = 0.95, (0.92, 0.905, 0.853, 0.852, 0.87, 0.858, 0.875, 0.862)
# how Salesforce writes a span without beginning or end
_ALWAYS, _FOR_EVER = date.min, date(9999, 12, 31)


def write(world: World, accounts: Accounts) -> None:
    """Set `CurrencyIsoCode` on every record with amounts: a deal's is its account's, and does not change."""
    in_euros = {account.id for account in accounts.accounts if account.country in EURO_AREA}
    for record in world.salesforce.get("Account", []):
        record["CurrencyIsoCode"] = SECOND if record["Id"] in in_euros else COMPANY
    deals = {}
    for record in world.salesforce["Opportunity"]:
        record["CurrencyIsoCode"] = deals[record["Id"]] = SECOND if record["AccountId"] in in_euros else COMPANY
    for record in world.salesforce.get("OpportunityHistory", []):
        record["CurrencyIsoCode"] = deals[record["OpportunityId"]]
    for name in ("Lead", "Campaign"):
        for record in world.salesforce.get(name, []):
            record["CurrencyIsoCode"] = COMPANY
    _write_rates(world)


def _write_rates(world: World) -> None:
    """CurrencyType and DatedConversionRate, as advanced currency management keeps them: the last dated rate is the current one."""
    first = world.anchor.year - 1
    steps = [(_ALWAYS, BEFORE)]
    steps += [(date(first + place // 4, place % 4 * 3 + 1, 1), units) for place, units in enumerate(QUARTERS)]
    steps = [(day, units) for day, units in steps if day <= world.anchor.date()]
    ends = [*(day for day, _ in steps[1:]), _FOR_EVER]
    by = str(world.salesforce["User"][0]["Id"])
    for (day, units), end in zip(steps, ends, strict=True):
        born = max(world.history_start, utc(day.year, day.month, day.day)) if day.year > 1 else world.history_start - timedelta(days=900)
        record = {"IsoCode": SECOND, "StartDate": day, "NextStartDate": end, "ConversionRate": units}
        world.add("DatedConversionRate", {"Id": world.mint.id("DatedConversionRate")} | record | _stamps(world, born, by))
    own = {"IsoCode": COMPANY, "StartDate": _ALWAYS, "NextStartDate": _FOR_EVER, "ConversionRate": 1.0}
    begun = world.history_start - timedelta(days=900)
    world.add("DatedConversionRate", {"Id": world.mint.id("DatedConversionRate")} | own | _stamps(world, begun, by))
    for code, units in ((COMPANY, 1.0), (SECOND, steps[-1][1])):
        record = {"IsoCode": code, "ConversionRate": units, "DecimalPlaces": 2, "IsActive": True, "IsCorporate": code == COMPANY}
        world.add("CurrencyType", {"Id": world.mint.id("CurrencyType")} | record | _stamps(world, begun, by))


def _stamps(world: World, born: datetime, by: str) -> Record:
    stamps = world.stamps(born, [], by)
    stamps.pop("IsDeleted")
    return stamps
