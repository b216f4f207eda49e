"""The fast lane: a hand-raise becomes a clocked lead with a Task for its rep in seconds, by the rules of the full run.

Belongs here: polling (`polling.py`), what is remembered between polls (`memory.py`), reading the few people concerned (`arrivals.py`),
laying them over the published tables (`overlay.py`), the rules over just them (`decisions.py`), one round of it all (`lane.py`), and
the loop with its pace (`loop.py`). The rules themselves are the packages of the full run; the write-back is `write_back/`.
"""
