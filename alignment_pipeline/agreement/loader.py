"""Reads the agreement from its file and says precisely what is wrong with it.

Belongs here: the way from a file to an `Agreement`, and errors with their lines. YAML and lines: `document.py`; what `extends` brings:
`inheritance.py`; what each key means and may hold: the sections beside this file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from alignment_pipeline.agreement import inheritance
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.document import AgreementError, Node, Place, read
from alignment_pipeline.agreement.section import Misplaced

__all__ = ["AgreementError", "Loaded", "Place", "content_version", "default_path", "load", "load_with_places", "loads"]

ENVIRONMENT_VARIABLE = "ALIGNMENT_AGREEMENT"
DEFAULT = "default"


@dataclass(frozen=True)
class Loaded:
    """An agreement, the tree of what its files say, and the one that it extends (None when it stands alone)."""

    agreement: Agreement
    tree: Node
    base_tree: Node | None

    @cached_property
    def base(self) -> Agreement | None:
        """The agreement that is extended."""
        return _validated(self.base_tree) if self.base_tree is not None else None

    def place(self, path: list[int | str]) -> Place | None:
        """Where a value stands; None when no file says it, so that the built-in default holds."""
        node: Node = self.tree
        for part in path:
            value = node.value
            is_there = part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int) and part < len(value)
            if not is_there:
                return None
            node = value[part]
        return node.place


def default_path() -> Path:
    """Path of the packaged default agreement."""
    return Path(str(resources.files("alignment_pipeline.agreement").joinpath("default.yaml")))


def example_path(name: str) -> Path:
    """Path of a packaged example."""
    return Path(str(resources.files("alignment_pipeline.agreement").joinpath("examples", f"{name}.yaml")))


def configured_path() -> Path:
    """Path that `ALIGNMENT_AGREEMENT` names, or the packaged default."""
    named = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    return Path(named).expanduser() if named else default_path()


def load(path: Path | None = None) -> Agreement:
    """Load and check the agreement at `path` (default: the configured one).

    The result's `version` is a hash of its content, so comments, key order and what is inherited from where do not change it, and any value
    does. Raises AgreementError with one line per problem.
    """
    return load_with_places(path or configured_path()).agreement


def load_with_places(path: Path) -> Loaded:
    """The same, with the places of its values."""
    return _loaded(_text(path), name=str(path), folder=path.parent, seen=(path.resolve(),))


def loads(text: str, *, name: str = "agreement", folder: Path | None = None) -> Agreement:
    """Check an agreement given as YAML text; `name` stands in the error lines, `folder` is where a path in `extends` begins."""
    return _loaded(text, name=name, folder=folder or Path.cwd(), seen=()).agreement


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise AgreementError(
            f"{path}: cannot be read ({error.strerror}); check the path; {ENVIRONMENT_VARIABLE} names the agreement in use"
        ) from error
    except UnicodeDecodeError as error:
        raise AgreementError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _loaded(text: str, *, name: str, folder: Path, seen: tuple[Path, ...]) -> Loaded:
    tree, base = _tree(text, name=name, folder=folder, seen=seen)
    if "version" in tree.value:
        place = tree.value["version"].place
        raise AgreementError(f"{place}: version: unknown key; the version is the hash of the content, take the line out")
    return Loaded(_validated(tree), tree, base)


def _tree(text: str, *, name: str, folder: Path, seen: tuple[Path, ...]) -> tuple[Node, Node | None]:
    """The whole tree of a file, and that of the agreement which it extends."""
    used: list[Node] = []

    def base(wanted: str, where: Node) -> Node:
        used.append(_base(wanted, where, folder=folder, seen=seen))
        return used[0]

    return inheritance.resolved(read(text, name=name), base), (used[0] if used else None)


def _base(wanted: str, where: Node, *, folder: Path, seen: tuple[Path, ...]) -> Node:
    if wanted == DEFAULT:
        return _default_tree()
    path = folder / Path(wanted).expanduser()
    if path.resolve() in seen:
        raise AgreementError(f"{where.place}: extends: {wanted!r} extends this file again; remove one of the two lines")
    if not path.is_file():
        raise AgreementError(
            f"{where.place}: extends: there is no file {path}; write `default`, or a path that begins at this file's folder"
        )
    return _tree(_text(path), name=str(path), folder=path.parent, seen=(*seen, path.resolve()))[0]


@cache
def _default_tree() -> Node:
    return read(_text(default_path()), name=default_path().name)


def _validated(tree: Node) -> Agreement:
    try:
        agreement = Agreement.model_validate(tree.plain)
    except ValidationError as error:
        lines = sorted({_line_and_text(tree, detail) for detail in error.errors(include_url=False)})
        raise AgreementError("\n".join(message for _, message in lines)) from error
    return agreement.model_copy(update={"version": content_version(agreement)})


def content_version(agreement: Agreement) -> str:
    """First 12 hex digits of the SHA-256 of the agreement's canonical JSON."""
    content = agreement.model_dump(mode="json", exclude={"version"})
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def json_schema() -> dict[str, Any]:
    """JSON schema of the agreement's file, for editors."""
    schema = Agreement.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "alignment_pipeline agreement"
    schema["properties"].pop("version", None)
    return schema


