"""Bulk API 2.0: jobs (`ingest.py`), reading (`query.py`), rows (`rows.py`), CSV (`table.py`)."""
