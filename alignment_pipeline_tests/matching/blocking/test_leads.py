"""What a lead row says: which of its domains speak, and which company it names."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.blocking import leads
from alignment_pipeline_tests.matching import factories

BASE = factories.index({"name": "Quorvex", "website": "quorvex.com"}, {"name": "84.51"})


@pytest.mark.parametrize(
    ("lead", "domain", "web_domain"),
    [
        ({"email": "a@mail.quorvex.com"}, "quorvex.com", ""),
        ({"email": "a@gmail.com", "website": "https://quorvex.com/x"}, "", "quorvex.com"),
        ({"email_domain": "quorvex.com", "email": "a@gmail.com"}, "quorvex.com", ""),
        ({"company": "quorvex.com"}, "", "quorvex.com"),
        ({"website": "https://quorvex.github.com"}, "", ""),
    ],
)
def test_only_domains_of_a_company_speak(lead: dict[str, object], domain: str, web_domain: str) -> None:
    batch = leads.read(factories.leads(lead), BASE)

    assert ([domain], [web_domain]) == (batch.domain, batch.web_domain)


def test_digits_are_junk_unless_an_account_bears_that_name() -> None:
    batch = leads.read(factories.leads({"company": "12345"}, {"company": "84.51"}), BASE)

    assert [True, False] == batch.junk.tolist()
