"""Which domain is registrable, and of which class it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.matching.names import domains, wordlists
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories

RULES = [rule.lstrip("!*.") for rule in sorted(domains._extract.tlds) if rule.isascii()]


def by_the_list(host: str) -> str:
    parts = domains._extract(host)
    if not parts.suffix:
        return ""
    return f"{parts.domain}.{parts.suffix}" if parts.domain else host if parts.is_private else ""


@pytest.mark.parametrize("prefix", ["", "a.", "b.a.", "www.c.b.a."])
def test_hosts_under_every_kind_of_suffix_have_the_same_registrable_domain(prefix: str) -> None:
    hosts = [prefix + rule for rule in RULES[::5]]

    assert [by_the_list(host) for host in hosts] == [domains.registrable(host) for host in hosts]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("www.acme.com", "acme.com"),
        ("acme.co.uk", "acme.co.uk"),
        ("me.github.io", "me.github.io"),
        ("10.0.0.1", ""),
        ("com", ""),
        ("a.b.ck", "a.b.ck"),
    ],
)
def test_a_host_has_one_registrable_domain(host: str, expected: str) -> None:
    assert expected == domains.registrable(host)


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
    settings = MatchingSettings(freemail_additions=frozenset({"corpmail.example.com"}), corporate_domains=frozenset({"aol.com"}))

    assert domains.CORPORATE == domains.domain_class("aol.com", corporate_exceptions=settings.corporate_domains)
    assert domains.FREEMAIL == domains.domain_class("corpmail.example.com", freemail_additions=settings.freemail_additions)


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("a@quorvex.com; b@dalmund.com", "quorvex.com"),
        ("quorvex.com / dalmund.com", "quorvex.com"),
        ("J.Lee <jo@quorvex.com>", "quorvex.com"),
        ("mailto:jo@quorvex.com", "quorvex.com"),
        ("http:\\\\www.quorvex.com\\de", "quorvex.com"),
        ("http:/quorvex.com", "quorvex.com"),
        ("https//quorvex.com", "quorvex.com"),
        ("http://https://www.quorvex.com/", "quorvex.com"),
        ("https://user:secret@quorvex.com:8080/x?y=a@b.com", "quorvex.com"),
        ("www.quorvex,com", "quorvex.com"),
        ("quorvex. com", "quorvex.com"),
        ("quorvex.com (old)", "quorvex.com"),
        ('<a href="https://quorvex.com">Quorvex</a>', "quorvex.com"),
        ("ｑｕｏｒｖｅｘ．ｃｏｍ", "quorvex.com"),
        ("quorvex.com\u200b", "quorvex.com"),
        ("QUORVEX.COM.", "quorvex.com"),
        ("n/a", ""),
        ("none yet, ask Jo", ""),
        ("see Mr.Lee", ""),
    ],
)
def test_a_domain_is_read_however_it_is_typed(typed: str, domain: str) -> None:
    assert domain == domains.registrable(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("quorvex.sharepoint.com", "dalmund.sharepoint.com"),
        ("https://quorvex.zendesk.com", "https://dalmund.zendesk.com/hc"),
        ("https://sites.google.com/view/quorvex", "https://sites.google.com/view/dalmund"),
        ("quorvex.teamtailor.com", "dalmund.teamtailor.com"),
        ("https://www.glassdoor.com/Overview/quorvex", "https://www.glassdoor.com/Overview/dalmund"),
        ("https://play.google.com/store/apps/dev?id=1", "https://play.google.com/store/apps/dev?id=2"),
        ("quorvex.my.salesforce.com", "dalmund.my.salesforce.com"),
    ],
)
def test_a_host_of_many_companies_is_nobodys_domain(one: str, other: str) -> None:
    base = factories.index({"name": "Quorvex", "website": one})

    assert domains.SHARED == domains.domain_class(domains.registrable(one))
    for lead in ({"company": "Dalmund", "website": other}, {"company": "", "website": other}, {"company": "", "website": one}):
        assert "none" == factories.matched(base, **lead)["decision"]


@pytest.mark.parametrize("site", ["zendesk.com", "https://www.zendesk.com/pricing", "www.glassdoor.com", "jo@teamtailor.com"])
def test_the_host_itself_is_its_owners(site: str) -> None:
    assert domains.CORPORATE == domains.domain_class(domains.registrable(site))


@given(st.sampled_from(sorted(wordlists.shared_hosts()[0])), st.from_regex("[a-z]{3,8}", fullmatch=True).filter(lambda name: name != "www"))
def test_no_name_below_a_shared_host_is_a_company(host: str, name: str) -> None:
    assert domains.SHARED == domains.domain_class(domains.registrable(f"https://{name}.{host}/x"))
