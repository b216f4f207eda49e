"""The Webhooks Journal of the embedded portal: the app's own token, subscriptions, offsets, three days, and files on another host."""

from __future__ import annotations

from typing import Any

import requests

from alignment_pipeline_tests.sandbox.hubspot.portal import TOKEN, Portal, portal

ROOT, SUBSCRIPTIONS = "/webhooks-journal/journal-local/2026-03", "/webhooks-journal/subscriptions/2026-03"
READ, MANAGE = "developer.webhooks_journal.read", "developer.webhooks_journal.subscriptions.write"
DAY = 86_400


def token(hub: Portal, *scopes: str) -> str:
    """A token of the app itself."""
    client, (secret, _) = next(iter(hub.store.settings.journal_apps.items()))
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, "scope": " ".join(scopes)}
    answer = requests.post(f"{hub.url}/oauth/2026-03/token", data=form, timeout=60)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def subscribe(hub: Portal, **change: Any) -> requests.Response:
    """To contacts that are made or convert."""
    body = {"subscriptionType": "OBJECT", "objectTypeId": "0-1", "portalId": 4711001, "actions": ["CREATE", "UPDATE"]}
    return hub.ask("POST", SUBSCRIPTIONS, body | {"properties": ["recent_conversion_date", "city"]} | change, token=token(hub, MANAGE))


def results(answer: requests.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def told(entry: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Actions and changed properties in an entry's file."""
    content = requests.get(entry["url"], timeout=60).json()
    assert content["offset"] == entry["currentOffset"]
    return [(one["action"], one["propertyChanges"]) for one in content["journalEvents"]]


def test_each_token_opens_its_own_doors_and_scopes_are_needed(hub: Portal) -> None:
    mine = token(hub, READ)

    assert hub.ask("GET", f"{ROOT}/batch/latest/1", token=TOKEN).status_code == 401
    assert hub.ask("GET", "/crm/v3/objects/contacts", token=mine).status_code == 401
    refused = hub.ask("POST", SUBSCRIPTIONS, {}, token=mine)
    assert (refused.status_code, refused.json()["errors"][0]["context"]["requiredGranularScopes"]) == (403, [MANAGE])
    hub.world.advance(1_801)
    assert hub.ask("GET", f"{ROOT}/batch/latest/1", token=mine).status_code == 401


def test_an_app_gets_no_scope_that_it_was_not_given() -> None:
    with portal(journal_apps={"app": ("secret", frozenset({READ}))}) as hub:
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret", "scope": MANAGE}
        assert requests.post(f"{hub.url}/oauth/v1/token", data=form, timeout=60).json()["error"] == "invalid_scope"
        assert requests.post(f"{hub.url}/oauth/v1/token", data=form | {"client_secret": "x"}, timeout=60).status_code == 400


def test_only_what_is_subscribed_to_is_told_and_only_from_then_on(hub: Portal) -> None:
    early = hub.person.create("contacts", {"email": "early@example.com"})
    assert subscribe(hub).status_code == 200
    hub.person.edit("contacts", early, {"firstname": "not subscribed"})
    hub.person.edit("contacts", early, {"city": "Ghent"})
    hub.person.create("companies", {"name": "no contact"})
    hub.store.add_form("f-1", "Demo")
    hub.store.submit("f-1", hub.world.clock.now(), {"email": "early@example.com"})
    mine = token(hub, READ)
    assert results(hub.ask("GET", f"{ROOT}/batch/latest/1", token=mine)) == [], "entries appear a little later"
    hub.world.advance(2)
    entries = results(hub.ask("GET", f"{ROOT}/batch/latest/10", token=mine))

    assert [told(one)[0][0] for one in entries] == ["UPDATE", "UPDATE"]
    assert [list(told(one)[0][1]) for one in entries] == [["city"], ["recent_conversion_date"]]
    after = hub.ask("GET", f"{ROOT}/batch/{entries[0]['currentOffset']}/next/10", token=mine)
    assert [one["currentOffset"] for one in results(after)] == [entries[1]["currentOffset"]]


def test_an_offset_lives_three_days_and_counts_and_versions_are_checked(hub: Portal) -> None:
    subscribe(hub)
    hub.person.create("contacts", {"email": "a@example.com"})
    hub.world.advance(2)
    (entry,) = results(hub.ask("GET", f"{ROOT}/batch/latest/1", token=token(hub, READ)))
    path = f"{ROOT}/batch/{entry['currentOffset']}/next/10"

    assert results(hub.ask("GET", path, token=token(hub, READ))) == []
    hub.world.advance(3 * DAY)
    mine = token(hub, READ)
    assert hub.ask("GET", path, token=mine).status_code == 404
    assert hub.ask("GET", f"{ROOT}/batch/latest/101", token=mine).status_code == 400
    assert hub.ask("GET", f"{ROOT}/batch/latest/1", token=mine, installPortalId=1).status_code == 403
    assert hub.ask("GET", "/webhooks-journal/journal-local/2019-01/batch/latest/1", token=mine).status_code == 404


def test_a_file_is_on_another_host_takes_no_token_and_expires(hub: Portal) -> None:
    subscribe(hub)
    hub.person.create("contacts", {"email": "a@example.com"})
    hub.world.advance(2)
    (entry,) = results(hub.ask("GET", f"{ROOT}/batch/latest/1", token=token(hub, READ)))
    url = entry["url"]

    assert not url.startswith(hub.url)
    assert requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60).status_code == 400
    assert requests.get(url.replace("Signature=", "Signature=0"), timeout=60).status_code == 403
    assert requests.get(url.replace("localhost", "127.0.0.1"), timeout=60).status_code == 404
    assert told(entry) == [("CREATE", {})]
    hub.world.advance(301)
    assert requests.get(url, timeout=60).status_code == 403


def test_the_journal_costs_nothing_of_the_portals_calls(hub: Portal) -> None:
    for _ in range(3):
        hub.ask("GET", f"{ROOT}/batch/latest/1", token=token(hub, READ))

    usage = hub.get("/account-info/v3/api-usage/daily/private-apps")["results"][0]

    assert usage["currentUsage"] == 1
