"""Alembic's entry: runs the journal's migrations on the connection that `journal.py` hands over.

Belongs here: nothing else. The steps themselves: `versions/`.
"""

from __future__ import annotations

from alembic import context

from alignment_pipeline.journal.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
