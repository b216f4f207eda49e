"""A second currency is a code on the same records; an organisation with one has no such field."""

from __future__ import annotations

from alignment_pipeline.sandbox.organisation.deal_currencies import EURO_AREA, OBJECTS
from alignment_pipeline.sandbox.organisation.geography import NAMES
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore

SIZE = {"seed": 5, "accounts": 200, "people": 500, "activities": 2500}


def test_deals_of_the_euro_area_are_in_euros_and_nothing_else_differs() -> None:
    one, two = generate(**SIZE), generate(**SIZE, currencies=2)
    countries = {NAMES.get(code, code) for code in EURO_AREA}
    in_euros = {record["Id"] for record in two.salesforce["Account"] if record["BillingCountry"] in countries}
    deals = two.salesforce["Opportunity"]
    assert {"USD", "EUR"} == {record["CurrencyIsoCode"] for record in deals}
    assert {record["Id"] for record in deals if record["CurrencyIsoCode"] == "EUR"} == {
        record["Id"] for record in deals if record["AccountId"] in in_euros
    }
    assert all(row["currency"] in ("USD", "EUR") for rows in two.truth.deals.values() for row in rows if "amount" in row)
    for name in OBJECTS:
        for record in two.salesforce[name]:
            del record["CurrencyIsoCode"]
    rates = {name: two.salesforce.pop(name) for name in ("CurrencyType", "DatedConversionRate")}
    assert {"USD": 1.0, "EUR": rates["DatedConversionRate"][-2]["ConversionRate"]} == {
        row["IsoCode"]: row["ConversionRate"] for row in rates["CurrencyType"]
    }
    assert one.salesforce == two.salesforce and not any("currency" in row for rows in one.truth.deals.values() for row in rows)


def test_only_an_organisation_with_several_currencies_has_the_field() -> None:
    single, several = SalesforceStore(), SalesforceStore(currencies=("USD", "EUR"))
    for name in OBJECTS:
        assert "CurrencyIsoCode" not in {field.name for field in single.schema.objects[name].fields}
        (field,) = [field for field in several.schema.objects[name].fields if field.name == "CurrencyIsoCode"]
        assert ("USD", ["USD", "EUR"]) == (field.default, [value.value for value in field.picklist])
    assert "CurrencyIsoCode" not in {field.name for field in several.schema.objects["Task"].fields}
