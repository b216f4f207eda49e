"""The demo organisation's people: every promised situation is there, the truth is decidable, nobody is real."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from alignment_pipeline.sandbox import organisation
from alignment_pipeline.sandbox.organisation import LeadTruth, Organisation, companies, names, team, titles, truth, typing_habits

_SYSTEM_DOMAINS = {team.INTERNAL_DOMAIN}


@cache
def small() -> Organisation:
    return organisation.generate(seed=21, accounts=200, people=800, activities=6000)


@cache
def medium() -> Organisation:
    return organisation.generate(seed=4, accounts=1500, people=3000, activities=15_000)


@cache
def leads() -> dict[str, dict[str, Any]]:
    return {str(record["Id"]): record for record in small().salesforce["Lead"]}


def of_kind(kind: str) -> list[LeadTruth]:
    return [lead for lead in small().truth.leads if lead.kind == kind]


def rows(name: str) -> list[dict[str, Any]]:
    return small().salesforce[name]


def test_every_lead_has_one_truth() -> None:
    assert Counter(lead.lead_id for lead in small().truth.leads) == Counter(list(leads()))


def test_the_right_account_is_live_and_among_the_acceptable() -> None:
    accounts = {record["Id"]: record for record in rows("Account")}
    for lead in of_kind("account"):
        assert lead.account_id in lead.acceptable_ids
        assert all(not accounts[identifier]["IsDeleted"] for identifier in lead.acceptable_ids)
    for lead in of_kind("none"):
        assert (lead.account_id, lead.acceptable_ids) == (None, ())
    for lead in of_kind("ambiguous"):
        assert lead.account_id is None
        assert len(lead.acceptable_ids) >= 2


def test_a_lead_with_an_account_can_be_told_by_its_domain_or_its_own_name() -> None:
    """Oracle: without a domain of the company's own, the text must hold a name that no other company of the list has."""
    accounts = {record["Id"]: record for record in rows("Account")}
    owners = Counter(company.domain for company in companies.load())
    cores = Counter(company.core for company in companies.load())
    for lead in of_kind("account"):
        record, account = leads()[lead.lead_id], accounts[lead.account_id]
        domain = companies.registrable_domain("http://" + str(record["Email"]).partition("@")[2]) if record["Email"] else ""
        own = companies.registrable_domain(str(account["Website"])) if account["Website"] else ""
        is_told_by_domain = bool(domain) and domain == own and owners[domain] == 1
        is_written_out = lead.habit not in ("acronym", "nothing", "handle")
        assert is_told_by_domain or is_written_out, (record["Company"], record["Email"], account["Name"])
        if lead.habit == "exact" and not is_told_by_domain and account["ParentId"] is None:
            assert cores[companies.core_of(str(account["Name"]))] == 1 or len(lead.acceptable_ids) > 1 or domain == own


def test_leads_without_account_belong_to_companies_that_have_none() -> None:
    names_in_crm = {companies.core_of(str(record["Name"])) for record in rows("Account")}
    outside = [lead for lead in of_kind("none") if lead.why == "outside" and lead.habit in ("exact", "no_legal_form", "lower")]

    assert len(outside) >= 60
    for lead in outside:
        assert companies.core_of(str(leads()[lead.lead_id]["Company"])) not in names_in_crm


def test_the_truth_knows_people_of_marketing_alone_too() -> None:
    persons = small().truth.persons.values()
    alone = [one for one in persons if one["marketo"] and not one["leads"] and not one["contacts"]]
    accounts = {record["Id"] for record in rows("Account") if not record["IsDeleted"]}

    assert {one["kind"][0] for one in alone} == {"account", "outside", "none"}
    assert all(bool(one["accounts"]) == (one["kind"][0] in ("account", "ambiguous")) for one in persons)
    assert all(set(one["accounts"]) <= accounts for one in persons)


def test_people_type_their_company_in_all_the_usual_ways() -> None:
    habits = Counter(lead.habit for lead in medium().truth.leads)
    wanted = {
        "exact": 50,
        "no_legal_form": 40,
        "lower": 10,
        "upper": 4,
        "typo": 4,
        "unit": 4,
        "city": 4,
        "handle": 4,
        "acronym": 3,
        "nothing": 30,
    }
    wanted |= {"country": 3, "spaces": 2, "and": 2, "office": 1, "homonym": 2}

    assert {habit: habits[habit] for habit, least in wanted.items() if habits[habit] < least} == {}
    typed = {str(record["Company"]) for record in leads().values()}
    assert any(text.startswith("@") for text in typed)
    assert len(typed & set(typing_habits.NOTHING)) >= 10


def test_addresses_are_corporate_private_foreign_or_missing() -> None:
    found: Counter[str] = Counter()
    known = {company.domain for company in companies.load()}
    for record in leads().values():
        if record["Email"] is None:
            found["none"] += 1
            continue
        host = str(record["Email"]).partition("@")[2]
        domain = companies.registrable_domain("http://" + host)
        if host == team.INTERNAL_DOMAIN:
            found["internal"] += 1
        elif domain in known:
            found["subdomain" if host != domain else "company"] += 1
        else:
            found["private or country"] += 1

    assert found["company"] >= 150
    assert found["private or country"] >= 80
    assert found["none"] >= 40
    assert found["subdomain"] >= 3
    assert found["internal"] >= 5


