"""Staging to account scores give the same rows with PostgreSQL as engine as on DuckDB, by sorted-row hash.

Runs under `make test-engines` against a real PostgreSQL 16 that `pgserver` starts; `make test` does not collect it.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from alignment_pipeline.engines import choice
from alignment_pipeline.engines.database import Database
from alignment_pipeline.engines.embedded import DuckDb
from alignment_pipeline.line.step import published
from alignment_pipeline.line.steps import IDENTITY, MATCHING, SCORING, STAGING
from alignment_pipeline_tests.engines.organisation import Organisation

STEPS = (*STAGING, *IDENTITY, *MATCHING, *SCORING)


def test_staging_to_account_scores_are_the_same_on_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # pgserver asks for it when it is imported
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    import pgserver

    here, there = Organisation.small(tmp_path / "here"), Organisation.small(tmp_path / "there")
    here.walk(DuckDb(here.warehouse), STEPS)
    server = pgserver.get_server(tmp_path / "pg")
    try:
        address = urlsplit(server.get_uri())
        host = quote(parse_qs(address.query)["host"][0], safe="")
        url = f"postgres://{address.username}@/{address.path.strip('/')}?host={host}"
        engine = choice.engine({"ALIGNMENT_ENGINE": "postgres", "ALIGNMENT_ENGINE_URL": url}, there.warehouse)
        assert isinstance(engine, Database)
        there.walk(engine, STEPS)
        engine.close()
    finally:
        server.cleanup()

    names = published(STEPS)
    expected, actual = here.hashes(names), there.hashes(names)
    assert [] == [(name, expected[name][0], actual[name][0]) for name in names if expected[name] != actual[name]]
    # what PostgreSQL cannot write, DuckDB evaluates; the scores are not among it
    assert {name for name in engine.left if name in published(SCORING)} == set()
    assert len(engine.left) <= 3, engine.left
