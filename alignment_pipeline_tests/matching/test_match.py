"""A batch of leads against an index: one row per lead, and what must not change a result."""

from __future__ import annotations

import json
import pickle
import random

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching import match
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.matching.decision import match_rows
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories

WORDS = (
    "acme",
    "Acme",
    "borealis",
    "Cobalt",
    "delta",
    "Labs",
    "Bank",
    "Technologies",
    "Japan",
    "of",
    "the",
    "West",
    "East",
    "IBM",
    "Inc",
    "GmbH",
    "Akme",
)


SITES = ("", "acme.com", "acme.io", "borealis.com", "cobalt.co.uk", "gmail.com", "delta.edu", "sites.example.net")


NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


ACCOUNT = st.fixed_dictionaries(
    {"name": NAMES, "website": st.sampled_from(SITES), "country": st.sampled_from(("", "US", "Germany")), "parent": st.integers(0, 12)}
)


LEAD = st.fixed_dictionaries({"company": NAMES, "email_domain": st.sampled_from(SITES), "country": st.sampled_from(("", "US", "DE"))})


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def frame(rows: dict[int, dict[str, object]]) -> pd.DataFrame:
    """Accounts by number; a parent number that is no account is left out."""
    return pd.DataFrame(
        [
            {
                "account_id": f"A{number}",
                **{key: value for key, value in row.items() if key != "parent"},
                "parent_account_id": f"A{row['parent']}",
            }
            for number, row in rows.items()
        ],
        columns=["account_id", "name", "website", "country", "parent_account_id"],
    )


def lead_frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"lead_id": f"L{number}", **row} for number, row in enumerate(rows)], columns=["lead_id", "company", "email_domain", "country"]
    )


RARITY = RarityTable.count([*factories.BACKGROUND, "Acme", "Borealis", "Cobalt"])


def build(rows: dict[int, dict[str, object]]) -> AccountIndex:
    return AccountIndex.build(frame(rows), settings=MatchingSettings(), rarity=RARITY)