def test_country_domains_appear_and_are_no_other_companys() -> None:
    found = medium()
    taken = {company.domain for company in companies.load()}
    labels = {company.domain.split(".")[0] for company in companies.load() if company.domain.endswith(".com")}
    abroad = set()
    for record in (*found.salesforce["Lead"], *found.salesforce["Contact"]):
        domain = str(record["Email"] or "").partition("@")[2]
        if domain and domain not in taken and domain.split(".")[0] in labels and domain.split(".")[-1] != "com":
            abroad.add(domain)
    freemail = {"yahoo.co.uk", "yahoo.co.jp", "yahoo.co.in", "yahoo.es", "hotmail.co.uk"}

    assert len(abroad - freemail) >= 2
    assert not abroad & taken


def test_no_address_is_a_real_persons() -> None:
    """Private addresses end in five random digits; family names are coined from halves, so a whole name stands for nobody."""
    corporate = {company.domain for company in companies.load()}
    labels = {domain.split(".")[0] for domain in corporate}
    coined = {culture_end for culture in names.CULTURES.values() for culture_end in culture.ends}
    for record in (*leads().values(), *rows("Contact")):
        local, _, host = str(record["Email"] or "").partition("@")
        domain = companies.registrable_domain("http://" + host) if host else ""
        if domain and domain not in corporate and domain.split(".")[0] not in labels and host not in _SYSTEM_DOMAINS:
            assert re.search(r"\d{5}$", local), record["Email"]
        last = str(record["LastName"])
        assert any(last.endswith(end) or last.endswith(end[1:]) for end in coined), last


def test_two_people_share_an_address_only_where_it_is_a_shared_mailbox() -> None:
    owners: dict[str, set[str]] = {}
    records = {str(record["Id"]): record for name in ("Lead", "Contact") for record in rows(name)}
    for person, one in small().truth.persons.items():
        for identifier in (*one["leads"], *one["contacts"]):
            email = records[identifier]["Email"]
            if email is not None:
                owners.setdefault(email.lower(), set()).add(person)
    shared = {email for email, persons in owners.items() if len(persons) > 1}

    assert len(shared) >= 3
    assert all(email.startswith("info@") for email in shared)


def test_telephone_numbers_are_from_blocks_kept_for_fiction() -> None:
    fictional = re.compile(r"555-?\.?01\d\d|\.555\.01|7946 0|30 23125|2 5550|1 99 00")
    numbers = [str(record["Phone"]) for name in ("Lead", "Contact", "Account") for record in rows(name) if record["Phone"]]

    assert len(numbers) >= 200
    assert all(fictional.search(number) for number in numbers)


def test_duplicates_merges_deletions_and_conversions_are_all_there() -> None:
    persons = small().truth.persons
    converted = [record for record in leads().values() if record["IsConverted"]]
    merged = [record for record in leads().values() if record["MasterRecordId"]]
    deleted = [record for record in leads().values() if record["IsDeleted"] and not record["MasterRecordId"]]
    both = [one for one in persons.values() if one["leads"] and one["contacts"]]
    twice = [one for one in persons.values() if len(one["leads"]) > 1]
    everywhere = [one for one in both if one["marketo"]]
    two_marketo = [one for one in persons.values() if len(one["marketo"]) > 1]

    assert len(converted) >= 12
    assert len(merged) >= 8
    assert len(deleted) >= 6
    assert len(both) >= len(converted) + 10
    assert len(twice) >= 16
    assert len(everywhere) >= 20
    assert len(two_marketo) >= 3
    assert sum(bool(record["MasterRecordId"]) for record in rows("Contact")) >= 3
    assert sum(record["IsDeleted"] and not record["MasterRecordId"] for record in rows("Contact")) >= 3


def test_a_converted_lead_names_its_account_and_contact_and_keeps_no_tasks() -> None:
    right = {lead.lead_id: lead for lead in small().truth.leads}
    contacts = {record["Id"]: record for record in rows("Contact")}
    worked = {record["WhoId"] for record in rows("Task")}
    with_opportunity = 0
    for record in leads().values():
        if record["IsConverted"]:
            assert record["ConvertedAccountId"] == right[record["Id"]].account_id
            assert contacts[record["ConvertedContactId"]]["AccountId"] == record["ConvertedAccountId"]
            assert record["Status"] == team.CONVERTED
            assert record["Id"] not in worked
            with_opportunity += record["ConvertedOpportunityId"] is not None
    assert with_opportunity >= 3


