"""Lists that people make: any dialect, either form of an id, and unknown ids are said."""

from __future__ import annotations

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.files import lists

LEADS, ACCOUNTS = {"00Q5g00000XyZabEAB", "L2"}, {"0015g00000AbCdEAAV", "0015g00000AbCdeAAF", "7"}


def read(text: str, encoding: str = "utf-8") -> lists.Corrections:
    return lists.corrections(text.encode(encoding), "always.csv", leads=LEADS, accounts=ACCOUNTS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "text",
    [
        "lead_id,account_id\nL2,7\n",
        "Lead ID;Account ID\r\nL2;7\r\n;;\r\n\r\n",
        "sep=;\nLead Id;AccountId;Müller\nL2;7;\n",
        "account id\tlead id\n7\tL2\n",
    ],
)
def test_a_list_is_read_in_every_dialect_of_exports(text: str, encoding: str) -> None:
    assert (("L2", "7"),) == read(text, encoding).pairs


def test_an_id_of_15_characters_means_the_one_of_18_and_case_counts() -> None:
    found = read("lead_id,account_id\n00Q5g00000XyZab,0015g00000AbCde\n00Q5g00000XyZabEAB,0015g00000AbCdEAAV\n")

    assert (("00Q5g00000XyZabEAB", "0015g00000AbCdeAAF"), ("00Q5g00000XyZabEAB", "0015g00000AbCdEAAV")) == found.pairs
    assert () == found.unknown


def test_ids_that_no_record_bears_are_said() -> None:
    found = read("lead_id,account_id\nL9,7\nL2,8\nL2,\n")

    assert (("L2", "8"), ("L2", "")) == found.pairs
    assert ("always.csv, line 2: no lead has the id 'L9'", "always.csv, line 3: no account has the id '8'") == found.unknown


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ConfigurationError, match="needs the columns lead_id, account_id; it has lead_id, x"):
        read("lead_id,x\nL2,7\n")


def test_only_the_first_notes_are_shown() -> None:
    assert [*"abcde", "and 2 more"] == lists.said(list("abcdefg"))
