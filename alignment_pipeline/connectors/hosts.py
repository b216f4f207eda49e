"""The one host a connector may talk to.

Belongs here: which host names are a vendor's, https everywhere but on loopback, and re-joining links that a server supplied
to the pinned host. Sending is `transport.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from alignment_pipeline.errors import ConfigurationError, Permanent

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?")
_LABELS = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@dataclass(frozen=True)
class Host:
    """A pinned host: `https://acme.my.salesforce.com`, or `http://127.0.0.1:PORT` on this machine."""

    name: str
    is_loopback: bool

    @classmethod
    def parse(cls, text: str, *, suffixes: tuple[str, ...], setting: str) -> Host:
        """Accept a vendor's host name (with or without https://) or loopback with a port. ConfigurationError otherwise."""
        bare = text.strip().rstrip("/")
        scheme, _, rest = bare.rpartition("://")
        name = rest.lower()
        if _LOOPBACK.fullmatch(name) and scheme in ("", "http"):
            return cls(name, True)
        if scheme not in ("", "https"):
            raise ConfigurationError(f"{setting} is {text!r}: only https is spoken (plain http to 127.0.0.1:PORT or localhost:PORT alone)")
        if not _LABELS.fullmatch(name) or not any(name == suffix or name.endswith(f".{suffix}") for suffix in suffixes):
            kinds = " or ".join(f"*.{suffix}" for suffix in suffixes)
            raise ConfigurationError(f"{setting} is {text!r}: it must be a host name of the form {kinds}, or 127.0.0.1:PORT")
        return cls(name, False)

    @property
    def root(self) -> str:
        """Scheme and host, no trailing slash."""
        return f"{'http' if self.is_loopback else 'https'}://{self.name}"

    def url(self, path: str) -> str:
        """The whole address of a path on this host. Permanent when the path is not an absolute path."""
        if not _PATH.fullmatch(path):
            raise Permanent(f"{self.name}: {path[:80]!r} is not an absolute path; nothing was sent")
        return self.root + path

    def rejoin(self, link: str, *, under: str) -> str:
        """Path and query of a link that the server supplied; its scheme and host are ignored. It must lie below `under`."""
        parts = urlsplit(link)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if not path.startswith(under) or not _PATH.fullmatch(path) or ".." in unquote(parts.path).split("/"):
            raise Permanent(f"{self.name} supplied a link outside {under}: {link[:120]!r}; it was not followed")
        return path