@QUICK
@given(
    st.dictionaries(st.integers(1, 12), ACCOUNT, min_size=1, max_size=9),
    st.lists(LEAD, min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_row_order_never_changes_a_result(
    rows: dict[int, dict[str, object]], lead_rows: list[dict[str, object]], chance: random.Random
) -> None:
    leads = lead_frame(lead_rows)
    mixed_accounts = frame(rows).sample(frac=1, random_state=chance.randrange(1000))
    mixed_leads = leads.sample(frac=1, random_state=chance.randrange(1000))

    straight = match.match_leads(leads, build(rows)).to_pylist()
    mixed = match.match_leads(mixed_leads, AccountIndex.build(mixed_accounts, settings=MatchingSettings(), rarity=RARITY)).to_pylist()

    assert straight == sorted(mixed, key=lambda row: int(row["lead_id"][1:]))


@QUICK
@given(st.dictionaries(st.integers(1, 12), ACCOUNT, min_size=1, max_size=8), st.lists(LEAD, min_size=1, max_size=8))
def test_an_unrelated_account_changes_no_match_under_one_rarity_table(
    rows: dict[int, dict[str, object]], lead_rows: list[dict[str, object]]
) -> None:
    leads = lead_frame(lead_rows)
    unrelated = {**rows, 99: {"name": "Zzyzx Quuxford", "website": "zzyzx.org", "country": "NZ", "parent": 0}}

    assert match.match_leads(leads, build(rows)).to_pylist() == match.match_leads(leads, build(unrelated)).to_pylist()


@QUICK
@given(st.dictionaries(st.integers(1, 12), ACCOUNT, min_size=1, max_size=8), st.lists(LEAD, min_size=1, max_size=8))
def test_evidence_adds_up_exactly_and_decisions_keep_their_promises(
    rows: dict[int, dict[str, object]], lead_rows: list[dict[str, object]]
) -> None:

    limits = MatchingSettings()
    for row in match.match_leads(lead_frame(lead_rows), build(rows)).to_pylist():
        assert row["score_micro"] == sum(item["points_micro"] for item in json.loads(row["evidence"]))
        assert 0 <= row["confidence"] <= 1
        assert len(row["reason"]) <= 255
        assert (row["decision"] == "none") == (row["account_id"] is None)
        if row["decision"] == "matched":
            assert row["confidence"] >= limits.match_confidence
        if row["runner_up_id"] is not None:
            assert row["runner_up_id"] != row["account_id"]


def test_one_lead_or_many_and_a_pickled_index_give_the_same() -> None:
    base = factories.index({"name": "Quorvex", "website": "quorvex.com"}, {"name": "Dalmund Shipping"}, {"name": "Bank of the East"})
    leads = factories.leads(
        {"company": "Quorvex Labs"},
        {"company": "Dalmund", "email_domain": "dalmund.de"},
        {"company": "Bank of the West"},
        {"company": "N/A"},
    )
    copy = pickle.loads(pickle.dumps(base))

    together = match.match_leads(leads, base).to_pylist()
    alone = [match.match_leads(leads.iloc[[row]], copy).to_pylist()[0] for row in range(len(leads))]

    assert together == alone
    assert together == match.match_leads(pa.Table.from_pandas(leads, preserve_index=False), copy).to_pylist()


def test_schema_is_one_row_per_lead_in_order() -> None:
    base = factories.index({"name": "Quorvex"})
    table = match.match_leads(factories.leads({"company": "Quorvex"}, {"company": ""}, {"company": "Verquist"}), base)

    assert ["L1", "L2", "L3"] == table["lead_id"].to_pylist()
    assert match_rows.SCHEMA == table.schema


def test_homonyms_that_nothing_separates_are_review() -> None:
    base = factories.index({"name": "Quorvex", "website": "tryquorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com"})

    row = factories.matched(base, company="Quorvex", email_domain="gmail.com")

    assert "review" == row["decision"]
    assert row["confidence"] <= 0.5
    assert {"A1", "A2"} == {row["account_id"], row["runner_up_id"]}


def test_a_domain_separates_homonyms() -> None:
    base = factories.index({"name": "Quorvex", "website": "quorvex.io"}, {"name": "Quorvex", "website": "getquorvex.com"})

    row = factories.matched(base, company="Quorvex", email_domain="getquorvex.com")

    assert ("matched", "A2") == (row["decision"], row["account_id"])


@pytest.mark.parametrize(
    ("company", "account"),
    [
        ("Quorvex", "Quorvex GmbH"),
        ("quorvex inc", "QUORVEX, Inc."),
        ("@quorvex", "Quorvex"),
        ("Quor Vex", "QuorVex"),
        ("Quorvéx S.A. de C.V.", "Quorvex"),
        ("Quorvex Technologies", "Quorvex"),
        ("Quorrvexian", "Quorvexian"),
        ("华为", "Huawei"),
        ("IBM", "International Business Machines Corporation"),
        ("Quorvex & Dalmund", "Quorvex and Dalmund Ltd."),
        ("ООО Кворвекс", "Kvorveks"),
        ("Nimbola; Quorvex GmbH", "Nimbola AG"),
    ],
)
def test_other_spellings_of_a_name_match(company: str, account: str) -> None:
    base = factories.index({"name": account})

    row = factories.matched(base, company=company, email_domain="gmail.com")

    assert ("matched", "A1") == (row["decision"], row["account_id"])


@pytest.mark.parametrize(
    ("company", "account"),
    [
        ("Bank of the West", "Bank of the East"),
        ("Stripe", "Strix"),
        ("ACY Capital", "Soda Capital"),
        ("Bytesforce", "Salesforce"),
        ("Intuit, Inc.", "Intumit"),
        ("Hotovo", "Otovo"),
        ("Charter", "Charter Hall"),
    ],
)
def test_look_alikes_never_match_by_themselves(company: str, account: str) -> None:
    base = factories.index({"name": account, "website": f"https://www.{account.lower().replace(' ', '')}.com"})

    assert factories.matched(base, company=company, email_domain="gmail.com")["decision"] != "matched"


def test_a_longer_name_is_review_unless_the_domain_agrees() -> None:
    base = factories.index({"name": "Chevron", "website": "chevron.com"})

    by_name = factories.matched(base, company="ChevronTexaco", email_domain="gmail.com")
    by_domain = factories.matched(base, company="ChevronTexaco", email_domain="chevron.com")

    assert ("review", "A1") == (by_name["decision"], by_name["account_id"])
    assert ("matched", "A1") == (by_domain["decision"], by_domain["account_id"])


def test_a_junk_company_still_matches_by_its_corporate_domain() -> None:
    base = factories.index({"name": "Quorvex", "website": "https://quorvex.com/about"})

    row = factories.matched(base, company="n/a", email="ann@mail.quorvex.com")

    assert ("matched", "A1", "domain") == (row["decision"], row["account_id"], row["rule"])


@pytest.mark.parametrize(
    ("company", "account"),
    [
        ("Solutions Quorvex", "Quorvex Solutions"),
        ("QUOR.VEX", "Quorvex Group"),
        ("Quorvexnova Devices", "Quorvex Nova"),
        ("31.62", "31.62"),
    ],
)
def test_more_spellings_of_a_name_match(company: str, account: str) -> None:
    base = factories.index({"name": account, "country": "DE"})

    row = factories.matched(base, company=company, email_domain="gmail.com", country="DE")

    assert ("matched", "A1") == (row["decision"], row["account_id"])


def pairs(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["lead_id", "account_id"])


def test_never_excludes_an_account_and_the_next_best_is_judged() -> None:
    base = factories.index({"name": "Quorvex GmbH", "website": "quorvex.de"}, {"name": "Quorvex Holding"})
    leads = factories.leads({"company": "Quorvex", "email_domain": "quorvex.de"})

    without = match.match_leads(leads, base, never=pairs(("L1", "A1"))).to_pylist()[0]
    nothing = match.match_leads(leads, base, never=pairs(("L1", ""))).to_pylist()[0]

    assert "A1" != without["account_id"]
    assert ("none", "never") == (nothing["decision"], nothing["rule"])


def test_always_wins_and_follows_merges() -> None:
    rows = factories.accounts({"name": "Quorvex"}, {"name": "Dalmund", "merged_into_id": "A3"}, {"name": "Dalmund Group"})
    from alignment_pipeline.matching.blocking.index import AccountIndex

    base = AccountIndex.build(rows, settings=MatchingSettings())
    leads = factories.leads({"company": "Quorvex"}, {"company": "Quorvex"})

    moved, gone = match.match_leads(leads, base, always=pairs(("L1", "A2"), ("L2", "A77"))).to_pylist()

    assert ("matched", "A3", 1.0, "always") == (moved["decision"], moved["account_id"], moved["confidence"], moved["rule"])
    assert ("review", "A77") == (gone["decision"], gone["account_id"])
    assert "deleted or unknown" in gone["reason"]


def test_repeated_and_missing_ids_are_named() -> None:
    base = factories.index({"name": "Quorvex"})

    with pytest.raises(ConfigurationError, match="id L1 occurs twice"):
        match.match_leads(pd.DataFrame([("L1", "x"), ("L1", "y")], columns=["lead_id", "company"]), base)
    with pytest.raises(ConfigurationError, match="column lead_id is missing"):
        match.match_leads(pd.DataFrame([("x",)], columns=["company"]), base)
