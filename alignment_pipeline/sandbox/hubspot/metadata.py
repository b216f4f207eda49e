"""What describes the portal: properties and their groups, owners, pipelines, the account and its usage.

Belongs here: answers that change seldom. Associations: `associations.py`.
"""

from __future__ import annotations

from alignment_pipeline.sandbox.hubspot.answers import invalid, iso
from alignment_pipeline.sandbox.hubspot.call import Call
from alignment_pipeline.sandbox.hubspot.objects import Answer
from alignment_pipeline.sandbox.hubspot.properties import Property


def properties(call: Call, kind: str) -> Answer:
    """All properties of an object type; sensitive ones have a listing of their own, which is empty here."""
    if call.query.get("dataSensitivity", "non_sensitive") != "non_sensitive":
        return 200, {"results": []}
    return 200, {"results": [one.to_json() for one in call.store.definitions.of(kind).values()]}


def property_of(call: Call, kind: str, name: str) -> Answer:
    """One property."""
    definition = call.store.definitions.of(kind).get(name)
    if definition is None:
        raise invalid(f"property {name} does not exist", "PROPERTY_DOESNT_EXIST")
    return 200, definition.to_json()


def make_property(call: Call, kind: str) -> Answer:
    """A new property."""
    body = call.json_body()
    missing = [name for name in ("name", "label", "type", "fieldType", "groupName") if not body.get(name)]
    if missing:
        raise invalid(f"some required fields were not set: {', '.join(missing)}")
    if str(body["groupName"]) not in call.store.definitions.groups(kind):
        raise invalid(f"property group {body['groupName']} does not exist", "INVALID_GROUP")
    created = Property(
        str(body["name"]),
        str(body["type"]),
        str(body["fieldType"]),
        str(body["label"]),
        str(body["groupName"]),
        str(body.get("description") or ""),
        tuple(str(option["value"]) for option in body.get("options") or ()),
        is_unique=bool(body.get("hasUniqueValue")),
        is_defined=False,
    )
    call.store.definitions.add(kind, created)
    call.wrote("create", f"property of {kind}", created.name, {})
    return 201, created.to_json()


def groups(call: Call, kind: str) -> Answer:
    """Groups of an object's properties."""
    names = sorted(call.store.definitions.groups(kind))
    return 200, {"results": [{"name": name, "label": name, "displayOrder": place, "archived": False} for place, name in enumerate(names)]}


def make_group(call: Call, kind: str) -> Answer:
    """A new group. 409 when there is one of that name."""
    body = call.json_body()
    if not body.get("name") or not body.get("label"):
        raise invalid("some required fields were not set: name, label")
    call.store.definitions.add_group(kind, str(body["name"]))
    call.wrote("create", f"property group of {kind}", str(body["name"]), {})
    return 201, {"name": body["name"], "label": body["label"], "displayOrder": -1, "archived": False}


def owners(call: Call) -> Answer:
    """People and queues that may own records; archived ones only when asked for."""
    limit, after = call.limit(most=500, usual=100), call.after()
    listed = [one for one in call.store.owners if bool(one.get("archived")) == call.is_archived and int(one["id"]) > after]
    listed.sort(key=lambda one: int(one["id"]))
    page = listed[:limit]
    return 200, {"results": page} | ({"paging": {"next": {"after": page[-1]["id"]}}} if len(listed) > limit else {})


def pipelines(call: Call, kind: str) -> Answer:
    """Pipelines with their stages."""
    return 200, {"results": call.store.pipelines if kind == "deals" else []}


def account(call: Call) -> Answer:
    """Which portal this is."""
    settings = call.store.settings
    return 200, {
        "portalId": settings.portal_id,
        "accountType": "STANDARD",
        "timeZone": settings.time_zone,
        "companyCurrency": settings.currency,
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


def usage(call: Call) -> Answer:
    """Calls of the account's day."""
    limits = call.store.limits
    row = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": limits.allowed,
        "currentUsage": limits.used(call.now),
        "collectedAt": iso(call.now),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(limits.resets_at(call.now)),
    }
    return 200, {"results": [row]}
