"""The portal's pages for people: what a property group and a saved view show."""

from __future__ import annotations

import requests

from alignment_pipeline.sandbox.hubspot.properties import Property
from alignment_pipeline_tests.sandbox.hubspot.portal import Portal

PAGES = "/__sandbox__/hubspot"


def filled(hub: Portal) -> str:
    """A contact with a value in the group Alignment, and one without."""
    hub.store.definitions.add(
        "contacts", Property("alignment_sla", label="SLA status", group="alignment", description="What <the> clock says")
    )
    hub.person.create("contacts", {"email": "other@acme.example", "lastname": "Other"})
    return hub.person.create(
        "contacts", {"email": "ada@acme.example", "firstname": "Ada", "lastname": "<Byron>", "alignment_sla": "breached"}
    )


def test_a_record_shows_labels_values_and_descriptions_of_a_group(hub: Portal) -> None:
    page = requests.get(f"{hub.url}{PAGES}/records/contacts/{filled(hub)}", timeout=60)

    assert page.headers["content-type"].startswith("text/html")
    for text in ("<h1>Ada &lt;Byron&gt;</h1>", "SLA status", "breached", "What &lt;the&gt; clock says", "ada@acme.example"):
        assert text in page.text
    assert requests.get(f"{hub.url}{PAGES}/records/contacts/1", timeout=60).status_code == 404


def test_a_view_shows_the_records_that_its_filters_find(hub: Portal) -> None:
    filled(hub)
    params = {"title": "Breached", "columns": "alignment_sla", "where": "alignment_sla:breached"}
    page = requests.get(f"{hub.url}{PAGES}/views/contacts", params=params, timeout=60).text
    empty = requests.get(f"{hub.url}{PAGES}/views/contacts", params=params | {"where": "alignment_sla:"}, timeout=60).text

    assert "SLA status is breached" in page and "1 records" in page and "Other" not in page
    assert "SLA status is unknown" in empty and "Other" in empty and "Byron" not in empty
