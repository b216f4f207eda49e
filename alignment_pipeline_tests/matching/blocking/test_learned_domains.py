"""Domains that contacts and confirmed matches teach."""

from __future__ import annotations

from alignment_pipeline_tests.matching import factories


def test_contacts_and_past_matches_teach_other_domains() -> None:
    contacts = factories.leads({"account_id": "A1", "email": "a@qvx-mail.net"}, {"account_id": "A1", "email": "b@qvx-mail.net"})
    past = factories.leads({"account_id": "A2", "email_domain": "dlm-shipping.org"}, {"account_id": "A2", "email_domain": "gmail.com"})
    base = factories.index({"name": "Quorvex", "website": "quorvex.com"}, {"name": "Dalmund"}, contacts=contacts, past_matches=past)

    by_contact = factories.matched(base, company="Quorvex Labs", email="c@qvx-mail.net")
    by_past = factories.matched(base, company="Dalmund Shipping", email_domain="dlm-shipping.org")

    assert ("matched", "A1", "contact_domain") == (by_contact["decision"], by_contact["account_id"], by_contact["rule"])
    assert ("matched", "A2", "contact_domain") == (by_past["decision"], by_past["account_id"], by_past["rule"])
    assert "gmail.com" not in base.learned
