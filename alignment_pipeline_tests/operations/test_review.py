"""A reviewed file is read whole or not at all, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.clock import Clock
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import review

HEADER = "person_id,lead_id,account_id,verdict\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            HEADER + "p1,l1,a1,maybe\np2,l2,a2,right\np3,l3,a3,no\n",
            "2 rows cannot be used; nothing was read:\n  line 2: the verdict 'maybe'",
        ),
        ("person_id,account_id\np1,a1\n", "needs the columns person_id or lead_id, account_id and verdict"),
        ("", "it has none"),
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
