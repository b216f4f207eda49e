"""Files that are generated from the default agreement: written by `make package`, held equal by `make check`.

Belongs here: the Salesforce metadata package and the agreement's JSON schema. What they contain: `metadata_package.py`, `loader.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from alignment_pipeline.agreement import loader
from alignment_pipeline.connectors.salesforce import metadata_package

SCHEMA = loader.default_path().with_name("agreement.schema.json")


def generated() -> dict[Path, str]:
    """Path -> content of every generated file."""
    crm = loader.load(loader.default_path()).crm
    found = {metadata_package.PACKAGE / name: text for name, text in metadata_package.files(crm).items()}
    found[SCHEMA] = json.dumps(loader.json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    return found


def stale() -> list[str]:
    """Names of files that differ from what their sources say, and of files that should not be there."""
    wanted = generated()
    differ = [path.name for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    extra = [path.name for path in metadata_package.PACKAGE.rglob("*-meta.xml") if path not in wanted]
    return sorted(differ + extra)


def main() -> None:
    """Write the files, or with --check say which are out of date."""
    if "--check" in sys.argv:
        found = stale()
        if found:
            sys.exit(f"out of date (run `make package`): {', '.join(found)}")
        return
    metadata_package.write(loader.load(loader.default_path()).crm)
    SCHEMA.write_text(generated()[SCHEMA], encoding="utf-8")


if __name__ == "__main__":
    main()
