"""The JSON of describe, from the schema as one user sees it.

Belongs here: the shape of describe answers. The facts come from `schema.py`.
"""

from __future__ import annotations

from typing import Any

from alignment_pipeline.sandbox.salesforce.schema import ID_TYPES, NUMBER_TYPES, Field, ObjectSchema, Schema

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "address": "urn:address",
    "anyType": "xsd:anyType",
    "base64": "xsd:base64Binary",
}
_UNGROUPABLE = frozenset({"datetime", "double", "currency", "percent", "address", "anyType", "time", "multipicklist", "base64"})


def field_json(field: Field) -> dict[str, Any]:
    """One field of a describe."""
    is_text = field.type not in NUMBER_TYPES and field.type not in ("boolean", "date", "datetime", "time", "address")
    length = 18 if field.type in ID_TYPES else field.length if is_text else 0
    default_value: Any = field.default if field.type not in ("boolean",) else str(field.default).lower() == "true"
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "length": length,
        "byteLength": length * 3,
        "precision": 0 if field.type == "int" else field.precision,
        "digits": field.precision or 9 if field.type == "int" else 0,
        "scale": field.scale,
        "nillable": field.nillable,
        "createable": field.createable,
        "updateable": field.updateable,
        "filterable": field.filterable,
        "sortable": field.sortable,
        "groupable": field.filterable and field.type not in _UNGROUPABLE,
        "aggregatable": field.filterable and field.type not in ("boolean", "address"),
        "defaultedOnCreate": field.default is not None or (not field.nillable and not field.required),
        "defaultValue": default_value,
        "defaultValueFormula": None,
        "restrictedPicklist": field.restricted,
        "dependentPicklist": False,
        "controllerName": None,
        "picklistValues": [
            {"value": one.value, "label": one.value, "active": one.active, "defaultValue": one.default, "validFor": None}
            for one in field.picklist
        ],
        "externalId": field.external_id,
        "idLookup": field.id_lookup,
        "unique": field.unique,
        "caseSensitive": field.case_sensitive,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "polymorphicForeignKey": field.polymorphic,
        "namePointing": field.polymorphic,
        "cascadeDelete": False,
        "restrictedDelete": False,
        "calculated": field.calculated,
        "calculatedFormula": field.formula,
        "autoNumber": False,
        "custom": field.custom,
        "nameField": field.name_field,
        "compoundFieldName": None,
        "deprecatedAndHidden": False,
        "displayLocationInDecimal": False,
        "encrypted": field.type == "encryptedstring",
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "inlineHelpText": None,
        "mask": None,
        "maskType": None,
        "permissionable": field.custom or not field.required,
        "queryByDistance": False,
        "referenceTargetField": None,
        "searchPrefilterable": False,
        "writeRequiresMasterRead": False,
        "aiPredictionField": False,
    }


def brief(schema: ObjectSchema, version: str) -> dict[str, Any]:
    """One object of the global describe."""
    root = f"/services/data/v{version}/sobjects/{schema.name}"
    return {
        "name": schema.name,
        "label": schema.label,
        "labelPlural": schema.plural,
        "keyPrefix": schema.prefix,
        "custom": schema.custom,
        "customSetting": False,
        "createable": schema.createable,
        "updateable": schema.updateable,
        "deletable": schema.deletable,
        "undeletable": schema.get("IsDeleted") is not None and schema.deletable,
        "mergeable": schema.name in ("Account", "Contact", "Lead"),
        "queryable": True,
        "retrieveable": True,
        "searchable": schema.name in ("Account", "Contact", "Lead", "Opportunity", "User", "Campaign"),
        "replicateable": schema.replicateable,
        "layoutable": schema.createable,
        "triggerable": schema.createable,
        "mruEnabled": False,
        "feedEnabled": False,
        "activateable": False,
        "deprecatedAndHidden": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "urls": {"sobject": root, "describe": f"{root}/describe", "rowTemplate": f"{root}/{{ID}}"},
    }


def describe(schema: ObjectSchema, whole: Schema, version: str) -> dict[str, Any]:
    """The describe of one object."""
    children: list[dict[str, Any]] = [
        {
            "childSObject": child.name,
            "field": one.name,
            "relationshipName": one.children,
            "cascadeDelete": False,
            "restrictedDelete": False,
            "deprecatedAndHidden": False,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
        }
        for child, one in whole.children(schema.name)
    ]
    master = {"name": "Master", "available": True, "active": True, "master": True, "defaultRecordTypeMapping": True}
    return brief(schema, version) | {
        "fields": [field_json(one) for one in schema.fields],
        "childRelationships": children,
        "recordTypeInfos": [master | {"recordTypeId": "012000000000000AAA", "developerName": "Master", "urls": {}}],
        "supportedScopes": [{"label": "All", "name": "everything"}],
        "actionOverrides": [],
        "namedLayoutInfos": [],
        "compactLayoutable": True,
        "searchLayoutable": True,
        "networkScopeFieldName": None,
        "sobjectDescribeOption": "FULL",
    }
