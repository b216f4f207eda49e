"""Which slip of the finger lies between two names."""

from __future__ import annotations

import pytest

from alignment_pipeline.matching.names import spelling


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("quorvex", "quotvex", "keyboard"),
        ("quorvex", "quorrvex", "doubled"),
        ("quorvex", "quovrex", "swapped"),
        ("quorvex", "quoxvex", ""),
        ("quorvex", "quorvexa", ""),
    ],
)
def test_a_slip_has_its_kind_whichever_name_comes_first(one: str, other: str, kind: str) -> None:
    assert kind == spelling.slip((one, other)) == spelling.slip((other, one))
