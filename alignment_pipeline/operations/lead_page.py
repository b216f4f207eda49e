"""One lead as a rep sees it on the record page: the labels and values of our fields, names instead of ids, in the owner's time zone.

Belongs here: choosing a lead that shows most, and its values as text. The fields come from the agreement, the values from
`field_updates`; the page in Salesforce itself: `connectors/salesforce/package/`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import ibis
from ibis import _

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import FieldMapping
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.wording import moments

SCORE, POINTS = "person.engagement_score", "person.engagement_points"
#: What a rep looks at, in the order of the page.
SHOWN = (
    "person.stage",
    "person.sla_status",
    "person.sla_due_at",
    "person.sla_reason",
    "person.matched_account_id",
    "person.match_reason",
    SCORE,
    "person.score_reason",
    "person.fit_score",
    "person.stage_reason",
)


#: `n/a`, `-` and the like stand where a company should.
MOST_PLACEHOLDER = 4


@dataclass(frozen=True)
class LeadPage:
    """A lead, or a contact where there are no leads (`kind`): its id, name, company and e-mail, and label and value of each field."""

    kind: str
    lead_id: str
    name: str
    company: str
    email: str
    rows: tuple[tuple[str, str], ...]


def lead_page(warehouse: Warehouse, agreement: Agreement) -> LeadPage | None:
    """The lead whose promise is due next, of those that have an account and an e-mail; one that was late when none waits.

    Where the CRM has no leads, a contact.
    """
    return _page_of(_leads(warehouse), "Lead", warehouse, agreement) or _page_of(_contacts(warehouse), "Contact", warehouse, agreement)


def _leads(warehouse: Warehouse) -> ibis.Table:
    """Open leads that were matched."""
    leads = warehouse.read("leads").filter(~_.is_converted)
    return leads.semi_join(_matched(warehouse), "lead_id").select("first_name", "last_name", "company", "email", record_id=_.lead_id)


def _contacts(warehouse: Warehouse) -> ibis.Table:
    """Contacts of people who were matched."""
    people = warehouse.read("people").semi_join(_matched(warehouse), "person_id").filter(_.contact_id.notnull())
    return people.select("first_name", "last_name", "company", "email", record_id=_.contact_id)


def _matched(warehouse: Warehouse) -> ibis.Table:
    return warehouse.read("lead_account_matches").filter(_.decision == "matched", _.account_id.notnull())


def _page_of(records: ibis.Table, object_: str, warehouse: Warehouse, agreement: Agreement) -> LeadPage | None:
    clocks = warehouse.read("sla_clocks").filter(_.object == object_, _.due_at.notnull())
    users = warehouse.read("users").select(user_id=_.user_id, zone=_.time_zone)
    wanted = records.filter(_.email.notnull(), _.company.length() > MOST_PLACEHOLDER)
    joined = clocks.inner_join(wanted, "record_id")
    joined = joined.left_join(users, joined.owner_id == users.user_id)
    order = joined.state.cases(("at_risk", 0), ("pending", 1), ("breached", 2), ("met_late", 3), else_=4)
    chosen = joined.order_by(order, joined.due_at, joined.record_id).limit(1)
    rows = chosen.select("record_id", "person_id", "first_name", "last_name", "company", "email", "zone").to_pyarrow().to_pylist()
    if not rows:
        return None
    lead = rows[0]
    fields: dict[str, FieldMapping] = {one.value: one for one in agreement.crm.fields if one.object == object_}
    updates = warehouse.read("field_updates").filter(_.object == object_, _.record_id == lead["record_id"])
    values = {row["field"]: row["value"] for row in updates.select("field", "value").to_pyarrow().to_pylist()}
    of_account = fields.get(SHOWN[4])
    accounts = warehouse.read("accounts").filter(
        _.account_id == json.loads((values.get(of_account.field) if of_account else None) or "null")
    )
    named = {row["account_id"]: row["name"] for row in accounts.select("account_id", "name").to_pyarrow().to_pylist()}
    shown = []
    for value in SHOWN:
        mapping = fields.get(value)
        held = json.loads(values.get(mapping.field) or "null") if mapping else None
        if mapping is not None and held is not None:
            shown.append((mapping.label, _text(held, mapping.type, named, lead["zone"])))
        elif mapping is None and value == SCORE and POINTS in fields:
            # a formula field of the package: it shows today's score
            scores = warehouse.read("person_scores").filter(_.person_id == lead["person_id"]).engagement_score.to_pyarrow().to_pylist()
            shown += [("Engagement score", _text(score, "number", named, lead["zone"])) for score in scores if score is not None]
    name = " ".join(part for part in (lead["first_name"], lead["last_name"]) if part)
    return LeadPage(object_.lower(), lead["record_id"], name, lead["company"] or "", lead["email"], tuple(shown))


def _text(value: object, kind: str, named: dict[str, str], zone: str | None) -> str:
    if kind == "datetime":
        return moments.due(datetime.fromisoformat(str(value)), zone)
    if isinstance(value, float):
        return f"{value:.0f}"
    return named.get(str(value), str(value))
