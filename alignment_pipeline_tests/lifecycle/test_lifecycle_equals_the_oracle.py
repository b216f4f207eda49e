"""MQAs and stages of random organisations equal an independent oracle exactly: every entry, every exit, to the microsecond.

`ALIGNMENT_ORACLE_CASES` sets the number of organisations (default 40, the full proof uses 500).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline_tests.lifecycle.crm_noise import crm_of, joined
from alignment_pipeline_tests.lifecycle.line import stages
from alignment_pipeline_tests.lifecycle.oracle import Truth, mqa_terms
from alignment_pipeline_tests.lifecycle.stage_oracle import CREATED, Account, Person
from alignment_pipeline_tests.scoring import oracle
from alignment_pipeline_tests.scoring.factories import NOW, rows
from alignment_pipeline_tests.scoring.organisations import PARTS, organisation, organisations

CASES = int(os.environ.get("ALIGNMENT_ORACLE_CASES", "40"))
AGREEMENTS = [loader.default_path(), *sorted((loader.default_path().parent / "examples").glob("*.yaml"))]


@pytest.mark.parametrize("path", AGREEMENTS, ids=lambda path: path.stem)
def test_stages_and_mqas_equal_the_oracle(path: Path) -> None:
    # the oracle knows no pilot: everybody is in scope
    agreement: Agreement = loader.load(path).model_copy(update={"scope": Scope()})
    share = max(1, CASES // len(AGREEMENTS))
    start = 1000 + AGREEMENTS.index(path) * share
    seeds = range(start, start + share)
    made = organisations(range(0))
    crms = []
    for seed in seeds:
        one = organisation(seed)
        crms.append(crm_of(one, seed))
        for name in PARTS:
            getattr(made, name).extend(getattr(one, name))
    crm = joined(crms)

    tables = stages(made, agreement, crm)

    fitted = {row["person_id"]: row for row in rows(tables["person_fits"])}
    tiers = {row["account_id"]: row for row in rows(tables["account_tiers"])}
    weights = {person: row["person_weight"] for person, row in fitted.items()}
    scored = oracle.scored(made, agreement.scoring, NOW, weights, {account: row["account_weight"] for account, row in tiers.items()})
    truth = Truth(agreement, made, crm, scored, fitted, tiers)

    expected_mqa = {account: mqa_terms(truth, account) for account in truth.accounts}
    actual_mqa: dict[str, list[object]] = {account: [] for account in truth.accounts}
    for row in rows(tables["account_mqa_changes"], "account_id", "sequence"):
        actual_mqa[row["account_id"]].append((row["entered_at"], row["left_at"], row["path"]))
    assert expected_mqa == actual_mqa
    now = {row["account_id"]: (row["is_mqa"], row["times"]) for row in rows(tables["account_mqa_statuses"])}
    assert now == {account: (bool(terms) and terms[-1][1] is None, len(terms)) for account, terms in expected_mqa.items()}

    population = {row["person_id"] for row in rows(tables["person_scores"])}
    expected_people = {person: Person(truth, person, expected_mqa).walk(CREATED) for person in population}
    assert expected_people == _stays(tables, "person")
    expected_accounts = {
        account: Account(truth, account, expected_mqa[account], expected_people).walk(CREATED) for account in truth.accounts
    }
    assert expected_accounts == _stays(tables, "account")


def _stays(tables: dict, kind: str) -> dict[str, list[object]]:  # type: ignore[type-arg]
    found: dict[str, list[object]] = {}
    for row in sorted(rows(tables[f"{kind}_stage_changes"]), key=lambda row: (row[f"{kind}_id"], row["sequence"])):
        found.setdefault(row[f"{kind}_id"], []).append((row["sub_stage"] or row["stage"], row["entered_at"], row["left_at"]))
    return found
