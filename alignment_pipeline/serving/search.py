"""Finding people and accounts by any part of what they are called.

Belongs here: one query over the index's names, the best first.
"""

from __future__ import annotations

from dataclasses import dataclass

from alignment_pipeline.operations.explain import Source

MOST = 30
LONGEST = 200
_QUERY = """
SELECT kind, id, title, more, count(*) OVER () AS hits
FROM search_names
WHERE {fits}
ORDER BY lower(title) = ? DESC, starts_with(lower(title), ?) DESC, kind, length(title), title, id
LIMIT {most}
"""


@dataclass(frozen=True)
class Hit:
    """A person or an account."""

    kind: str
    id: str
    title: str
    more: str


def search(source: Source, text: str) -> tuple[list[Hit], int]:
    """The best hits, and how many there are: every word of the text is part of a name, company, address or id."""
    wanted = " ".join(text.lower().split())[:LONGEST]
    words = wanted.split()
    if not words:
        return [], 0
    fits = " AND ".join(["contains(words, ?)"] * len(words))
    rows = source.query(_QUERY.format(fits=fits, most=MOST), *words, wanted, wanted)
    return [Hit(row["kind"], row["id"], row["title"], row["more"] or "") for row in rows], rows[0]["hits"] if rows else 0
