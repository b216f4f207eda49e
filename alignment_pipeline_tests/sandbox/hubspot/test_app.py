"""What all calls of the embedded portal share: tokens, scopes, versions, limits, and the two logs."""

from __future__ import annotations

from datetime import timedelta

import requests
from hubspot import HubSpot

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline_tests.sandbox.hubspot.portal import TOKEN, Portal, portal

CONTACTS = "/crm/v3/objects/contacts"


def test_a_rotated_token_is_refused(hub: Portal) -> None:
    hub.store.tokens.rotate(TOKEN)
    answer = hub.ask("GET", CONTACTS)

    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_missing_scope_is_named() -> None:
    with portal(tokens={TOKEN: frozenset({"crm.objects.contacts.read"})}) as hub:
        answer = hub.ask("GET", "/crm/v3/objects/deals")

        assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
        assert answer.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]
        assert hub.ask("GET", "/crm/v3/objects/calls").status_code == 200


def test_date_versions_spell_the_same_paths(hub: Portal) -> None:
    one = hub.person.create("contacts", {"email": "a@example.com"})

    assert hub.get(f"/crm/objects/2026-03/contacts/{one}") == hub.get(f"{CONTACTS}/{one}")
    assert hub.ask("GET", f"/crm/objects/2019-01/contacts/{one}").status_code == 404


def test_oauth_tokens_end_after_half_an_hour(hub: Portal) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": "hubspot-sandbox-client",
        "client_secret": "hubspot-sandbox-secret",
        "refresh_token": "hubspot-sandbox-refresh",
    }
    token = requests.post(f"{hub.url}/oauth/v1/token", data=form, timeout=60).json()["access_token"]

    assert hub.ask("GET", CONTACTS, token=token).status_code == 200
    hub.world.advance(1_801)
    assert hub.ask("GET", CONTACTS, token=token).status_code == 401
    assert requests.post(f"{hub.url}/oauth/v1/token", data=form | {"client_secret": "x"}, timeout=60).status_code == 400


def test_the_eleventh_of_ten_calls_in_ten_seconds_waits_and_search_has_a_second_of_its_own() -> None:
    with portal(calls_per_window=10) as hub:
        policies = [hub.ask("GET", CONTACTS).json().get("policyName") for _ in range(11)]

        assert policies == [None] * 10 + ["TEN_SECONDLY_ROLLING"]
        hub.world.advance(10.1)
        answers = [hub.search("contacts") for _ in range(6)]
        assert [answer.json().get("policyName") for answer in answers] == [None] * 5 + ["SECONDLY"]
        assert "X-HubSpot-RateLimit-Daily-Remaining" not in answers[0].headers


def test_the_days_calls_end_and_begin_anew_at_the_accounts_midnight(hub: Portal) -> None:
    hub.world.faults.add(Fault("daily_limit", system="hubspot", options={"max": 1}))
    hub.get(CONTACTS)
    refused = hub.ask("GET", CONTACTS)

    assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
    hub.world.advance(24 * 3600)
    usage = hub.get("/account-info/v3/api-usage/daily/private-apps")["results"][0]
    assert (usage["usageLimit"], usage["currentUsage"], usage["resetsAt"][11:19]) == (1, 1, "05:00:00")


def test_the_vendors_client_reads_owners_and_archived_ones_only_when_asked(hub: Portal) -> None:
    owner = {"firstName": "O", "lastName": "N", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
    people = [owner | {"id": "1", "email": "o@example.com", "userId": 7, "type": "PERSON", "archived": False}]
    people += [owner | {"id": "2", "email": "q@example.com", "userId": None, "type": "PERSON", "archived": True}]
    hub.store.load({}, owners=people)
    owners = hub.pointed(HubSpot(access_token=TOKEN).crm.owners.owners_api)

    assert [one.id for one in owners.get_page(archived=False).results] == ["1"]
    assert [one.id for one in owners.get_page(archived=True).results] == ["2"]


def test_submissions_come_latest_first_fifty_a_page(hub: Portal) -> None:
    hub.store.add_form("f-1", "Demo")
    for minute in range(60):
        hub.store.submit("f-1", hub.world.clock.now() - timedelta(minutes=60 - minute), {"email": f"{minute}@example.com"})
    path = "/form-integrations/v1/submissions/forms/f-1"
    first = hub.get(path, limit=50)
    second = hub.get(path, limit=50, after=first["paging"]["next"]["after"])
    emails = [one["values"][0]["value"] for one in first["results"] + second["results"]]

    assert emails == [f"{minute}@example.com" for minute in reversed(range(60))]
    assert hub.ask("GET", path, limit=51).status_code == 400
    assert "paging" not in second


def test_email_events_are_cut_by_time_and_type_and_paged_by_offset(hub: Portal) -> None:
    now = hub.world.clock.now()
    for second in range(5):
        hub.store.happened("OPEN", "a@example.com", now - timedelta(seconds=10 - second), is_filtered=second == 0)
    hub.store.happened("CLICK", "a@example.com", now - timedelta(seconds=1))
    path, start = "/email/public/v1/events", round((now - timedelta(seconds=9)).timestamp() * 1000)
    first = hub.get(path, eventType="OPEN", startTimestamp=start, limit=3)
    second = hub.get(path, eventType="OPEN", startTimestamp=start, limit=3, offset=first["offset"])

    assert [(len(page["events"]), page["hasMore"]) for page in (first, second)] == [(3, True), (1, False)]
    assert {one["filteredEvent"] for one in first["events"] + second["events"]} == {False}
