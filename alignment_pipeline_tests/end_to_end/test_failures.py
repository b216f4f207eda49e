"""First contact: what goes wrong before anything is read has its message, its remedy and its exit code, and nothing is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import lease
from alignment_pipeline_tests.end_to_end.company import Company, Said, alignment, company, small


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(small(), tmp_path_factory.mktemp("company"), factor=3600.0) as found:
        yield found


@pytest.fixture(autouse=True)
def calm(acme: Company) -> Iterator[None]:
    yield
    acme.world.faults.clear()
    assert [] == [write for write in acme.world.audit.writes() if write.source in ("api", "bulk")], "a failing run wrote"


def run(acme: Company, tmp_path: Path, **settings: str) -> Said:
    """`alignment run` against Salesforce alone, in a fresh home."""
    environ = {name: value for name, value in acme.environ.items() if not name.startswith("MARKETO_")}
    return alignment(environ | {"ALIGNMENT_HOME": str(tmp_path / "home")} | settings, "run", "--json")


def logins(acme: Company) -> int:
    return sum(
        number for label, number in acme.world.calls.by_endpoint("salesforce").get("salesforce", {}).items() if "oauth2/token" in label
    )


def test_wrong_credentials_are_a_configuration_error_and_never_retried(acme: Company, tmp_path: Path) -> None:
    before = logins(acme)
    said = run(acme, tmp_path, SALESFORCE_CLIENT_SECRET="wrong-wrong-wrong")
    assert 2 == said.code, said.err
    assert "salesforce" in said.err.lower() and "invalid_client" in said.err
    assert 1 == logins(acme) - before, "a second try could lock the user"
    assert "wrong-wrong-wrong" not in said.err + said.out


def test_an_unreachable_host_is_named(acme: Company, tmp_path: Path) -> None:
    said = run(acme, tmp_path, SALESFORCE_DOMAIN="127.0.0.1:9")
    assert 1 == said.code, said.err
    assert "127.0.0.1:9" in said.err


def test_a_missing_required_field_is_named_with_what_to_do(acme: Company, tmp_path: Path) -> None:
    acme.fault("hide_field", system="salesforce", count=None, object="Lead", field="Company")
    said = run(acme, tmp_path)
    assert 1 == said.code, said.err
    assert "Lead" in said.err and "Company" in said.err and "read" in said.err


def test_what_is_not_configured_is_named_and_half_a_marketo_is_not_an_empty_result(tmp_path: Path) -> None:
    said = alignment({"ALIGNMENT_HOME": str(tmp_path / "home"), "MARKETO_DOMAIN": "127.0.0.1:9"}, "run")
    assert 2 == said.code, said.err
    assert "salesforce: " in said.err and "SALESFORCE_CLIENT_ID" in said.err
    assert "marketo: " in said.err and "MARKETO_CLIENT_ID" in said.err


def test_a_wrong_agreement_is_said_before_anything_starts(acme: Company, tmp_path: Path) -> None:
    wrong = tmp_path / "agreement.yaml"
    text, changed = re.subn(r"\bmatch_confidence: [\d.]+", "match_confidence: 62", loader.default_path().read_text(encoding="utf-8"))
    assert changed == 1
    wrong.write_text(text)
    calls = acme.world.calls.total("salesforce")
    said = run(acme, tmp_path, ALIGNMENT_AGREEMENT=str(wrong))
    assert 2 == said.code, said.err
    assert "matching.match_confidence" in said.err and "found 62" in said.err
    assert "AgreementError" == json.loads(said.out)["kind"]
    assert calls == acme.world.calls.total("salesforce")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["apply", "nosuchplan"], 2, "alignment plan"),
        (["plan", "show", "nosuchplan"], 2, "no such plan"),
        (["explain", "nobody@nowhere.example"], 2, "no person or account is called"),
        (["run", "--as-of", "soon"], 2, "--as-of 'soon' is not a moment"),
        (["dance"], 2, "there is no command"),
        (["report", "--as-of"], 2, "requires an argument"),
    ],
)
def test_wrong_usage(acme: Company, tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    found = alignment(acme.environ | {"ALIGNMENT_HOME": str(tmp_path / "home")}, *arguments)
    assert (code, True) == (found.code, said in found.err), found.err


def test_the_clock_s_setting_must_be_readable(tmp_path: Path) -> None:
    said = alignment({"ALIGNMENT_HOME": str(tmp_path), "ALIGNMENT_CLOCK": "yesterday"}, "report")
    assert 2 == said.code and "ALIGNMENT_CLOCK" in said.err


def test_a_home_that_is_a_file_is_said_and_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = alignment({"ALIGNMENT_HOME": str(tmp_path / "file")}, "report")
    assert 1 == said.code
    assert said.err.startswith("alignment: ") and str(tmp_path / "file") in said.err


def test_the_doctor_says_what_to_mend(acme: Company, tmp_path: Path) -> None:
    acme.fault("hide_field", system="salesforce", count=None, object="Lead", field="Alignment_Stage__c")
    said = acme.alignment("doctor", "--json", ALIGNMENT_HOME=str(tmp_path / "home"))
    assert 2 == said.code, said.out
    failed = [one for one in said.json["findings"] if one["status"] == "fail"]
    assert ["write Lead"] == [one["subject"] for one in failed]
    assert "Alignment_Stage__c" in failed[0]["text"] and "metadata package" in failed[0]["fix"]


def test_a_second_full_run_gives_way_to_the_first(acme: Company, tmp_path: Path) -> None:
    home = Home.from_env(acme.environ | {"ALIGNMENT_HOME": str(tmp_path / "home")})
    calls = acme.world.calls.total("salesforce")
    with home.journal() as journal, lease.acquire(journal, lease.RUN):
        said = run(acme, tmp_path)
    assert 75 == said.code and "another process" in said.err, said.err
    assert calls == acme.world.calls.total("salesforce")


def test_init_fits_the_agreement_to_the_crm(acme: Company, tmp_path: Path) -> None:
    out = tmp_path / "agreement.yaml"
    said = acme.alignment("init", "--out", str(out), "--json", ALIGNMENT_HOME=str(tmp_path / "home"))
    assert 0 == said.code, said.err
    fitted = loader.load(out)
    emails = [str(user["Email"]) for user in acme.organisation.salesforce["User"]]
    own = max({email.partition("@")[2] for email in emails}, key=lambda domain: sum(email.endswith(f"@{domain}") for email in emails))
    assert [own] == fitted.people.internal_domains
    assert all("customer" in name.lower() for name in fitted.people.customer_account_types)
    assert "# The agreement between marketing and sales, as code." in out.read_text(encoding="utf-8"), "the comments stay"
    titles = [one["title"] for one in said.json["proposals"]]
    assert {"Values of Lead.Status, and what they do", "Owners' time zones", "Business hours in Salesforce"} <= set(titles)
    assert all(f"# {title} (" in out.read_text(encoding="utf-8") for title in titles)
