"""Which column of an export is which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_pipeline.errors import RowsRefused
from alignment_pipeline.matching.files import exports


@pytest.mark.parametrize("header", ["Company / Account", "company_account", "CompanyAccount", " COMPANY  ACCOUNT "])
def test_spellings_of_a_header_are_one(header: str) -> None:
    assert {"company": [0]} == exports.recognise([header], {"company": ("company account",)})


@given(st.lists(st.tuples(st.sampled_from(["", "a.com", "b.com"]), st.sampled_from(["", "a.com", "c.com"])), min_size=1, max_size=6))
def test_of_two_columns_of_one_name_no_value_is_lost(pairs: list[tuple[str, str]]) -> None:
    rows = "".join(f"{at},Acme,{one},{other}\n" for at, (one, other) in enumerate(pairs))

    export = exports.read_accounts(f"Account ID,Account Name,Website,Website\n{rows}".encode(), "a.csv")

    assert [one or other for one, other in pairs] == export.frame["website"].tolist()
    both = any(one for one, _ in pairs) and any(other for _, other in pairs)
    assert both == ("both called 'Website'" in " ".join(export.notes))


def test_a_column_that_is_empty_gives_way_to_another_spelling() -> None:
    export = exports.read_accounts(b"Account ID,Account Name,Website,Domain\n1,Acme,,acme.com\n", "a.csv")

    assert ("acme.com", "Domain") == (export.frame["website"][0], export.source["website"])


def test_every_bad_row_is_named_at_once() -> None:
    with pytest.raises(RowsRefused) as error:
        exports.read_leads(b"Lead ID,Company\n,A\n1,B\n1,C\n2,D,E\n", "l.csv")

    assert all(words in str(error.value) for words in ("line 2", "line 4", "line 5"))
