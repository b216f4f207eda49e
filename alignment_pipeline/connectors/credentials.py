"""Reading settings and secrets from an environment.

Belongs here: finding them and saying by name which one is missing. What they are for: each connector's `credentials.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alignment_pipeline.connectors import redaction
from alignment_pipeline.errors import ConfigurationError


def setting(environ: Mapping[str, str], name: str) -> str | None:
    """The value without surrounding blanks; None when unset or empty."""
    return (environ.get(name) or "").strip() or None


def secret(environ: Mapping[str, str], name: str) -> str | None:
    """As `setting`, and the value is redacted from now on."""
    value = setting(environ, name)
    redaction.PROCESS.add(value)
    return value


def secret_file(environ: Mapping[str, str], name: str) -> str | None:
    """The text of the file that a setting names; redacted from now on. ConfigurationError when it cannot be read."""
    path = setting(environ, name)
    if path is None:
        return None
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} names {path!r}, which cannot be read ({type(error).__name__})") from error
    redaction.PROCESS.add(text, text.strip())
    return text
