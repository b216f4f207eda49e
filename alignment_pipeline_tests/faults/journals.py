"""Where the journal of a fault's home lies: a file in it, or a database of its own on the server that ALIGNMENT_FAULTS_POSTGRES names.

Belongs here: the address, the same for every process of a test. `make faults POSTGRES=1` starts the server (`run.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

SERVER = "ALIGNMENT_FAULTS_POSTGRES"


def address(home: Path, *, file: str = "journal.sqlite") -> str:
    """The journal of a home. On the server its database is made when it is asked for the first time."""
    server = os.environ.get(SERVER)
    if not server:
        return str(home / file)
    name = "faults_" + blake2b(str(home).encode(), digest_size=8).hexdigest()
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).scalar():
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def count(server: str) -> int:
    """How many journals a server has."""
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM pg_database WHERE datname LIKE 'faults\\_%'")).scalar_one()
    engine.dispose()
    return int(found)


def settings(home: Path) -> Mapping[str, str]:
    """What a process of its own needs in its environment to open the same journal."""
    return {"ALIGNMENT_DATABASE_URL": address(home)} if os.environ.get(SERVER) else {}
