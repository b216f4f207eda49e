"""Read custom fields and objects from a metadata package in source format.

Belongs here: `objects/<Object>/fields/<Field>.field-meta.xml` and `objects/<X__c>/<X__c>.object-meta.xml`, as the Metadata API
defines CustomField and CustomObject. The sandbox knows exactly what the package declares. Standard objects: `standard.py`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.salesforce.formulas import compile_formula
from alignment_pipeline.sandbox.salesforce.schema import Field, ObjectSchema, PicklistValue, Schema
from alignment_pipeline.sandbox.salesforce.standard import label_of, parse_field, standard_objects

_NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Html": "textarea",
    "EncryptedText": "encryptedstring",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Time": "time",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "AutoNumber": "string",
    "Summary": "double",
}
_LENGTHS = {"TextArea": 255, "Email": 80, "Phone": 40, "Url": 255, "Picklist": 255, "AutoNumber": 30, "Lookup": 18, "MasterDetail": 18}
_CUSTOM_STAMPS = (
    "Id id ro idlookup notnull label=Record_ID",
    "OwnerId reference ref=Group|User rel=Owner tracked owner notnull",
    "IsDeleted boolean ro",
    "CreatedDate datetime ro notnull",
    "CreatedById reference ro notnull ref=User rel=CreatedBy",
    "LastModifiedDate datetime ro notnull",
    "LastModifiedById reference ro notnull ref=User rel=LastModifiedBy",
    "SystemModstamp datetime ro notnull",
)


def load_schema(package: Path | None) -> Schema:
    """The standard objects, with the custom fields and objects of the package folder (absent folder: none).

    Raises ConfigurationError naming the file and what is wrong with it.
    """
    objects = {one.name: one for one in standard_objects()}
    if package is None or not package.is_dir():
        return Schema(objects.values())
    for number, folder in enumerate(sorted(path for path in package.rglob("objects/*") if path.is_dir())):
        name = folder.name
        meta = folder / f"{name}.object-meta.xml"
        # Custom fields of activities are made on Activity and appear on both of its children.
        targets = ["Task", "Event"] if name == "Activity" else [name]
        if name not in objects and name not in ("Activity",):
            if not meta.is_file():
                raise ConfigurationError(f"{folder}: object {name} is neither a standard object of the sandbox nor declared by {meta.name}")
            objects[name] = _custom_object(meta, name, number)
        fields = [_field(path) for path in sorted(folder.glob("fields/*.field-meta.xml"))]
        for target in targets:
            objects[target] = _with_fields(objects[target], fields, folder)
    return Schema(objects.values())


def with_currencies(schema: Schema, currencies: Sequence[str]) -> Schema:
    """The schema of an organisation with these currencies: with several `CurrencyIsoCode` on every object that has amounts, and rates."""
    if not currencies:
        return Schema(one for one in schema.objects.values() if "multicurrency" not in one.extra)
    spec = f"CurrencyIsoCode picklist restricted tracked label=Currency_ISO_Code default={currencies[0]} values={';'.join(currencies)}"
    field = parse_field(spec)
    return Schema(
        replace(one, fields=(*one.fields, field)) if any(other.type == "currency" for other in one.fields) else one
        for one in schema.objects.values()
    )


def _with_fields(schema: ObjectSchema, fields: Iterable[Field], folder: Path) -> ObjectSchema:
    custom = []
    for one in fields:
        known = schema.get(one.name)
        if known is None:
            custom.append(one)
        elif known.custom:
            raise ConfigurationError(f"{folder}: field {one.name} is declared twice on {schema.name}")
    return replace(schema, fields=(*schema.fields, *custom))


def _root(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()  # noqa: S314 - files of the deployed package, as trusted as our code
    except (ElementTree.ParseError, OSError) as error:
        raise ConfigurationError(f"{path}: no readable metadata file: {error}") from error


def _text(element: ElementTree.Element, name: str, default: str = "") -> str:
    child = element.find(f"{_NAMESPACE}{name}")
    return default if child is None or child.text is None else child.text.strip()


def _flag(element: ElementTree.Element, name: str) -> bool:
    return _text(element, name).lower() == "true"


def _field(path: Path) -> Field:
    root = _root(path)
    name = _text(root, "fullName") or path.name.removesuffix(".field-meta.xml")
    declared = _text(root, "type")
    if not declared and not name.endswith("__c"):
        # A standard field's file (history tracking and the like) declares no type: nothing to add.
        return Field(name=name, type="string", label=name)
    if declared not in _TYPES:
        raise ConfigurationError(f"{path}: field type {declared!r} is not known to the sandbox; known: {', '.join(sorted(_TYPES))}")
    formula = _text(root, "formula") or None
    if formula is not None:
        compile_formula(formula, str(path))
    read_only = formula is not None or declared in ("AutoNumber", "Summary")
    kind = _TYPES[declared]
    is_number = kind in ("double", "currency", "percent")
    values, restricted = _picklist(root)
    required = _flag(root, "required") or declared == "MasterDetail"
    target = _text(root, "referenceTo")
    default = _text(root, "defaultValue").strip("'\"") or ("false" if kind == "boolean" else None)
    default = default or next((one.value for one in values if one.default), None)
    long_text = declared in ("LongTextArea", "Html")
    return Field(
        name=name,
        type=kind,
        label=_text(root, "label") or label_of(name),
        length=0 if is_number else int(_text(root, "length") or _LENGTHS.get(declared, 0) or (1300 if formula else 0)),
        precision=int(_text(root, "precision") or 18) if is_number else 0,
        scale=int(_text(root, "scale") or 0),
        required=required and not read_only and default is None,
        createable=not read_only,
        updateable=not read_only and (declared != "MasterDetail" or _flag(root, "reparentableMasterDetail")),
        filterable=not long_text and declared != "EncryptedText",
        sortable=not long_text and declared not in ("EncryptedText", "MultiselectPicklist"),
        default=default,
        picklist=values,
        restricted=restricted,
        references=(target,) if target else (),
        relationship=name.removesuffix("__c") + "__r" if target else None,
        children=_text(root, "relationshipName") + "__r" if target and _text(root, "relationshipName") else None,
        unique=_flag(root, "unique"),
        external_id=_flag(root, "externalId"),
        id_lookup=_flag(root, "externalId"),
        case_sensitive=_flag(root, "caseSensitive"),
        calculated=read_only and declared != "AutoNumber",
        formula=formula,
        custom=True,
        tracked=_flag(root, "trackHistory"),
        nillable=not required and kind != "boolean",
    )


def _picklist(root: ElementTree.Element) -> tuple[tuple[PicklistValue, ...], bool]:
    value_set = root.find(f"{_NAMESPACE}valueSet")
    if value_set is None:
        return (), False
    values = tuple(
        PicklistValue(
            value=_text(one, "fullName"),
            active=_text(one, "isActive", "true").lower() != "false",
            default=_flag(one, "default"),
        )
        for one in value_set.iter(f"{_NAMESPACE}value")
    )
    return values, _flag(value_set, "restricted")


def _custom_object(path: Path, name: str, number: int) -> ObjectSchema:
    root = _root(path)
    name_field = root.find(f"{_NAMESPACE}nameField")
    is_auto = name_field is not None and _text(name_field, "type") == "AutoNumber"
    label = "Name" if name_field is None else _text(name_field, "label", "Name")
    line = f"Name string(80) namefield label={label.replace(' ', '_')} {'ro' if is_auto else ''}"
    history = {"history": name.removesuffix("__c") + "__History"} if _flag(root, "enableHistory") else {}
    return ObjectSchema(
        name=name,
        prefix=f"a{number:02d}",
        label=_text(root, "label", label_of(name)),
        plural=_text(root, "pluralLabel", label_of(name) + "s"),
        fields=tuple(parse_field(spec) for spec in (*_CUSTOM_STAMPS[:1], line, *_CUSTOM_STAMPS[1:])),
        custom=True,
        extra={"owner": "OwnerId", "autonumber": "true" if is_auto else ""} | history,
    )