def _line_and_text(tree: Node, detail: ErrorDetails) -> tuple[int, str]:
    unknown = detail["loc"][-1:] if detail["type"] == "extra_forbidden" else ()
    location = [*(part for part in detail["loc"][: len(detail["loc"]) - len(unknown)] if _is_path_part(part)), *unknown]
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, Misplaced):
        location += error.path
    node, nearest = tree.find(location)
    siblings = list(node.value) if isinstance(node.value, dict) else []
    key = ".".join(str(part) for part in nearest)
    kind = detail["type"]
    if kind == "extra_forbidden":
        allowed_keys = _allowed_keys(location, siblings)
        near = difflib.get_close_matches(str(location[-1]), allowed_keys, n=1)
        message = f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; allowed: {', '.join(allowed_keys)}"
    elif kind == "missing":
        message = "is missing and required"
    else:
        given = json.dumps(detail.get("input"), default=str, ensure_ascii=False)
        allowed = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("String should ")
        message = f"found {given[:80]}; allowed: {allowed}" if kind != "value_error" else f"{allowed}"
    return node.place.line, ": ".join(part for part in (str(node.place), key, message) if part)


def _is_path_part(part: int | str) -> bool:
    # pydantic puts the tags of unions and validators into the location; they are not keys of the file
    return isinstance(part, int) or not (part.startswith(("function-", "tagged-union", "union[")) or "[" in part)


def _allowed_keys(location: list[int | str], siblings: list[str]) -> list[str]:
    """Keys that the schema allows beside the unknown one, found by walking the JSON schema along the location."""
    schema: Any = _schema()
    definitions = schema.get("$defs", {})
    nodes = [schema]
    for part in location[:-1]:
        nodes = [child for node in nodes for child in _children(node, part, definitions)]
    keys: set[str] = set()
    for node in nodes:
        keys.update(node.get("properties", {}))
    return sorted(keys) or siblings


@cache
def _schema() -> dict[str, Any]:
    return Agreement.model_json_schema()


def _children(node: dict[str, Any], part: int | str, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if isinstance(part, int):
        children = [node["items"]] if "items" in node else []
    else:
        children = [node["properties"][part]] if part in node.get("properties", {}) else []
        if not children and isinstance(node.get("additionalProperties"), dict):
            children = [node["additionalProperties"]]
    return [leaf for child in children for leaf in _resolve(child, definitions)]


def _resolve(node: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in node:
        return _resolve(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    options = node.get("anyOf", []) + node.get("oneOf", []) + node.get("allOf", [])
    if options:
        return [leaf for option in options for leaf in _resolve(option, definitions)]
    return [node]
