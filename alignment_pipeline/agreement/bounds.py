"""How large an agreement's text may be, counted before anything is made of it.

Belongs here: size, depth and number of values, aliases counted as often as they are used. What may stand in an agreement: `document.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml  # type: ignore[import-untyped]

#: More than any agreement has: the shipped one has 3,000 values in 70 kB, and every value takes time to read.
MOST_CHARACTERS, MOST_VALUES, MOST_LEVELS = 1_000_000, 20_000, 40
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class _Open:
    """A mapping or list that is not read to its end: its anchor, and the values in it so far."""

    anchor: str | None
    values: int = 1


def excess(text: str) -> tuple[int, str] | None:
    """Line and sentence of what is too much; None when the text may be read. A text that is no YAML is left to who reads it."""
    if len(text) > MOST_CHARACTERS:
        return 1, f"has {len(text):,} characters; an agreement has at most {MOST_CHARACTERS:,}"
    sizes: dict[str, int] = {}
    stack = [_Open(None)]
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(_Open(event.anchor))
                if len(stack) > MOST_LEVELS + 1:
                    return line, f"is nested deeper than {MOST_LEVELS} levels"
            elif isinstance(event, yaml.CollectionEndEvent):
                _close(stack, sizes)
            elif isinstance(event, yaml.AliasEvent):
                stack[-1].values += sizes.get(event.anchor, 1)
            elif isinstance(event, yaml.ScalarEvent):
                stack[-1].values += 1
                if event.anchor:
                    sizes[event.anchor] = 1
            if sum(one.values for one in stack) > MOST_VALUES:
                return line, f"holds more than {MOST_VALUES:,} values; an alias repeats too much, or it is no agreement"
    except yaml.MarkedYAMLError as error:
        # libyaml itself gives up at a thousand levels, and says so before the events of these levels are handed out
        if error.problem and "nesting depth" in error.problem and error.problem_mark is not None:
            return error.problem_mark.line + 1, f"is nested deeper than {MOST_LEVELS} levels"
        return None
    except yaml.YAMLError:
        return None
    return None


def _close(stack: list[_Open], sizes: dict[str, int]) -> None:
    done = stack.pop()
    if done.anchor:
        sizes[done.anchor] = done.values
    stack[-1].values += done.values
