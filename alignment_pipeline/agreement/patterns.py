"""Text patterns of the agreement: `*` stands for any run of characters, case does not count, null never matches.

Belongs here: what a pattern means, once, for every section and rule. What is compared with it: the sections and the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import StringConstraints

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]

_SPECIAL = re.compile(r"([.^$+?()\[\]{}|\\])")


def regex(pattern: str) -> str:
    """An anchored regular expression for the lower-cased text, in the dialect that RE2, Java and PostgreSQL share."""
    return "^" + _SPECIAL.sub(r"\\\1", pattern.lower()).replace("*", "(.|\n)*") + "$"


def matches_text(text: str | None, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches a text in plain Python."""
    if text is None:
        return False
    return any(re.search(regex(pattern), text.lower()) for pattern in patterns)


def matches(column: Any, patterns: Iterable[str]) -> Any:
    """Ibis condition (never null): one of the patterns matches the string column. Without patterns nothing matches."""
    import ibis

    lowered = column.lower()
    conditions = [_condition(lowered, pattern.lower()) for pattern in patterns]
    return reduce(or_, conditions).fill_null(False) if conditions else ibis.literal(False)


def _condition(lowered: Any, pattern: str) -> Any:
    # plain string functions are several times faster than regular expressions over millions of rows
    body = pattern.strip("*")
    if "*" not in body:
        starts, ends = not pattern.startswith("*"), not pattern.endswith("*")
        if not body:
            return lowered.notnull()
        if starts and ends:
            return lowered == body
        if starts:
            return lowered.startswith(body)
        if ends:
            return lowered.endswith(body)
        return lowered.contains(body)
    return lowered.re_search(regex(pattern))
