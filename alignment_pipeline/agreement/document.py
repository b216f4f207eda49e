"""An agreement's file as a tree of values, each with the file and line it stands on.

Belongs here: YAML, lines, and everything that YAML may hold and an agreement may not. What is inherited: `inheritance.py`; what the values
mean: `loader.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from alignment_pipeline.agreement import bounds
from alignment_pipeline.errors import ConfigurationError


class AgreementError(ConfigurationError):
    """The agreement cannot be used. The message has one line per problem: file:line: key: what was found, what is allowed."""


@dataclass(frozen=True)
class Place:
    """Where a value stands."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Node:
    """A value with its place: a mapping or a list of nodes, or a scalar."""

    value: Any
    place: Place

    @property
    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: child.plain for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain for child in self.value]
        return self.value

    def find(self, path: Sequence[int | str]) -> tuple[Node, list[int | str]]:
        """The deepest node that the path leads to, and the path as far as it names keys of the file (a missing last key included)."""
        node: Node = self
        named: list[int | str] = []
        for part in path:
            if isinstance(node.value, dict):
                named.append(part)
                node = node.value.get(part, node)
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                named.append(part)
                node = node.value[part]
        return node, named


def read(text: str, *, name: str) -> Node:
    """The tree of an agreement's text. Raises AgreementError, with the line, for what is no YAML or no mapping."""
    if (excess := bounds.excess(text)) is not None:
        raise AgreementError(f"{name}:{excess[0]}: {excess[1]}")
    tree = _parsed(text, name)
    if not isinstance(tree, CommentedMap):
        instead = "nothing" if tree is None else "a list" if isinstance(tree, CommentedSeq) else f"only {str(tree)[:40]!r}"
        raise AgreementError(f"{name}:1: holds {instead}; an agreement is a mapping that begins with 'name:'")
    return _Reader(name).node(tree, line=1, level=0)


class _Constructor(RoundTripConstructor):
    """Values as ruamel makes them; one that cannot be made (2026-02-30) is an error with its line."""

    def construct_yaml_timestamp(self, node: Any, values: Any = None) -> Any:
        try:
            return super().construct_yaml_timestamp(node, values)
        except ValueError as error:
            problem = f"{node.value!r} is no date or time that exists ({error}); write 2026-02-28, or put it in quotes if it is text"
            raise ConstructorError(None, None, problem, node.start_mark) from error

    def construct_yaml_int(self, node: Any) -> Any:
        try:
            return super().construct_yaml_int(node)
        except ValueError as error:
            raise ConstructorError(None, None, f"{str(node.value)[:40]!r} is no whole number", node.start_mark) from error

    def construct_yaml_float(self, node: Any) -> Any:
        try:
            return super().construct_yaml_float(node)
        except (ValueError, OverflowError) as error:
            raise ConstructorError(None, None, f"{str(node.value)[:40]!r} is no number", node.start_mark) from error


for _tag in ("timestamp", "int", "float"):
    _Constructor.add_constructor(f"tag:yaml.org,2002:{_tag}", getattr(_Constructor, f"construct_yaml_{_tag}"))


def _parsed(text: str, name: str) -> Any:
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    try:
        return yaml.load(text)
    except DuplicateKeyError as error:
        raise AgreementError(f"{name}:{_line(error)}: {str(error.problem).strip()}; keep one of them") from error
    except ConstructorError as error:
        raise AgreementError(f"{name}:{_line(error)}: {error.problem}") from error
    except MarkedYAMLError as error:
        raise AgreementError(f"{name}:{_line(error)}: is not YAML: {error.problem or error.context}") from error
    except YAMLError as error:
        raise AgreementError(f"{name}:1: is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise AgreementError(f"{name}:1: is nested too deeply; an agreement has at most {bounds.MOST_LEVELS} levels") from error
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
        # what ruamel lets pass of its own on odd input, such as a tag on a key; it gives no line
        raise AgreementError(f"{name}:1: cannot be read as YAML ({type(error).__name__}: {str(error)[:80]})") from error


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark else 1


class _Reader:
    """Turns ruamel's tree into nodes, and refuses what no agreement holds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._values = 0

    def node(self, value: Any, *, line: int, level: int) -> Node:
        """A value and everything below it; `line` is where its key stands."""
        self._values += 1
        if self._values > bounds.MOST_VALUES:
            raise AgreementError(f"{self._name}:{line}: holds more than {bounds.MOST_VALUES:,} values; an alias repeats too much")
        if level > bounds.MOST_LEVELS:
            raise AgreementError(f"{self._name}:{line}: is nested deeper than {bounds.MOST_LEVELS} levels")
        place = Place(self._name, line)
        if isinstance(value, Mapping):
            odd = next((key for key in value if not isinstance(key, str | int | float | date) and key is not None), None)
            if odd is not None:
                raise AgreementError(f"{self._name}:{_key_line(value, odd, line)}: has the key {str(odd)[:80]}; a key is one word")
            return Node(
                {str(key): self.node(child, line=_key_line(value, key, line), level=level + 1) for key, child in value.items()}, place
            )
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            items = [self.node(child, line=_item_line(value, at, line), level=level + 1) for at, child in enumerate(value)]
            return Node(items, place)
        if isinstance(value, TaggedScalar):
            raise AgreementError(f"{self._name}:{line}: has the tag {value.tag.value!r}; write the value without a tag")
        return Node(_scalar(value), place)


def _scalar(value: Any) -> Any:
    """A scalar as plain Python (ruamel's carry formatting that validation need not see)."""
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _key_line(node: Mapping[Any, Any], key: Any, line: int) -> int:
    """Line of a key; that of the mapping for a key that `<<` brought in."""
    try:
        return int(node.lc.key(key)[0]) + 1  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError):
        return line


def _item_line(node: Sequence[Any], at: int, line: int) -> int:
    try:
        return int(node.lc.item(at)[0]) + 1  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError):
        return line
