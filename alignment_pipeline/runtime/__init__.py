"""What the command line and the Dagster definitions share: the home folder, the systems, reading and writing.

Belongs here: composing rules' neighbours (store, journal, connectors) for one run, without Dagster. The asset graph is `defs/`.
"""
