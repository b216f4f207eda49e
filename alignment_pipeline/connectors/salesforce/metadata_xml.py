"""Text of metadata files: elements in Salesforce's namespace, indented the same way everywhere.

Belongs here: the XML. What the files say: the other modules of this name (`metadata_fields.py` and so on).
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def root(kind: str, pairs: Iterable[tuple[str, str]] = ()) -> ET.Element:
    """The file's root element with its simple members."""
    element = ET.Element(kind, {"xmlns": NAMESPACE})
    for tag, value in pairs:
        append(element, tag, value)
    return element


def append(parent: ET.Element, tag: str, value: str) -> None:
    """One simple member."""
    ET.SubElement(parent, tag).text = value


def group(parent: ET.Element, tag: str, pairs: Iterable[tuple[str, str]]) -> ET.Element:
    """One member that holds members."""
    element = ET.SubElement(parent, tag)
    for name, value in pairs:
        append(element, name, value)
    return element


def text(element: ET.Element) -> str:
    """The whole file."""
    ET.indent(element, space="    ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(element, encoding="unicode") + "\n"
