"""`alignment match` takes the exports CRMs write, and says what is wrong with those it cannot take."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alignment_pipeline.cli import match as command
from alignment_pipeline.errors import ConfigurationError

SALESFORCE_ACCOUNTS = '"Account ID","Account Name","Website","Billing Country"\n"001A","Quorvex GmbH","https://quorvex.de","Germany"\n"001B","Dalmund","",""\n'
SALESFORCE_LEADS = '"Lead ID","Company / Account","Email","Country"\n"00Q1","Quorvex","a@quorvex.de","DE"\n"00Q2","n/a","b@gmail.com",""\n'
HUBSPOT_ACCOUNTS = (
    "Record ID,Company name,Company Domain Name,Country/Region\n77,Quorvex GmbH,quorvex.de,Germany\n78,株式会社ダルマンド,,Japan\n"
)
HUBSPOT_LEADS = "Record ID;First Name;Company name;Email\n5;Zoë;Quorvex;\n6;花子;ダルマンド;x@gmail.com\n"


def run(folder: Path, accounts: bytes, leads: bytes, *options: str) -> Result:
    (folder / "accounts.csv").write_bytes(accounts)
    (folder / "leads.csv").write_bytes(leads)
    return CliRunner().invoke(
        command.match, [str(folder / "accounts.csv"), str(folder / "leads.csv"), "--out", str(folder / "matches.csv"), *options]
    )


def written(folder: Path, name: str = "matches.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def test_salesforce_exports_end_in_matches_and_a_summary(tmp_path: Path) -> None:
    result = run(tmp_path, SALESFORCE_ACCOUNTS.encode(), SALESFORCE_LEADS.encode(), "--json")
    rows = written(tmp_path)

    assert 0 == result.exit_code, result.output
    assert list(command.OUTPUT) == list(rows[0])
    assert [("00Q1", "001A", "matched"), ("00Q2", "", "none")] == [(row["lead_id"], row["account_id"], row["decision"]) for row in rows]
    summary = json.loads(result.stdout)
    assert (2, 1, 0, 1, 0.5) == tuple(summary[key] for key in ("leads", "matched", "review", "none", "match_rate"))
    assert {"domain_and_name": 1} == summary["matched_by_evidence"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp932"])
def test_hubspot_exports_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    leads = HUBSPOT_LEADS.replace("Zoë", "Zoe")
    result = run(tmp_path, HUBSPOT_ACCOUNTS.encode(encoding), leads.encode(encoding))

    assert 0 == result.exit_code, result.output
    assert [("5", "77"), ("6", "78")] == [(row["lead_id"], row["account_id"]) for row in written(tmp_path)]
    assert "2 leads against 2 accounts" in result.stdout


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1252", "Société Générale d'Été"),
        ("cp1251", "Яндекс Технологии"),
        ("gb18030", "华为技术有限公司"),
        ("cp949", "삼성전자 주식회사"),
        ("cp932", "東京エレクトロン"),
    ],
)
def test_legacy_encodings_are_recognised(tmp_path: Path, encoding: str, name: str) -> None:
    accounts = f"account_id,name\nA1,{name}\n".encode(encoding)
    leads = f"lead_id,company\nL1,{name}\n".encode(encoding)

    result = run(tmp_path, accounts, leads)

    assert 0 == result.exit_code, result.output
    assert [("L1", "A1", "matched")] == [(row["lead_id"], row["account_id"], row["decision"]) for row in written(tmp_path)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_any_delimiter_and_quoted_newlines(tmp_path: Path, mark: str) -> None:
    accounts = mark.join(["Id", "Name", "BillingStreet"]) + "\n" + mark.join(["A1", "Quorvex", f'"1 Road\nUnit{mark}2"']) + "\n"
    leads = mark.join(["Id", "Company"]) + "\r\n" + mark.join(["L1", "Quorvex Inc"]) + "\r\n"

    result = run(tmp_path, accounts.encode(), leads.encode())

    assert 0 == result.exit_code, result.output
    assert "A1" == written(tmp_path)[0]["account_id"]


@pytest.mark.parametrize(
    ("accounts", "leads", "words"),
    [
        ("foo,bar\n1,2\n", SALESFORCE_LEADS, ["accounts.csv", "account_id", "'account id'", "foo, bar"]),
        (SALESFORCE_ACCOUNTS, "Lead ID,Score\n1,2\n", ["leads.csv", "no column names a company"]),
        (SALESFORCE_ACCOUNTS, "Lead ID,Company\n1,Quorvex\n1,Dalmund\n", ["leads.csv", "line 3", "'1'", "already used on line 2"]),
        (SALESFORCE_ACCOUNTS, "Lead ID,Company\n,Quorvex\n", ["line 2", "'Lead ID' is empty"]),
        (SALESFORCE_ACCOUNTS, "Lead ID,Company\n1,Quorvex, Inc.\n", ["leads.csv", "line 2: 3 fields", "double quotes"]),
        (
            SALESFORCE_ACCOUNTS,
            'Lead ID,Company\n,A\n1,"B\nC"\n1,D\n2,E,F,G\n',
            ["leads.csv: 3 rows cannot be used", "line 2: ", "line 5: id '1'", "line 6: 4 fields"],
        ),
        ("", SALESFORCE_LEADS, ["accounts.csv", "is empty"]),
        ("PK\x03\x04zip", SALESFORCE_LEADS, ["Excel workbook", "save the sheet as CSV"]),
    ],
)
def test_bad_files_are_named_with_what_to_do(tmp_path: Path, accounts: str, leads: str, words: list[str]) -> None:
    result = run(tmp_path, accounts.encode(), leads.encode())

    assert isinstance(result.exception, ConfigurationError)
    for word in words:
        assert word in str(result.exception)
    assert not (tmp_path / "matches.csv").exists()


def test_a_missing_file_and_an_overwritten_input_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(SALESFORCE_ACCOUNTS)
    missing = CliRunner().invoke(command.match, [str(tmp_path / "a.csv"), str(tmp_path / "no.csv"), "--out", str(tmp_path / "m.csv")])
    own = CliRunner().invoke(command.match, [str(tmp_path / "a.csv"), str(tmp_path / "a.csv"), "--out", str(tmp_path / "a.csv")])

    assert isinstance(missing.exception, ConfigurationError) and isinstance(own.exception, ConfigurationError)
    assert "no.csv: cannot be read" in str(missing.exception)
    assert "would overwrite an input" in str(own.exception)


def test_the_review_file_is_safe_to_open_and_ids_stay_verbatim(tmp_path: Path) -> None:
    accounts = "id,name,website\n-1,=Quorvex,tryquorvex.io\n+2,=Quorvex,getquorvex.com\n"
    leads = 'id,company\n=L1,"=Quorvex"\n'

    result = run(tmp_path, accounts.encode(), leads.encode())
    review = written(tmp_path, "matches.review.csv")

    assert 0 == result.exit_code, result.output
    assert ["review"] == [row["decision"] for row in written(tmp_path)]
    assert ("=L1", "'=Quorvex") == (review[0]["lead_id"], review[0]["company"])
    assert {"-1", "+2"} == {review[0]["best_account_id"], review[0]["runner_up_id"]}


def test_corrections_and_evidence_files(tmp_path: Path) -> None:
    (tmp_path / "never.csv").write_text("lead_id,account_id\n00Q1,001A\n")
    (tmp_path / "always.csv").write_text("Lead ID,Account ID\n00Q2,001B\n")

    result = run(
        tmp_path,
        SALESFORCE_ACCOUNTS.encode(),
        SALESFORCE_LEADS.encode(),
        *("--never", str(tmp_path / "never.csv"), "--always", str(tmp_path / "always.csv"), "--evidence", str(tmp_path / "why.jsonl")),
    )
    rows = written(tmp_path)
    why = [json.loads(line) for line in (tmp_path / "why.jsonl").read_text(encoding="utf-8").splitlines()]

    assert 0 == result.exit_code, result.output
    assert ["", "001B"] == [row["account_id"] for row in rows]
    assert all(row["score_micro"] == sum(item["points_micro"] for item in row["evidence"]) for row in why)
