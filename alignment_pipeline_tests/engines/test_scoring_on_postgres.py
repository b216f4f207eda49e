"""The scoring rules give the same rows on PostgreSQL as on DuckDB.

Runs under `make test-engines` against a real PostgreSQL 16 that `pgserver` starts; `make test` does not collect this folder.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import ibis
import pytest

from alignment_pipeline.engines.postgres_dialect import Compiler
from alignment_pipeline_tests.engines import scoring


def test_postgres_gives_the_rows_of_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # pgserver asks for it when it is imported
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    import pgserver

    here = ibis.duckdb.connect()
    here.raw_sql("SET TimeZone='UTC'")
    server = pgserver.get_server(tmp_path / "pg")
    try:
        address = urlsplit(server.get_uri())
        there = ibis.postgres.connect(
            host=parse_qs(address.query)["host"][0], user=address.username, database=address.path.strip("/"), options="-c timezone=UTC"
        )
        # as the engine does (`engines/choice.py`): Ibis' own dialect cannot write the sentences' patterns
        there.compiler = Compiler()
        expected, actual = scoring.decided(here), scoring.decided(there)
    finally:
        server.cleanup()

    for name in scoring.KEYS:
        assert expected[name] == actual[name], name
