"""The traps that CRM teams report: look-alikes, freemail by substring, junk, homonyms."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching import match
from alignment_pipeline.matching.decision import match_rows
from alignment_pipeline.matching.names import domains
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories


@pytest.mark.parametrize(
    ("company", "account"),
    [
        ("Bank of the West", "Bank of the East"),
        ("Stripe", "Strix"),
        ("ACY Capital", "Soda Capital"),
        ("Bytesforce", "Salesforce"),
        ("Intuit, Inc.", "Intumit"),
        ("Hotovo", "Otovo"),
        ("Charter", "Charter Hall"),
    ],
)
def test_look_alikes_never_match_by_themselves(company: str, account: str) -> None:
    base = factories.index({"name": account, "website": f"https://www.{account.lower().replace(' ', '')}.com"})

    assert factories.matched(base, company=company, email_domain="gmail.com")["decision"] != "matched"


def test_a_longer_name_is_review_unless_the_domain_agrees() -> None:
    base = factories.index({"name": "Chevron", "website": "chevron.com"})

    by_name = factories.matched(base, company="ChevronTexaco", email_domain="gmail.com")
    by_domain = factories.matched(base, company="ChevronTexaco", email_domain="chevron.com")

    assert ("review", "A1") == (by_name["decision"], by_name["account_id"])
    assert ("matched", "A1") == (by_domain["decision"], by_domain["account_id"])


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("livenation.com", domains.CORPORATE),
        ("delivery.com", domains.CORPORATE),
        ("mailchimp.com", domains.CORPORATE),
        ("yahoo.co.uk", domains.FREEMAIL),
        ("hotmail.fr", domains.FREEMAIL),
        ("live.com", domains.FREEMAIL),
        ("github.com", domains.SHARED),
        ("tum.de", domains.CORPORATE),
        ("stanford.edu", domains.ACADEMIC),
        ("ox.ac.uk", domains.ACADEMIC),
    ],
)
def test_domain_classes_are_exact(domain: str, kind: str) -> None:
    assert kind == domains.domain_class(domain)


def test_a_freemail_domain_is_never_evidence() -> None:
    base = factories.index({"name": "Yahoo Japan", "website": "yahoo.co.jp"}, {"name": "Quorvex", "website": "gmail.com"})

    assert "none" == factories.matched(base, company="Velmora", email_domain="gmail.com")["decision"]
    assert "none" == factories.matched(base, company="Velmora", email_domain="yahoo.co.jp")["decision"]


def test_the_agreement_can_add_and_except_domains() -> None:
    settings = MatchingSettings(freemail_additions=frozenset({"corpmail.example.com"}), corporate_domain_exceptions=frozenset({"aol.com"}))

    assert domains.CORPORATE == domains.domain_class("aol.com", corporate_exceptions=settings.corporate_domain_exceptions)
    assert domains.FREEMAIL == domains.domain_class("corpmail.example.com", freemail_additions=settings.freemail_additions)


@pytest.mark.parametrize(
    "company", ["n/a", "N.A.", "-", "self-employed", "Self Employed", "student", "Freelance IT specialist", "imdependent", "xxx", "12345"]
)
def test_fields_that_name_no_company_end_without_account(company: str) -> None:
    base = factories.index({"name": "Independence Health"}, {"name": "Student Loans Corp"}, {"name": "NA Holdings"})

    row = factories.matched(base, company=company, email_domain="gmail.com")

    assert ("none", None) == (row["decision"], row["account_id"])


def test_a_junk_company_still_matches_by_its_corporate_domain() -> None:
    base = factories.index({"name": "Quorvex", "website": "https://quorvex.com/about"})

    row = factories.matched(base, company="n/a", email="ann@mail.quorvex.com")

    assert ("matched", "A1", "domain") == (row["decision"], row["account_id"], row["rule"])


def test_homonyms_that_nothing_separates_are_review() -> None:
    base = factories.index({"name": "Quorvex", "website": "tryquorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com"})

    row = factories.matched(base, company="Quorvex", email_domain="gmail.com")

    assert "review" == row["decision"]
    assert row["confidence"] <= 0.5
    assert {"A1", "A2"} == {row["account_id"], row["runner_up_id"]}


def test_a_domain_separates_homonyms() -> None:
    base = factories.index({"name": "Quorvex", "website": "quorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com"})

    row = factories.matched(base, company="Quorvex", email_domain="getquorvex.com")

    assert ("matched", "A2") == (row["decision"], row["account_id"])


@pytest.mark.parametrize(
    ("company", "account"),
    [
        ("Quorvex", "Quorvex GmbH"),
        ("quorvex inc", "QUORVEX, Inc."),
        ("@quorvex", "Quorvex"),
        ("Quor Vex", "QuorVex"),
        ("Quorvéx S.A. de C.V.", "Quorvex"),
        ("Quorvex Technologies", "Quorvex"),
        ("Quorrvexian", "Quorvexian"),
        ("华为", "Huawei"),
        ("IBM", "International Business Machines Corporation"),
        ("Quorvex & Dalmund", "Quorvex and Dalmund Ltd."),
        ("ООО Кворвекс", "Kvorveks"),
        ("Nimbola; Quorvex GmbH", "Nimbola AG"),
    ],
)
def test_other_spellings_of_a_name_match(company: str, account: str) -> None:
    base = factories.index({"name": account})

    row = factories.matched(base, company=company, email_domain="gmail.com")

    assert ("matched", "A1") == (row["decision"], row["account_id"])


def test_contacts_and_past_matches_teach_other_domains() -> None:
    contacts = factories.leads({"account_id": "A1", "email": "a@qvx-mail.net"}, {"account_id": "A1", "email": "b@qvx-mail.net"})
    past = factories.leads({"account_id": "A2", "email_domain": "dlm-shipping.org"}, {"account_id": "A2", "email_domain": "gmail.com"})
    base = factories.index({"name": "Quorvex", "website": "quorvex.com"}, {"name": "Dalmund"}, contacts=contacts, past_matches=past)

    by_contact = factories.matched(base, company="Quorvex Labs", email="c@qvx-mail.net")
    by_past = factories.matched(base, company="Dalmund Shipping", email_domain="dlm-shipping.org")

    assert ("matched", "A1", "contact_domain") == (by_contact["decision"], by_contact["account_id"], by_contact["rule"])
    assert ("matched", "A2", "contact_domain") == (by_past["decision"], by_past["account_id"], by_past["rule"])
    assert "gmail.com" not in base.learned


def test_a_domain_of_many_unlike_accounts_is_shared() -> None:
    rows: list[dict[str, object]] = [
        {"name": name, "website": "agency-sites.com"} for name in ("Quorvex", "Dalmund", "Nimbola", "Verquist", "Tarsopel")
    ]
    base = factories.index(*rows)

    row = factories.matched(base, company="Zelphora", email_domain="agency-sites.com")

    assert "none" == row["decision"]


def test_sentences_fit_the_crm_field() -> None:
    long = "Quorvex " + "Extraordinarily Long Naming Words " * 8
    base = factories.index({"name": long}, {"name": long + "Two"})

    row = factories.matched(base, company=long, email_domain="gmail.com")

    assert 0 < len(str(row["reason"])) <= 255


def test_schema_is_one_row_per_lead_in_order() -> None:
    base = factories.index({"name": "Quorvex"})
    table = match.match_leads(factories.leads({"company": "Quorvex"}, {"company": ""}, {"company": "Verquist"}), base)

    assert ["L1", "L2", "L3"] == table["lead_id"].to_pylist()
    assert match_rows.SCHEMA == table.schema
