"""A first agreement from what the CRM says of itself.

Belongs here: what `alignment init` finds out and changes in the default file. Only text of the field map, the currency, account types
and internal domains is changed, so the comments that explain the file stay.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ibis import _
from ruamel.yaml import YAML

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.editor_schema import editor_schema
from alignment_pipeline.connectors import registry
from alignment_pipeline.connectors.salesforce import currencies, rest_query, soql
from alignment_pipeline.connectors.salesforce.currencies import OrganizationCurrencies
from alignment_pipeline.connectors.salesforce.describe import Describer, ObjectDescription
from alignment_pipeline.connectors.salesforce.session import SalesforceSession
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation import salesforce
from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import proposals
from alignment_pipeline.operations.proposals import Proposal
from alignment_pipeline.warehouse.warehouse import Warehouse

# people's input fields that an organisation may have under names of its own
_USUAL_INPUTS: Mapping[str, tuple[str, ...]] = {
    "disposition": ("Disposition__c", "Lead_Disposition__c"),
    "reject_code": ("Reject_Reason__c", "Rejection_Reason__c", "Disqualified_Reason__c"),
    "is_target_flagged": ("Target_Account__c", "Is_Target_Account__c", "ABM_Target__c", "Named_Account__c"),
    "is_do_not_sync": ("Do_Not_Sync__c",),
    "loss_reason": ("Loss_Reason__c", "Closed_Lost_Reason__c", "Win_Loss_Reason__c"),
}
_USUAL_CAPACITY = 5
_FREE = {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com"}


@dataclass(frozen=True)
class Answers:
    """What only a person knows: the agreement's name, who signs for each side, and how many MQAs a rep can take in a week."""

    name: str | None = None
    marketing_owner: str | None = None
    sales_owner: str | None = None
    mqas_per_rep_and_week: int | None = None


@dataclass
class Draft:
    """The file's text, what a person should know of it, and what the data proposes."""

    text: str
    remarks: list[str] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)


def draft(home: Home, *, is_offline: bool = False, answers: Answers | None = None) -> Draft:
    """The default agreement, fitted to the CRM when it can be asked, with the answers and the proposals."""
    answers = answers or Answers()
    default = loader.default_path().read_text(encoding="utf-8")
    connector = registry.crm_of(home.environ)
    if connector.draft is not None and not is_offline:
        default = loader.example_path(connector.draft.example).read_text(encoding="utf-8")
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 180
    tree = yaml.load(default)
    _answered(tree, answers)
    if is_offline:
        return Draft(_dumped(yaml, tree) if answers != Answers() else default, ["the default agreement, not fitted to any CRM"])
    metadata = _Metadata()
    if connector.draft is not None:
        remarks = connector.draft.fit(tree, home.environ, home.clock)
    else:
        remarks, metadata = _fitted(tree, home)
    text = _dumped(yaml, tree)
    agreement = loader.loads(text, name="the draft")
    warehouse = home.warehouse()
    capacity = agreement.lifecycle.handover.mqas_per_rep_and_week or _USUAL_CAPACITY
    proposed = [
        *proposals.stages(metadata.descriptions, agreement),
        *proposals.activities(warehouse, agreement),
        *proposals.time_zones(metadata.users, agreement),
        *proposals.calendars(metadata.hours),
        *proposals.rates(metadata.currencies, agreement, agreement.fiscal.day_of(home.clock.now())),
        *proposals.thresholds(warehouse, agreement, reps=_reps(warehouse), weekly_per_rep=capacity),
    ]
    return Draft(f"{proposals.as_comment(proposed)}\n{text}", remarks, proposed)


@dataclass(frozen=True)
class _Metadata:
    """What the CRM was asked for."""

    descriptions: Mapping[str, ObjectDescription | None] = field(default_factory=dict)
    users: Sequence[Mapping[str, Any]] = ()
    hours: Sequence[Mapping[str, Any]] = ()
    currencies: OrganizationCurrencies | None = None


def _fitted(tree: Any, home: Home) -> tuple[list[str], _Metadata]:
    """Fit the tree to the fields, account types and people of the organisation; what a person should know of it, and what was read."""
    remarks: list[str] = []
    session = salesforce.session(home)
    descriptions = Describer(session).describe_all(["Lead", "Contact", "Account", "Opportunity", "User"])
    _map_inputs(tree, descriptions, remarks)
    _account_types(tree, descriptions, remarks)
    users = list(rest_query.records(session, soql.select("User", ("Email", "TimeZoneSidKey", "IsActive"), order_by=("Id",)), "users"))
    _internal_domains(tree, [str(row.get("Email") or "") for row in users], remarks)
    _missing_fields(tree, descriptions, remarks)
    several = _currencies(tree, descriptions, session, remarks)
    wanted = soql.select("BusinessHours", ("Name", "TimeZoneSidKey", "IsDefault"), order_by=("Id",))
    return remarks, _Metadata(descriptions, users, list(rest_query.records(session, wanted, "business hours")), several)