def test_merged_accounts_point_at_a_live_one_and_the_truth_says_which() -> None:
    accounts = {record["Id"]: record for record in rows("Account")}
    merged = [record for record in accounts.values() if record["MasterRecordId"]]
    duplicates = [identifier for identifier in small().truth.accounts if not accounts[identifier]["IsDeleted"]]

    assert len(merged) >= 4
    for record in merged:
        assert record["IsDeleted"]
        assert not accounts[record["MasterRecordId"]]["IsDeleted"]
        assert small().truth.accounts[record["Id"]] == record["MasterRecordId"]
    assert sum(record["IsDeleted"] and not record["MasterRecordId"] for record in accounts.values()) >= 3
    assert len(duplicates) >= 8
    assert {bool(accounts[identifier]["Website"]) for identifier in duplicates} == {True, False}
    assert sum(record["ParentId"] is not None for record in accounts.values()) >= 8
    assert {"Customer", "Prospect", "Partner", None} <= {record["Type"] for record in accounts.values()}


def test_ownership_and_work_show_every_state() -> None:
    groups = {record["Id"] for record in rows("Group")}
    statuses = Counter(record["Status"] for record in leads().values())
    worked = {record["WhoId"] for record in rows("Task")}

    assert sum(record["OwnerId"] in groups for record in leads().values()) >= 40
    assert set(team.LEAD_STATUSES) == set(statuses)
    assert min(statuses.values()) >= 5
    assert sum(record["OwnerId"] not in groups and record["Id"] not in worked for record in leads().values()) >= 20
    assert sum(record["CallType"] == "Outbound" for record in rows("Task")) >= 50
    assert sum(record["CallType"] == "Inbound" for record in rows("Task")) >= 3
    assert sum(str(record["Subject"]).startswith("Email: ") for record in rows("Task")) >= 50
    assert sum("Inbound email: Re:" in str(record["Subject"]) for record in rows("Task")) >= 10
    automatic = re.compile(r"Automatic reply|Out of Office|Automatische Antwort|Réponse automatique")
    assert sum(bool(automatic.search(str(record["Subject"]))) for record in rows("Task")) >= 5
    assert sum(record["TaskSubtype"] == "Cadence" for record in rows("Task")) >= 5
    assert sum(not record["IsClosed"] for record in rows("Task")) >= 3
    assert sum(record["IsArchived"] for record in rows("Task")) >= 3
    assert sum(record["IsChild"] for record in rows("Event")) >= 2
    assert sum(record["IsAllDayEvent"] for record in rows("Event")) >= 1


def test_some_have_opted_out_everywhere() -> None:
    out = [record for record in leads().values() if record["HasOptedOutOfEmail"]]
    history = {record["LeadId"] for record in rows("LeadHistory") if record["Field"] == "HasOptedOutOfEmail"}

    assert len(out) >= 4
    assert {record["Id"] for record in out} == history
    assert sum(bool(lead.get("unsubscribed")) for lead in small().marketo_leads) >= 5


def test_campaign_members_respond_after_they_became_members() -> None:
    responded = [record for record in rows("CampaignMember") if record["HasResponded"]]

    assert len(responded) >= 40
    assert all(record["FirstRespondedDate"] <= small().anchor.date() for record in responded)
    assert all((record["FirstRespondedDate"] is None) == (not record["HasResponded"]) for record in rows("CampaignMember"))
    assert {record["Type"] for record in rows("Campaign")} >= {"Webinar", "Trade Show", "Content", "Email"}
    assert any(record["LeadId"] and record["ContactId"] for record in rows("CampaignMember"))


def test_titles_come_in_several_languages_and_seniorities() -> None:
    records = (*medium().salesforce["Lead"], *medium().salesforce["Contact"])
    found = {str(record["Title"]) for record in records if record["Title"]}

    for words in (
        ("Director of IT", "CFO"),
        ("Geschäfts", "leiter", "Leiter"),
        ("Directeur", "Responsable"),
        ("部長", "営業"),
        ("Gerente", "Director de"),
    ):
        assert any(any(word in title for word in words) for title in found), words
    assert sum(record["Title"] is None for record in leads().values()) >= 10


@pytest.mark.parametrize("persona", titles.PERSONAS)
def test_every_persona_has_a_title_in_every_language_and_seniority(persona: str) -> None:
    rng = random.Random(1)
    for country in ("US", "DE", "FR", "ES", "PT", "JP", "IT"):
        for seniority in titles.SENIORITIES:
            drawn = [titles.title(rng, persona, seniority, country) for _ in range(4)]
            assert any(drawn)


def test_the_truth_file_reads_back(tmp_path: Path) -> None:
    small().write_truth(tmp_path / "truth.json")

    assert truth.read(tmp_path / "truth.json") == small().truth


def test_deleted_leads_went_partly_within_the_recycle_bins_fifteen_days() -> None:
    bin_reach = small().anchor - timedelta(days=15)
    gone = [record["SystemModstamp"] for name in ("Lead", "Contact", "Account") for record in rows(name) if record["IsDeleted"]]

    assert sum(moment >= bin_reach for moment in gone) >= 5
    assert sum(moment < bin_reach for moment in gone) >= 3
