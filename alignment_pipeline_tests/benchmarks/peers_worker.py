"""One peer on one labelled folder, in an interpreter that has it: `python peers_worker.py PEER FOLDER OUT.csv`.

Stands alone (imports nothing of the project), so that a throwaway environment can run it. Each peer gets exact e-mail domains for free and
its own
name likeness on top; the caller tunes its threshold on the set itself, which flatters it.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd

SUFFIX = re.compile(r"\b(inc|ltd|llc|gmbh|corp|corporation|limited|co|sa|ag|bv|plc|srl|pvt|kg|ab|as|oy)\b\.?")
FREE = {
    "gmail.com",
    "qq.com",
    "163.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "126.com",
    "me.com",
    "icloud.com",
    "live.com",
    "foxmail.com",
    "msn.com",
}


def plain(name: str) -> str:
    return " ".join(SUFFIX.sub(" ", re.sub(r"[^\w ]+", " ", name.lower())).split())


def site(value: str) -> str:
    return re.sub(r"^[a-z]+://|^www\.", "", value.lower().strip()).split("/")[0].removeprefix("www.")


def by_domain(accounts: pd.DataFrame, leads: pd.DataFrame) -> dict[str, str]:
    """Leads whose e-mail domain is the website of exactly one account."""
    counts = Counter(filter(None, map(site, accounts["website"])))
    holder = {site(website): account for website, account in zip(accounts["website"], accounts["account_id"], strict=True)}
    return {
        lead: holder[domain]
        for lead, domain in zip(leads["lead_id"], leads["email_domain"], strict=True)
        if domain and domain not in FREE and counts.get(domain) == 1
    }


def rapidfuzz_peer(accounts: pd.DataFrame, leads: pd.DataFrame) -> dict[str, tuple[str, float]]:
    from rapidfuzz import fuzz, process

    blocks: dict[str, list[int]] = defaultdict(list)
    names = [plain(name) for name in accounts["name"]]
    for at, name in enumerate(names):
        blocks[name[:2]].append(at)
    result = {}
    for lead, company in zip(leads["lead_id"], leads["company"], strict=True):
        text = plain(company)
        block = blocks.get(text[:2], [])
        best = process.extractOne(text, [names[at] for at in block], scorer=fuzz.token_sort_ratio) if text and block else None
        if best:
            result[lead] = (accounts["account_id"].iloc[block[best[2]]], best[1] / 100)
    return result


def tfidf_peer(accounts: pd.DataFrame, leads: pd.DataFrame) -> dict[str, tuple[str, float]]:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    model = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32)
    base = model.fit_transform([plain(name) for name in accounts["name"]]).T.tocsr()
    result = {}
    for start in range(0, len(leads), 200):
        part = leads.iloc[start : start + 200]
        scores = (model.transform([plain(company) for company in part["company"]]) @ base).toarray()
        for row, lead in enumerate(part["lead_id"]):
            best = int(scores[row].argmax())
            result[lead] = (accounts["account_id"].iloc[best], float(scores[row, best]))
    return result


def splink_peer(accounts: pd.DataFrame, leads: pd.DataFrame) -> dict[str, tuple[str, float]]:
    import splink.comparison_library as library
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    def shape(ids: pd.Series, names: pd.Series, domains: pd.Series, country: pd.Series) -> pd.DataFrame:
        text = names.map(plain)
        return pd.DataFrame(
            {
                "unique_id": ids,
                "name": text.where(text != "", None),
                "first": text.str.split().str[0],
                "domain": domains.where((domains != "") & ~domains.isin(list(FREE)), None),
                "country": country.where(country != "", None),
            }
        )

    left = shape(leads["lead_id"], leads["company"], leads["email_domain"], leads["country"])
    right = shape(accounts["account_id"], accounts["name"], accounts["website"].map(site), accounts["country"])
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            library.JaroWinklerAtThresholds("name", [0.97, 0.92, 0.85]),
            library.ExactMatch("domain"),
            library.ExactMatch("country"),
        ],
        blocking_rules_to_generate_predictions=[block_on("domain"), block_on("first"), block_on("substr(name, 1, 6)")],
    )
    api = DuckDBAPI()
    linker = Linker([api.register(left, dataset_display_name="leads"), api.register(right, dataset_display_name="accounts")], settings)
    linker.training.estimate_probability_two_random_records_match([block_on("domain", "name")], recall=0.2)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("first"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("domain"))
    frame = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    flip = frame["unique_id_l"].isin(set(right["unique_id"]))
    frame["lead"] = frame["unique_id_r"].where(flip, frame["unique_id_l"])
    frame["account"] = frame["unique_id_l"].where(flip, frame["unique_id_r"])
    best = frame.sort_values(["match_probability", "account"], ascending=[False, True]).drop_duplicates("lead")
    return {row.lead: (row.account, float(row.match_probability)) for row in best.itertuples()}


def emm_peer(accounts: pd.DataFrame, leads: pd.DataFrame) -> dict[str, tuple[str, float]]:
    from emm.pipeline.pandas_entity_matching import PandasEntityMatching

    truth = pd.read_csv(Path(sys.argv[2]) / "truth.csv", dtype=str, keep_default_na=False).set_index("lead_id")["account_id"]
    base = accounts[["account_id", "name"]].rename(columns={"account_id": "id"})
    words = {"type": "cosine_similarity", "tokenizer": "words", "ngram": 1, "num_candidates": 10, "cos_sim_lower_bound": 0.2}
    grams = {"type": "cosine_similarity", "tokenizer": "characters", "ngram": 2, "num_candidates": 5, "cos_sim_lower_bound": 0.2}
    result = {}
    half = leads["company"].map(lambda text: sum(map(ord, plain(text))) % 2)
    for side in (0, 1):
        model = PandasEntityMatching(
            {
                "name_only": True,
                "entity_id_col": "id",
                "name_col": "name",
                "indexers": [words, grams],
                "supervised_on": True,
                "preprocessor": "preprocess_merge_abbr",
            }
        )
        model.fit(base)
        train = leads[(half != side) & leads["lead_id"].map(truth).fillna("").ne("")]
        model.fit_classifier(
            pd.DataFrame({"name": train["company"], "id": train["lead_id"].map(truth)}), create_negative_sample_fraction=0.3
        )
        test = leads[half == side].reset_index(drop=True)
        found = model.transform(pd.DataFrame({"name": test["company"]}))
        found = found.sort_values("nm_score", ascending=False).drop_duplicates("uid")
        for row in found.itertuples():
            if isinstance(row.gt_entity_id, str):
                result[test["lead_id"].iloc[int(row.uid)]] = (row.gt_entity_id, float(row.nm_score))
    return result


PEERS = {"RapidFuzz": rapidfuzz_peer, "TF-IDF": tfidf_peer, "Splink": splink_peer, "emm": emm_peer}

if __name__ == "__main__":
    peer, folder, out = sys.argv[1:4]
    tables = [pd.read_csv(Path(folder) / name, dtype=str, keep_default_na=False) for name in ("accounts.csv", "leads.csv")]
    doubtful = Path(folder) / "ambiguous_leads.csv"
    if doubtful.exists():
        tables[1] = pd.concat([tables[1], pd.read_csv(doubtful, dtype=str, keep_default_na=False)], ignore_index=True)
    named = PEERS[peer](*tables)
    sure = by_domain(*tables)
    rows = [
        (lead, sure.get(lead) or named.get(lead, ("", 0.0))[0], 1.0 if lead in sure else named.get(lead, ("", 0.0))[1])
        for lead in tables[1]["lead_id"]
    ]
    pd.DataFrame(rows, columns=["lead_id", "account_id", "confidence"]).to_csv(out, index=False)
