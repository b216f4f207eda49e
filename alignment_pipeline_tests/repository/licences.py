"""The licences of everything that is installed at run time: `make check` prints them and fails on one that does not go with Apache-2.0.

Belongs here: what is required (setup.cfg, followed through each package's own requirements), what each package says of its licence,
and the few packages whose metadata is unclear. What this repository's own data comes from is in `NOTICE`.
"""

from __future__ import annotations

import configparser
import importlib.metadata as installed
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SETUP = Path(__file__).resolve().parents[2] / "setup.cfg"
#: Licences that allow a package to be used by, and shipped beside, an Apache-2.0 program. MPL-2.0 covers the package's own files,
#: which are used unchanged. GPL and AGPL would cover the whole program and are therefore missing here.
COMPATIBLE = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
#: A package that only an extra installs may be under the LGPL: nothing here contains or changes it.
COMPATIBLE_EXTRAS = COMPATIBLE | {"LGPL-3.0-only", "LGPL-3.0-or-later"}
EXTRAS_FOR_USERS = ("postgres", "xlsx")
#: What packages write in the old free-text field or as a classifier -> SPDX.
SPELLINGS: Mapping[str, str] = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd license": "BSD",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
#: Packages whose metadata does not name one licence -> the licence, read in the file it ships.
READ_IN_THE_PACKAGE: Mapping[str, str] = {
    "antlr4-python3-runtime": "BSD-3-Clause",  # says "BSD"; its LICENSE.txt has the three clauses
    "psycopg2-binary": "LGPL-3.0-or-later",  # its classifier names no version; its LICENSE does
    "requests-oauthlib": "ISC",  # its classifier says BSD; the text in its LICENSE is the ISC licence
}


@dataclass(frozen=True)
class Licence:
    """What one installed package says of its licence."""

    package: str
    version: str
    expression: str
    is_extra: bool

    @property
    def is_compatible(self) -> bool:
        """Whether the package may be used: every part joined by AND, and one of the parts joined by OR."""
        allowed = COMPATIBLE_EXTRAS if self.is_extra else COMPATIBLE
        alternatives = re.split(r"\s+OR\s+", self.expression)
        return any(all(part.strip(" ()") in allowed for part in re.split(r"\s+AND\s+", each)) for each in alternatives)


def required() -> tuple[list[Requirement], list[Requirement]]:
    """What setup.cfg requires: always, and by the extras meant for users."""
    setup = configparser.ConfigParser()
    setup.read(SETUP, encoding="utf-8")
    extras = [line for extra in EXTRAS_FOR_USERS for line in _lines(setup["options.extras_require"][extra])]
    return [Requirement(line) for line in _lines(setup["options"]["install_requires"])], [Requirement(line) for line in extras]


def closure(wanted: Iterable[Requirement]) -> dict[str, installed.Distribution]:
    """Every installed package that the requirements lead to, by its canonical name."""
    found: dict[str, installed.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    pending = [(each, "") for each in wanted]
    while pending:
        requirement, extra = pending.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        distribution = installed.distribution(requirement.name)
        found[name] = distribution
        for each in ("", *requirement.extras):
            if (name, each) not in seen:
                seen.add((name, each))
                pending.extend((Requirement(line), each) for line in distribution.requires or ())
    return found


def expression(distribution: installed.Distribution) -> str:
    """A package's licence as SPDX, or what it says where that is nothing known."""
    name = canonicalize_name(distribution.metadata["Name"])
    if name in READ_IN_THE_PACKAGE:
        return READ_IN_THE_PACKAGE[name]
    return next(_said(distribution), "unknown")


def licences() -> list[Licence]:
    """Every package of a run-time installation, by name."""
    always, extras = required()
    core = closure(always)
    optional = {name: each for name, each in closure(extras).items() if name not in core}
    found = [Licence(name, each.version, expression(each), is_extra=False) for name, each in core.items()]
    found += [Licence(name, each.version, expression(each), is_extra=True) for name, each in optional.items()]
    return sorted(found, key=lambda each: each.package)


def _said(distribution: installed.Distribution) -> Iterator[str]:
    metadata = distribution.metadata
    if metadata.get("License-Expression"):
        yield metadata["License-Expression"]
    classifiers = [line.rpartition("::")[2].strip() for line in metadata.get_all("Classifier") or () if line.startswith("License ::")]
    named = [SPELLINGS.get(each.lower(), each) for each in classifiers if each != "OSI Approved"]
    if named:
        # classifiers do not say whether one may choose: every one of them has to be compatible
        yield " AND ".join(dict.fromkeys(named))
    text = (metadata.get("License") or "").strip()
    if text:
        yield SPELLINGS.get(text.lower(), text.splitlines()[0])


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]


def main() -> None:
    """Print each package with its licence; end with 1 when one does not go with Apache-2.0."""
    found = licences()
    for each in found:
        print(f"{each.package:30} {each.version:14} {each.expression}{'  (extra)' if each.is_extra else ''}")
    refused = [each for each in found if not each.is_compatible]
    if refused:
        names = ", ".join(f"{each.package} ({each.expression})" for each in refused)
        sys.exit(f"licences: not known to go with Apache-2.0: {names}. Replace the package, or read its licence file and add it to "
                 "READ_IN_THE_PACKAGE in alignment_pipeline_tests/repository/licences.py.")  # fmt: skip
    print(f"licences: {len(found)} packages, all compatible with Apache-2.0")


if __name__ == "__main__":
    main()
