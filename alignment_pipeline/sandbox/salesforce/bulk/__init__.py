"""Bulk API 2.0: jobs (`job.py`), reading (`query.py`), writing (`ingest.py`), CSV (`table.py`)."""
