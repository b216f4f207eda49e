"""Reads the agreement from its file and says precisely what is wrong with it.

Belongs here: file, lines, hash. What each key means and may hold: the sections beside this file.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError

ENVIRONMENT_VARIABLE = "ALIGNMENT_AGREEMENT"


class AgreementError(ConfigurationError):
    """The agreement cannot be used. The message has one line per problem: file:line: key: what was found, what is allowed."""


def default_path() -> Path:
    """Path of the packaged default agreement."""
    return Path(str(resources.files("alignment_pipeline.agreement").joinpath("default.yaml")))


def configured_path() -> Path:
    """Path that `ALIGNMENT_AGREEMENT` names, or the packaged default."""
    named = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    return Path(named).expanduser() if named else default_path()


def load(path: Path | None = None) -> Agreement:
    """Load and check the agreement at `path` (default: the configured one).

    The result's `version` is a hash of its content, so comments and key order do not change it, and any value does.
    Raises AgreementError with one line per problem.
    """
    path = path or configured_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AgreementError(f"{path}: cannot be read ({error.strerror}); set {ENVIRONMENT_VARIABLE} to the agreement's path") from error
    except UnicodeDecodeError as error:
        raise AgreementError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    return loads(text, name=str(path))


def loads(text: str, *, name: str = "agreement") -> Agreement:
    """Check an agreement given as YAML text; `name` stands in the error lines."""
    tree = _parse(text, name)
    if "version" in tree:
        line = tree.lc.key("version")[0] + 1
        raise AgreementError(f"{name}:{line}: version: unknown key; the version is the hash of the content, take the line out")
    try:
        agreement = Agreement.model_validate(_plain(tree))
    except ValidationError as error:
        lines = sorted({_line_and_text(tree, detail, name) for detail in error.errors(include_url=False)})
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


def _parse(text: str, name: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise AgreementError(f"{name}:{line}: {str(error.problem).strip()}; keep one of them") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise AgreementError(f"{name}:{line}: is not YAML: {error.problem or error.context}") from error
    except YAMLError as error:
        raise AgreementError(f"{name}:1: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(tree, CommentedMap):
        shown = "nothing" if tree is None else "a list" if isinstance(tree, CommentedSeq) else f"only {str(tree)[:40]!r}"
        raise AgreementError(f"{name}:1: holds {shown}; an agreement is a mapping that begins with 'name:'")
    return tree


def _plain(node: Any) -> Any:
    """The tree as plain Python values (ruamel's scalars carry formatting that validation need not see)."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str | bytes):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _line_and_text(tree: CommentedMap, detail: ErrorDetails, name: str) -> tuple[int, str]:
    location = [part for part in detail["loc"] if _is_path_part(part)]
    line, found_key, siblings = _locate(tree, location)
    key = ".".join(str(part) for part in found_key) or "(top)"
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
    return line, f"{name}:{line}: {key}: {message}"


def _is_path_part(part: int | str) -> bool:
    # pydantic puts the tags of unions and validators into the location; they are not keys of the file
    return isinstance(part, int) or not (part.startswith(("function-", "tagged-union", "union[")) or "[" in part)


def _locate(tree: CommentedMap, location: list[int | str]) -> tuple[int, list[int | str], list[str]]:
    """Line (1-based) of the deepest part of `location` that the file has, the full key, and the keys beside it."""
    node: Any = tree
    line = 1
    path: list[int | str] = []
    for part in location:
        if isinstance(node, CommentedMap):
            path.append(part)
            if part not in node:
                continue
            line = node.lc.key(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            path.append(part)
            line = node.lc.item(part)[0] + 1
            node = node[part]
    siblings = [str(key) for key in node] if isinstance(node, CommentedMap) else []
    return line, path, siblings


def _allowed_keys(location: list[int | str], siblings: list[str]) -> list[str]:
    """Keys that the schema allows beside the unknown one, found by walking the JSON schema along the location."""
    schema: Any = Agreement.model_json_schema()
    definitions = schema.get("$defs", {})
    nodes = [schema]
    for part in location[:-1]:
        nodes = [child for node in nodes for child in _children(node, part, definitions)]
    keys: set[str] = set()
    for node in nodes:
        keys.update(node.get("properties", {}))
    return sorted(keys) or siblings


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
