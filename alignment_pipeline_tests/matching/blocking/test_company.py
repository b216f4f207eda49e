"""Which records are one company: the same name at the same site; namesakes elsewhere stay apart."""

from __future__ import annotations

import pytest

from alignment_pipeline_tests.matching import factories


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"name": "Quorvex Inc.", "website": "quorvex.com"}, {"name": "Quorvex GmbH", "website": "www.quorvex.com/de"}, True),
        ({"name": "Quorvex", "website": "quorvex.com"}, {"name": "Quorvex", "website": "quorvex.de"}, True),
        ({"name": "Quorvex", "website": "quorvex.com"}, {"name": "Quorvex"}, True),
        ({"name": "Quorvex", "website": "tryquorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com"}, False),
        ({"name": "Quorvex", "country": "DE"}, {"name": "Quorvex", "country": "US"}, False),
        ({"name": "Quorvex", "website": "shared.com"}, {"name": "Dalmund", "website": "shared.com"}, False),
    ],
)
def test_records_are_one_company_by_name_and_site(one: dict[str, object], other: dict[str, object], is_same: bool) -> None:
    company = factories.index(one, other).facts.company

    assert is_same == (company[0] == company[1])
