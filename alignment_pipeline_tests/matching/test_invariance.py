"""What must not change a result: the order of rows, unrelated accounts, the size of a batch, one more process."""

from __future__ import annotations

import pickle
import random

import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment_pipeline.matching import match
from alignment_pipeline.matching.blocking.index import AccountIndex
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
    import json

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


def test_the_rarity_table_survives_its_file() -> None:
    from datetime import date

    table = RarityTable.count(factories.BACKGROUND, counted_on=date(2026, 11, 21))

    assert table == RarityTable.from_table(table.to_table())
    assert table.weight("technology") < table.weight("brevik") < table.weight("quorvex")
