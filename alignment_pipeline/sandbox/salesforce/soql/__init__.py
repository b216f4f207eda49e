"""SOQL: text to tree (`parser.py`), tree to predicates (`where.py`) and values (`paths.py`), rows out (`run.py`, `aggregate.py`)."""
