"""Which claims are of one company, and of one person."""

from __future__ import annotations

import pytest

from alignment_pipeline.identity import claims
from alignment_pipeline.identity.claims import Claim


def company(*names: str, site: str = "", account: str = "") -> Claim:
    return Claim(accounts=frozenset(filter(None, [account])), companies=claims.company_names(names), sites=claims.company_sites([site]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Quorvex", "QUORVEX GmbH"),
        ("Quorvex", "Quorvex Metal Holding"),
        ("Quorvex Metal", "Quorvexmetal"),
        ("Quorvexian Labs", "Quorvexain Labs"),
        ("IBM", "International Business Machines Corporation"),
        ("Vorban Brevik Kestrel", "VBK"),
        ("Nimbola; Quorvex GmbH", "Quorvex"),
        ("华为", "Huawei Technologies"),
    ],
)
def test_spellings_of_one_company_are_one(one: str, other: str) -> None:
    assert claims.same_company(company(one), company(other)) is True
    assert claims.same_company(company(other), company(one)) is True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Quorvex", "Dalmund"),
        ("Bank of Vorban", "Bank of Kestrel"),
        ("Vorban Technologies", "Kestrel Technologies"),
        ("Lab 128", "Lab 126"),
        ("University of Vorban", "Vorbanian Steel"),
    ],
)
def test_companies_that_share_only_plain_words_or_another_number_are_two(one: str, other: str) -> None:
    assert claims.same_company(company(one), company(other)) is False


def test_accounts_and_sites_decide_before_names_and_silence_decides_nothing() -> None:
    assert claims.same_company(company("Quorvex", account="A1"), company("Old name", account="A1")) is True
    assert claims.same_company(company("Quorvex", site="qvx.com"), company("Old name", site="www.qvx.com/de")) is True
    assert claims.same_company(company("Quorvex", site="facebook.com/quorvex"), company("Dalmund", site="facebook.com/dalmund")) is False
    assert claims.same_company(company("n/a"), company("Quorvex")) is None


def test_someone_without_employer_is_at_no_company() -> None:
    nowhere = Claim(has_no_employer=True)

    assert [False, True, None] == [claims.same_company(nowhere, other) for other in (company("Quorvex"), nowhere, Claim())]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("Joanna", "Lee"), ("Jo", "Lee"), True),
        (("Lee", "Joanna"), ("Joanna", "Lee"), True),
        (("J.", "Lee"), ("Joanna", "Lee"), True),
        (("Joana", "Lee"), ("Joanna", "Lee-Smith"), True),
        (("Robert", "Lee"), ("Bob", "Lee"), True),
        (("Zoë", "Müller"), ("Zoe", "Muller"), True),
        (("Anna", "Lee"), ("Peter", "Lee"), False),
        (("Joanna", "Lee"), ("Joanna", "Brevik"), False),
        (("", ""), ("Joanna", "Lee"), True),
    ],
)
def test_two_names_are_one_persons_or_two(one: tuple[str, str], other: tuple[str, str], is_same: bool) -> None:
    mine, theirs = (Claim(people=claims.full_names([name])) for name in (one, other))

    assert is_same == claims.same_name(mine, theirs) == claims.same_name(theirs, mine)


@pytest.mark.parametrize(
    ("domain", "claim", "is_theirs"),
    [
        ("quorvex.com", company("Quorvex GmbH"), True),
        ("qvx.com", company("Quorvex", site="https://qvx.com"), True),
        ("gmail.com", company("Gmail"), False),
        ("dalmund.com", company("Quorvex"), False),
    ],
)
def test_a_domain_is_a_companys_by_its_site_or_name_and_free_mail_is_nobodys(domain: str, claim: Claim, is_theirs: bool) -> None:
    assert is_theirs == claims.is_domain_of(domain, claim)
