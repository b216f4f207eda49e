"""A package whose licence does not go with Apache-2.0 is refused, whatever way its metadata says so."""

from __future__ import annotations

from email.message import Message

import pytest

from alignment_pipeline_tests.repository import licences


class Package:
    """An installed package that consists of its metadata."""

    def __init__(self, **fields: str | list[str]) -> None:
        self.metadata = Message()
        self.metadata["Name"] = "a-package"
        for name, value in fields.items():
            for each in [value] if isinstance(value, str) else value:
                self.metadata[name.replace("_", "-")] = each


GPL = "License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)"
MIT = "License :: OSI Approved :: MIT License"


@pytest.mark.parametrize(("package", "expression", "is_compatible"), [
    (Package(License_Expression="MIT"), "MIT", True),
    (Package(License_Expression="MIT", Classifier=GPL), "MIT", True),
    (Package(License="MIT", Classifier=[GPL]), "GPL-2.0-or-later", False),
    (Package(Classifier=[MIT, GPL]), "MIT AND GPL-2.0-or-later", False),
    (Package(Classifier=["License :: OSI Approved", "License :: OSI Approved :: BSD License"]), "BSD", True),
    (Package(Classifier=["License :: Other/Proprietary License"]), "Other/Proprietary License", False),
    (Package(License="GPL-3.0-only OR MIT"), "GPL-3.0-only OR MIT", True),
    (Package(License_Expression="MPL-2.0 AND (MIT)"), "MPL-2.0 AND (MIT)", True),
    (Package(License="LGPL-3.0-only"), "LGPL-3.0-only", False),
    (Package(), "unknown", False),
])  # fmt: skip
def test_a_licence_is_read_from_the_metadata_and_judged(package, expression, is_compatible) -> None:
    said = licences.expression(package)

    assert (expression, is_compatible) == (said, licences.Licence("a-package", "1", said, is_extra=False).is_compatible)


def test_an_extra_may_be_under_the_lgpl() -> None:
    assert licences.Licence("psycopg", "3", "LGPL-3.0-only", is_extra=True).is_compatible


def test_requirements_are_followed_through_other_packages() -> None:
    always, _ = licences.required()
    found = licences.closure(always)

    assert {"dagster", "grpcio", "cffi", "zeep"} <= set(found)  # the last two only through cryptography and simple-salesforce
    assert not {"pytest", "psycopg", "ruff"} & set(found)
