"""`POST /crm/v3/objects/{type}/search`: filters over an index that trails writes and ends at 10,000.

Belongs here: the filters and their limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment_pipeline.sandbox.hubspot.answers import Refusal, invalid
from alignment_pipeline.sandbox.hubspot.call import Call
from alignment_pipeline.sandbox.hubspot.objects import Answer, shown
from alignment_pipeline.sandbox.hubspot.records import Record, as_millis

MOST_RESULTS, MOST_GROUPS, MOST_IN_GROUP, MOST_FILTERS, MOST_CHARACTERS = 200, 5, 6, 18, 3_000
_ORDERED = frozenset({"LT", "LTE", "GT", "GTE", "BETWEEN"})


def search(call: Call, kind: str) -> Answer:
    """A page of what the filters find."""
    body = call.json_body()
    if len(call.body) > MOST_CHARACTERS:
        raise invalid(f"the query is longer than {MOST_CHARACTERS} characters")
    limit, after = _number(body, "limit", 10), _number(body, "after", 0)
    if not 1 <= limit <= MOST_RESULTS:
        raise invalid(f"limit must be between 1 and {MOST_RESULTS}")
    if after + limit > call.store.settings.search_ceiling:
        raise Refusal(400, "VALIDATION_ERROR", f"paging beyond {call.store.settings.search_ceiling} results is not supported")
    groups = body.get("filterGroups") or []
    filters = [one for group in groups for one in group.get("filters") or []]
    if len(groups) > MOST_GROUPS or len(filters) > MOST_FILTERS or any(len(group.get("filters") or []) > MOST_IN_GROUP for group in groups):
        raise invalid("there are too many filters")
    known = call.store.definitions.of(kind)
    unknown = sorted({one.get("propertyName") for one in filters} - set(known))
    if unknown:
        raise invalid(f"There was a problem with the request: property {unknown[0]} does not exist", "PROPERTY_DOESNT_EXIST")
    pairs = [(record, call.store.shown(kind, record)) for record in call.store.indexed(kind, call.now)]
    matching = [
        (record, values)
        for record, values in pairs
        if not groups or any(all(_fits(values, one) for one in group.get("filters") or []) for group in groups)
    ]
    name, is_descending = _sort(body)
    matching.sort(key=lambda pair: (_key(pair[1].get(name, "")), int(pair[0].id)), reverse=is_descending)
    page: list[tuple[Record, Mapping[str, str]]] = list(matching[after : after + limit])
    results = [shown(call, kind, record, body.get("properties") or []) for record, _ in page]
    more = {"paging": {"next": {"after": str(after + limit)}}} if after + limit < len(matching) else {}
    return 200, {"total": len(matching), "results": results} | more


def _number(body: Mapping[str, Any], name: str, usual: int) -> int:
    text = str(body.get(name) or usual)
    if not text.isdigit():
        raise invalid(f"{name} is no number: {text[:20]}")
    return int(text)


def _sort(body: Mapping[str, Any]) -> tuple[str, bool]:
    sorts = body.get("sorts") or ["hs_object_id"]
    if len(sorts) > 1:
        raise invalid("only one sort is supported")
    first = sorts[0]
    if isinstance(first, str):
        return first.lstrip("-"), first.startswith("-")
    return str(first.get("propertyName")), first.get("direction") == "DESCENDING"


def _key(value: str) -> tuple[int, float, str]:
    number = _comparable(value)
    return (0, number, "") if number is not None else (1, 0.0, value)


def _comparable(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        number = as_millis(value)
        return None if number is None else float(number)


def _fits(values: Mapping[str, str], one: Mapping[str, Any]) -> bool:
    value, operator = values.get(one["propertyName"]), one.get("operator")
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return (value is not None) == (operator == "HAS_PROPERTY")
    if operator in ("IN", "NOT_IN"):
        wanted = [str(item) for item in one.get("values") or []]
        if any(item != item.lower() for item in wanted):
            raise invalid("values of IN must be in lower case")
        return ((value or "").lower() in wanted) == (operator == "IN")
    if operator in ("EQ", "NEQ"):
        given = str(one.get("value"))
        same = value is not None and (
            value.lower() == given.lower() or (_comparable(value) is not None and _comparable(value) == _comparable(given))
        )
        return same == (operator == "EQ")
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        token = str(one.get("value")).strip("*").lower()
        return (token in (value or "").lower()) == (operator == "CONTAINS_TOKEN")
    if operator not in _ORDERED:
        raise invalid(f"operator {operator} is not known")
    mine, low = _comparable(value) if value is not None else None, _comparable(str(one.get("value")))
    if mine is None or low is None:
        return False
    high = _comparable(str(one.get("highValue"))) if operator == "BETWEEN" else None
    return {
        "LT": mine < low,
        "LTE": mine <= low,
        "GT": mine > low,
        "GTE": mine >= low,
        "BETWEEN": high is not None and low <= mine <= high,
    }[str(operator)]
