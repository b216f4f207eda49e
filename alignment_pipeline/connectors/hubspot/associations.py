"""Associations: labels, which record is associated under which label, and making and ending one.

Belongs here: `/crm/v4/associations`. Which association stands for what: `crm.py`. Ending an unlabelled association would end the labelled
ones between the two records as well, so only labels are ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.connectors.hubspot.objects import next_page, results
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.verdicts import HubSpotRefused

MOST_PAIRS, MOST_INPUTS = 100, 1_000
Pair = tuple[str, str]


@dataclass(frozen=True)
class Label:
    """A label between two kinds of records. `name` is its internal name."""

    type_id: int
    name: str
    category: str = "USER_DEFINED"

    def to_json(self) -> dict[str, Any]:
        """As a request names it."""
        return {"associationCategory": self.category, "associationTypeId": self.type_id}


@dataclass(frozen=True)
class Refused:
    """Why a pair is not associated: HubSpot's category and message."""

    code: str
    message: str


def labels(session: HubSpotSession, kind: str, other: str) -> dict[str, Label]:
    """Labels by their internal name, or by the name that people see where the answer tells no other."""
    body = session.get(f"/crm/v4/associations/{kind}/{other}/labels", f"{kind} labels")
    given = [one for one in results(body, f"{kind} labels") if one.get("label")]
    return {
        str(one.get("name") or one["label"]): Label(int(one["typeId"]), str(one.get("name") or one["label"]), str(one["category"]))
        for one in given
    }


def linked(session: HubSpotSession, kind: str, other: str, ids: Sequence[str], label: Label | None = None) -> dict[str, list[str]]:
    """Id -> ids associated under the label, or in any way where none is given; those without any are absent."""
    by_id: dict[str, list[str]] = {}
    for first in range(0, len(ids), MOST_INPUTS):
        waiting: list[dict[str, str]] = [{"id": one} for one in ids[first : first + MOST_INPUTS]]
        while waiting:
            path = f"/crm/v4/associations/{kind}/{other}/batch/read"
            answer = session.ask(path, f"{kind} associations", {"inputs": waiting})
            waiting = []
            for row in results(answer, f"{kind} associations"):
                identity = str(row["from"]["id"])
                for one in row.get("to") or ():
                    numbers = {int(type_["typeId"]) for type_ in one.get("associationTypes") or ()}
                    if label is None or label.type_id in numbers:
                        # a number in older answers, text in newer ones
                        by_id.setdefault(identity, []).append(str(one["toObjectId"]))
                following = next_page(row)
                if following is not None:
                    waiting.append({"id": identity, "after": following})
    return by_id


def associate(session: HubSpotSession, kind: str, other: str, pairs: Iterable[Pair], label: Label | None) -> dict[Pair, Refused]:
    """Associate pairs, under the label or in the usual way. Doing it twice changes nothing, so it may be repeated.

    Returns the pairs that HubSpot refuses, as where one of the two is gone, each with the reason.
    """
    path = f"/crm/v4/associations/{kind}/{other}/batch/{'associate/default' if label is None else 'create'}"
    types = {} if label is None else {"types": [label.to_json()]}

    def send(part: Sequence[Pair]) -> Mapping[str, Any]:
        return session.ask(path, f"{kind} associate", {"inputs": [_input(pair) | types for pair in part]})

    return {pair: why for part in _parts(pairs) for pair, why in _refused(part, send).items()}


def end(session: HubSpotSession, kind: str, other: str, pairs: Iterable[Pair], label: Label) -> None:
    """End the label between pairs; the records stay associated where they were so in another way. Where one of the two is gone, there is
    nothing to end."""
    path = f"/crm/v4/associations/{kind}/{other}/batch/labels/archive"

    def send(part: Sequence[Pair]) -> Mapping[str, Any]:
        inputs = [_input(pair) | {"types": [label.to_json()]} for pair in part]
        return session.write(path, f"{kind} end associations", {"inputs": inputs}, is_repeatable=True)

    for part in _parts(pairs):
        _refused(part, send)


def _input(pair: Pair) -> dict[str, Any]:
    return {"from": {"id": pair[0]}, "to": {"id": pair[1]}}


def _refused(part: Sequence[Pair], send: Callable[[Sequence[Pair]], Mapping[str, Any]]) -> dict[Pair, Refused]:
    """Send pairs; the ones that are refused. One wrong pair may refuse its whole batch, or be an error of a 207: both are sent in halves
    until each stands alone."""
    try:
        error: Mapping[str, Any] | None = next(iter(send(part).get("errors") or ()), None)
    except HubSpotRefused as refused:
        if refused.status not in (400, 404):
            raise
        error = {"category": refused.reason or refused.code, "message": refused.detail or str(refused)}
    if error is None:
        return {}
    if len(part) == 1:
        return {part[0]: Refused(str(error.get("category") or "UNKNOWN"), str(error.get("message") or ""))}
    middle = len(part) // 2
    return _refused(part[:middle], send) | _refused(part[middle:], send)


def _parts(pairs: Iterable[Pair]) -> list[list[Pair]]:
    listed = list(pairs)
    return [listed[first : first + MOST_PAIRS] for first in range(0, len(listed), MOST_PAIRS)]
