"""The doctor's look at our own state: who may read it, what is damaged, and how to fix it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.marketo.connector import MARKETO
from alignment_pipeline.connectors.registry import CONNECTORS
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.installation import stream_states
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import backup
from alignment_pipeline.operations import doctor, report
from alignment_pipeline_tests.connectors.served import served
from alignment_pipeline_tests.staging.factories import NOW, account, raw, raw_row, staged

# Apprise imports its services when the first address is read, and some of them import what Python 3.13 drops
pytestmark = pytest.mark.filterwarnings("ignore:.*imghdr:DeprecationWarning")

RAW = "raw_salesforce_accounts"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that has read some accounts."""
    found = Home(path=tmp_path / "home", environ={}, clock=Clock())
    warehouse = found.warehouse()
    warehouse.append(RAW, raw(RAW, raw_row(RAW, account(1), Name="Acme")).to_pyarrow())
    warehouse.replace("accounts", staged("accounts", [{"account_id": account(1), "name": "Acme"}]))
    with found.journal() as journal:
        for name in ("Account", "Lead"):
            stream_states.save(journal, "salesforce", StreamState(name, watermark=NOW))
    return found


def told(home: Home, *, repair: bool = False) -> dict[str, list[str]]:
    """Subject -> status of each finding."""
    found: dict[str, list[str]] = {}
    for finding in doctor.state(home, repair=repair):
        found.setdefault(finding.subject, []).append(finding.status)
        assert finding.status == "ok" or finding.fix, f"{finding.text}: what is to be done?"
    return found


def spoil(home: Home, table: str) -> None:
    """Change one byte of a published file, leaving its length."""
    (path,) = (home.path / "warehouse" / table).glob("*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def streams(home: Home) -> set[str]:
    with home.journal() as journal:
        return set(stream_states.load(journal, "salesforce"))


def test_all_is_well(home: Home) -> None:
    assert {"journal": ["ok", "ok"], "backup": ["warn"], "warehouse": ["ok"], "home": ["ok"]} == told(home)
    with home.journal() as journal:
        backup.back_up(journal, backup.folder_of(home.path, home.environ))
    assert {"journal": ["ok", "ok"], "backup": ["ok"], "warehouse": ["ok"], "home": ["ok"]} == told(home)


def test_the_sizes_of_the_home_are_shown_the_largest_first(home: Home) -> None:
    (home.folder("plans") / "plan.html").write_bytes(b"x" * 3_000_000)
    (shown,) = [finding.text for finding in doctor.state(home) if "MB: " in finding.text]

    assert re.match(r"\d+\.\d MB: plans 3\.0 MB\. ", shown), "parts below a megabyte are left out"


def test_a_home_that_others_can_read_is_said(home: Home) -> None:
    home.path.chmod(0o755)
    assert "fail" in told(home)["home"]


def test_a_damaged_table_is_found_and_left_until_repair_is_asked_for(home: Home) -> None:
    spoil(home, RAW)
    assert ["fail"] == told(home)["warehouse"] == told(home)["warehouse"]
    assert {"Account", "Lead"} == streams(home)


def test_repair_keeps_the_damaged_files_and_has_the_stream_read_anew(home: Home) -> None:
    spoil(home, RAW)
    assert ["warn"] == told(home, repair=True)["warehouse"]
    assert ["ok"] == told(home)["warehouse"]
    assert {"Lead"} == streams(home), "only the damaged stream is loaded whole again"
    (aside,) = (home.path / "versions").glob(f"damaged-{RAW}-*")
    assert list(aside.glob("*.parquet"))
    assert 0 == home.warehouse().read(RAW).count().to_pyarrow().as_py()


def test_repair_of_a_derived_table_forgets_no_stream(home: Home) -> None:
    spoil(home, "accounts")
    told(home, repair=True)
    assert {"Account", "Lead"} == streams(home)


def test_an_unsigned_agreement_is_a_warning(home: Home, tmp_path: Path) -> None:
    text = loader.default_path().read_text(encoding="utf-8")
    assert ["ok"] == [finding.status for finding in doctor.agreement(home)]
    (tmp_path / "mine.yaml").write_text(text.replace(", signed_on: 2025-12-15", "", 1), encoding="utf-8")
    mine = Home(path=home.path, environ={"ALIGNMENT_AGREEMENT": str(tmp_path / "mine.yaml")}, clock=Clock())
    statuses = {finding.status: finding.text for finding in doctor.agreement(mine)}
    assert {"ok", "warn"} == set(statuses) and "Marketing" in statuses["warn"]


def test_settings_come_from_the_environment_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ALIGNMENT_HOME=from-file\nALIGNMENT_MEMORY_LIMIT=1GB\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o600)
    monkeypatch.delenv("ALIGNMENT_HOME", raising=False)
    monkeypatch.delenv("ALIGNMENT_CLOCK", raising=False)
    assert (tmp_path / "from-file", "1GB") == ((found := Home.from_env()).path, found.environ["ALIGNMENT_MEMORY_LIMIT"])
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "given"))
    assert tmp_path / "given" == Home.from_env().path
    assert tmp_path / ".alignment" == Home.from_env({}).path
    assert "secret" not in repr(Home.from_env({"SALESFORCE_CLIENT_SECRET": "secret"}))


