"""The arrays of the comparison say what a plain loop over texts would say."""

from __future__ import annotations

import numpy as np
import pytest

from alignment_pipeline.matching.evidence import comparison
from alignment_pipeline.matching.names import names
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.matching.names.vocabulary import Vocabulary, arrays

NAMES = ["Acme", "Acme Cloud", "Acmecloud", "Acme Cloud Services", "Borealis", "Boreali", "", "Bo", "A", "Acmecloud Servicex", "4loops"]


def test_prefix_is_the_share_of_the_longer_name_that_the_shorter_begins() -> None:
    vocabulary = Vocabulary(RarityTable.count(NAMES))
    forms = arrays([names.forms(name)[:1] for name in NAMES], vocabulary)
    left, right = np.divmod(np.arange(len(NAMES) ** 2), len(NAMES))

    def expected(lead: str, account: str) -> float:
        if not lead or not account:
            return 0.0
        if account.startswith(lead):
            return len(lead) / len(account)
        return -len(account) / len(lead) if lead.startswith(account) else 0.0

    wanted = [expected(forms.compacts[i], forms.compacts[j]) for i, j in zip(left.tolist(), right.tolist(), strict=True)]
    assert wanted == pytest.approx(comparison._prefix(forms, forms, left, right).tolist())
