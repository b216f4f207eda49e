"""The target list of a shipped example decides tiers in a run of its assets, and a past day keeps the list it was taken under."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.defs import rules
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.installation import agreements, target_list
from alignment_pipeline.installation.home import Home
from alignment_pipeline_tests.staging.factories import staged

pytestmark = pytest.mark.filterwarnings("ignore")
EXAMPLE = loader.default_path().parent / "examples" / "named_accounts.yaml"
LISTED = {"001Qy000100000LIAQ": 1, "001Qy000100000ZIAQ": 2, "001Qy000100000nIAA": None}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home under the example, whose accounts are the listed ones, a large one and one that the CRM flags."""
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALIGNMENT_AGREEMENT", str(EXAMPLE))
    monkeypatch.delenv("ALIGNMENT_CLOCK", raising=False)
    found = Home.from_env()
    sizes = {**dict.fromkeys(LISTED, 5000), "large": 5000, "flagged": 3}
    rows: list[dict[str, Any]] = [
        {"account_id": one, "ultimate_account_id": one, "employees": size, "is_target_flagged": one == "flagged"}
        for one, size in sizes.items()
    ]
    found.warehouse().replace("accounts", staged("accounts", rows))
    yield found


def test_the_examples_list_stands_above_fit_and_flag_in_a_run(home: Home) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        wanted = {"account_fits", "account_tiers"}
        assets = [one for one in rules.rules().assets or () if {key.to_user_string() for key in one.keys} <= wanted]
        done = dg.materialize(assets, instance=instance, resources={"line": LineResource()})

    found = {row["account_id"]: row for row in home.warehouse().read("account_tiers").to_pyarrow().to_pylist()}
    assert done.success
    assert {one: (tier, "override") for one, tier in LISTED.items()} | {"large": (1, "fit"), "flagged": (1, "crm_flag")} == {
        one: (row["tier"], row["basis"]) for one, row in found.items()
    }
    assert found["001Qy000100000nIAA"]["tier_reason"] == (
        "Not a target, set by the target list (Paused by both teams until next year). Fit 100 of 100: company size 5,000 (+10)."
    )


def test_the_list_is_kept_with_the_agreement(home: Home) -> None:
    kept = agreements.target_list(home, agreements.keep(home))
    given = target_list.target_list(home.agreement, agreement_path=home.agreement_path)

    assert kept is not None and given is not None
    assert given.to_pyarrow().equals(kept.to_pyarrow())