def test_the_report_lies_in_a_private_file_named_by_its_moment(home: Home) -> None:
    path = report.write_report(home, as_of=NOW)
    assert "report-20261120T120000Z.html" == path.name
    assert 0o600 == path.stat().st_mode & 0o777
    assert path.read_text(encoding="utf-8") == path.with_name("latest.html").read_text(encoding="utf-8")
    assert date(2026, 11, 20).isoformat() in path.read_text(encoding="utf-8")
    assert "fictional" not in path.read_text(encoding="utf-8")
    (home.path / report.DEMO_MARK).touch()
    assert "fictional" in report.write_report(home, as_of=NOW).read_text(encoding="utf-8")


def test_one_failure_does_not_keep_the_other_checks_from_running(tmp_path: Path) -> None:
    with served() as world:
        broken = world.environment | {
            "ALIGNMENT_AGREEMENT": str(tmp_path / "nowhere.yaml"),
            "ALIGNMENT_NOTIFY_URLS": "carrier-pigeon://loft",
            "SALESFORCE_ORG_ID": "00D000000000000EAA",
        }
        home = Home(tmp_path / "home", environ=broken, clock=world.clock)
        found = list(doctor.examine(home))
    failed = {finding.subject: finding.text for finding in found if finding.status == "fail"}
    fine = {finding.subject for finding in found if finding.status == "ok"}
    assert {"agreement", "notifications", "salesforce organisation"} <= set(failed)
    assert "nowhere.yaml" in failed["agreement"] and "carrier-pigeon" in failed["notifications"]
    assert {"journal", "warehouse", "salesforce", "salesforce API calls", "marketo", "read Lead"} <= fine


@pytest.mark.parametrize(
    ("urls", "status", "said"),
    [
        ("", "warn", "messages go to files"),
        ("json://127.0.0.1:9/x mailto://user:pass@example.com", "ok", "2 addresses can be read: json-"),
    ],
)
def test_notification_addresses_are_checked_without_sending_or_showing_them(tmp_path: Path, urls: str, status: str, said: str) -> None:
    home = Home(tmp_path / "home", environ={"ALIGNMENT_NOTIFY_URLS": urls}, clock=Clock())
    (found,) = doctor.notifications(home)
    assert (status, True) == (found.status, said in found.text)
    assert "pass" not in found.text


@pytest.mark.parametrize(("field", "status"), [("alignmentRecycleReason", "ok"), ("nurtureTrack", "fail"), ("mktoName", "fail")])
def test_a_field_of_marketo_that_is_mapped_must_be_there_and_writable(tmp_path: Path, field: str, status: str) -> None:
    mapped = f"    - {{object: MarketoLead, field: {field}, value: person.nurture, type: text, label: Nurture}}\n  inputs:\n"
    chosen = tmp_path / "agreement.yaml"
    chosen.write_text(loader.default_path().read_text(encoding="utf-8").replace("  inputs:\n", mapped, 1))
    with served() as world:
        home = Home(tmp_path / "home", environ=world.environment | {"ALIGNMENT_AGREEMENT": str(chosen)}, clock=world.clock)
        found = [finding for finding in doctor.system(home, MARKETO) if finding.subject == "write Marketo"]
    assert [(status, True)] == [(finding.status, field in finding.text) for finding in found]
    assert status == "ok" or found[0].fix


def test_where_hubspot_is_the_crm_nobody_is_asked_to_connect_another(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home", environ={"HUBSPOT_ACCESS_TOKEN": "pat"}, clock=Clock())
    said = [(one.status, one.text) for name in ("salesforce", "marketo") for one in doctor.system(home, CONNECTORS[name])]

    assert said == [("ok", "not connected: HubSpot is the CRM"), ("ok", "not connected: HubSpot is the marketing system")]
