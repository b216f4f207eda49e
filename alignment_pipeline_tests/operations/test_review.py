"""A reviewed file is read whole or not at all, and says what is wrong with it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import review
from alignment_pipeline_tests.staging.factories import account as account_id
from alignment_pipeline_tests.staging.factories import days_ago, staged
from alignment_pipeline_tests.staging.factories import lead as lead_id

HEADER = "person_id,lead_id,account_id,verdict\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            HEADER + "p1,l1,a1,maybe\np2,l2,a2,right\np3,l3,a3,no\n",
            "2 rows cannot be used; nothing was read:\n  line 2: the verdict 'maybe'",
        ),
        ("person_id,account_id\np1,a1\n", "needs the columns person_id or lead_id, account_id or best_account_id, verdict"),
        ("", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(tmp_path: Path, text: str, says: str) -> None:
    home = Home(path=tmp_path / "home", environ={}, clock=Clock())
    path = tmp_path / "reviewed.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        review.learn(home, home.warehouse(), path)

    assert str(path) in str(caught.value) and says in str(caught.value)
    assert 0 == home.warehouse().read("match_labels").count().to_pyarrow().as_py()


def home_with_matches(tmp_path: Path, count: int = 400) -> Home:
    home = Home(path=tmp_path / "home", environ={}, clock=Clock())
    kinds = [("exact_name", "matched", 0.99), ("typo", "matched", 0.85), ("typo", "review", 0.6), ("none", "none", 0.97)]
    matches, people = [], []
    for at in range(count):
        method, decision, confidence = kinds[at % 10 // 3]
        account = None if decision == "none" else account_id(1)
        matches.append({"person_id": f"lead:{lead_id(at)}", "lead_id": lead_id(at), "account_id": account, "decision": decision,
                        "confidence": confidence, "method": method})  # fmt: skip
        people.append({"person_id": f"lead:{lead_id(at)}", "company": "=Quorvex", "created_at": days_ago(1), "known_at": days_ago(1)})
    warehouse = home.warehouse()
    warehouse.replace("lead_account_matches", staged("lead_account_matches", matches))
    warehouse.replace("people", staged("people", people))
    warehouse.replace("accounts", staged("accounts", [{"account_id": account_id(1), "name": "Quorvex GmbH"}]))
    return home


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as handle:
        return list(csv.DictReader(handle))


def test_an_audit_is_blind_draws_from_every_kind_of_decision_and_comes_back_as_labels_with_their_chance(tmp_path: Path) -> None:
    home = home_with_matches(tmp_path)
    path = tmp_path / "audit.csv"

    rows = review.write_audit(home, home.warehouse(), path, 40)
    drawn = read_csv(path)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, drawn[0], delimiter=";")
        writer.writeheader()
        writer.writerows(row | {"verdict": "right", "lead_id": row["lead_id"][:15]} for row in drawn)
    learned = review.learn(home, home.warehouse(), path)
    labels = home.warehouse().read("match_labels").to_pyarrow().to_pylist()

    assert rows == len(drawn) == learned.labels
    assert not {"confidence", "reason", "decision", "method"} & set(drawn[0])
    assert {"", account_id(1)} == {row["account_id"] for row in drawn}
    assert {"exact_name", "typo", "none"} == {label["rule"] for label in labels}
    assert all(0 < float(label["source"].removeprefix("audit ")) <= 1 for label in labels)


def test_ids_that_nothing_published_has_are_said_and_kept_out(tmp_path: Path) -> None:
    home = home_with_matches(tmp_path, 10)
    path = tmp_path / "reviewed.csv"
    path.write_text(f"lead_id,account_id,verdict\n{lead_id(0)[:15]},{account_id(1)[:15]},right\n00Qnobody,{account_id(1)},wrong\n")

    learned = review.learn(home, home.warehouse(), path)

    assert (1, 1, 0) == (learned.labels, learned.right, learned.wrong)
    assert "line 3: no lead has the id '00Qnobody'" in learned.unknown[0]
    assert f"lead:{lead_id(0)}" == home.warehouse().read("match_labels").to_pyarrow().to_pylist()[0]["person_id"]
