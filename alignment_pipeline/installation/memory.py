"""How much memory a run may take.

Belongs here: reading the setting, and what the machine has. Who gets which share of it: `home.py` (DuckDB), `engines/` (folds).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from alignment_pipeline.errors import ConfigurationError

SETTING = "ALIGNMENT_MEMORY_LIMIT"
DEFAULT_SHARE = 0.6
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z%]*)")
#: Where a container's own limit stands, with cgroups of version 2 and 1.
_CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
# below this not even the imports fit
_SMALLEST = 512 * 10**6


def limit(environ: Mapping[str, str]) -> int:
    """Bytes that a run may take: the setting (`2GB`, `2GiB`, `60%`), or 60 % of the machine. Raises ConfigurationError."""
    text = environ.get(SETTING, "").strip()
    if not text:
        return max(_SMALLEST, int(machine() * DEFAULT_SHARE))
    parts = _SIZE.fullmatch(text)
    unit = parts[2].upper() if parts else None
    if parts is None or (unit != "%" and unit not in _UNITS):
        raise ConfigurationError(f"{SETTING} is {text!r}, which is no size; write it as 4GB, 4GiB or 60%")
    size = int(machine() * float(parts[1]) / 100) if unit == "%" else int(float(parts[1]) * _UNITS[str(unit)])
    if size < _SMALLEST:
        raise ConfigurationError(f"{SETTING} is {text!r}; a run needs at least {_SMALLEST // 10**6} MB")
    return size


def machine() -> int:
    """Bytes of this machine, or of this container when it has less."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CONTAINER:
        if path.exists() and (text := path.read_text(encoding="ascii").strip()).isdigit():
            sizes.append(int(text))
    return min(sizes)
