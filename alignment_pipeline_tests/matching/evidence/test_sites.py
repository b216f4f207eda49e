"""Where domains agree and where they contradict."""

from __future__ import annotations

from alignment_pipeline_tests.matching import factories


def test_the_very_host_tells_units_of_one_domain_apart() -> None:
    units = [
        {"name": f"Institute of {field}", "website": f"www.{field[:4].lower()}.quorvex-research.org"}
        for field in ("Metallurgy", "Hydrology")
    ]
    base = factories.index({"name": "Quorvex Research", "website": "quorvex-research.org"}, *units)

    row = factories.matched(base, company="", email="ann@hydr.quorvex-research.org")

    assert "A3" == row["account_id"]