def _dumped(yaml: YAML, tree: Any) -> str:
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def _answered(tree: Any, answers: Answers) -> None:
    if answers.name:
        tree["name"] = answers.name
    for party, owner in (("marketing", answers.marketing_owner), ("sales", answers.sales_owner)):
        if owner:
            tree.setdefault("parties", {}).setdefault(party, {})["owner"] = owner
    if answers.mqas_per_rep_and_week:
        handover = tree.setdefault("lifecycle", {}).setdefault("handover", {})
        handover["mqas_per_rep_and_week"] = answers.mqas_per_rep_and_week


def _reps(warehouse: Warehouse) -> int:
    """Owners of accounts in the last run: who would get an MQA."""
    owners = warehouse.read("accounts").filter(_.owner_id.notnull()).owner_id.nunique().to_pyarrow().as_py()
    return max(1, int(owners or 0))


def prepare(home: Home, *, may_make: bool) -> list[str]:
    """What the agreement names and the CRM has not; made where `may_make` says so. ConfigurationError where a CRM takes a package."""
    connector = registry.crm_of(home.environ)
    if connector.prepare is None:
        raise ConfigurationError(
            f"{connector.system.title} takes its fields as a package: deploy alignment_pipeline/connectors/salesforce/package"
        )
    return connector.prepare(home.environ, home.clock, home.agreement.crm, may_make=may_make)


def write(drafted: Draft, path: Path) -> Path:
    """Write the draft and, beside it, the schema; returns the schema's path."""
    schema = path.with_name(path.stem + ".schema.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# yaml-language-server: $schema={schema.name}\n{drafted.text}", encoding="utf-8")
    schema.write_text(json.dumps(editor_schema(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return schema


def _map_inputs(tree: Any, descriptions: Mapping[str, ObjectDescription | None], remarks: list[str]) -> None:
    for mapping in tree["crm"]["inputs"]:
        description = descriptions.get(mapping["object"])
        for name in _USUAL_INPUTS.get(mapping["meaning"], ()):
            there = description.field(name) if description else None
            if there is not None:
                mapping["field"] = there.name
                remarks.append(f"{mapping['object']}.{there.name} is read as {mapping['meaning']}")
                break


def _account_types(tree: Any, descriptions: Mapping[str, ObjectDescription | None], remarks: list[str]) -> None:
    account = descriptions.get("Account")
    types = account.field("Type") if account else None
    customers = [value for value in (types.picklist_values if types else ()) if "customer" in value.lower()]
    if customers:
        tree["people"]["customer_account_types"] = customers
        remarks.append(f"accounts of type {', '.join(customers)} count as customers")


def _internal_domains(tree: Any, emails: list[str], remarks: list[str]) -> None:
    domains: dict[str, int] = {}
    for email in emails:
        domain = email.rpartition("@")[2].lower()
        if domain and domain not in _FREE and not domain.endswith("salesforce.com"):
            domains[domain] = domains.get(domain, 0) + 1
    if domains:
        own = max(sorted(domains), key=lambda name: domains[name])
        tree["people"]["internal_domains"] = [own]
        remarks.append(f"people @{own} are your own: never scored, matched or clocked")


def _currencies(
    tree: Any, descriptions: Mapping[str, ObjectDescription | None], session: SalesforceSession, remarks: list[str]
) -> OrganizationCurrencies | None:
    """Read the deals' currency where there are several; the constant rates are proposed, and a person sets them."""
    deals = descriptions.get("Opportunity")
    if deals is None or deals.field(currencies.FIELD) is None:
        return None
    tree["crm"]["currency_field"] = currencies.FIELD
    known = currencies.read(session)
    company = known.corporate if known else None
    if company:
        tree["currencies"]["company"] = company
    said = f"in {company}, " if company else ""
    remarks.append(f"deals are in several currencies: amounts are published {said}and currencies.rates still needs your constant rates")
    return known


def _missing_fields(tree: Any, descriptions: Mapping[str, ObjectDescription | None], remarks: list[str]) -> None:
    missing = 0
    for mapping in tree["crm"]["fields"]:
        description = descriptions.get(mapping["object"])
        missing += description is None or description.field(mapping["field"]) is None
    if missing:
        remarks.append(
            f"{missing} mapped fields are not in this CRM yet: deploy the metadata package "
            "(alignment_pipeline/connectors/salesforce/package), or map fields of your own"
        )
