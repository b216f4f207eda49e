"""A throwaway certificate authority (trustme): made at start, trusted by nobody else, gone with its directory.

Its certificates hold by the machine's clock, because the clients' TLS libraries look at that one. Who serves with them is in
`gateway.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import trustme

from alignment_pipeline.clock import Clock

_LIFE = timedelta(days=30)
_SLACK = timedelta(hours=24)


@dataclass(frozen=True)
class Certificate:
    """Files of one host certificate: the chain and the key, PEM."""

    chain_file: Path
    key_file: Path


class Authority:
    """A certificate authority whose files live in `directory`; clients trust `ca_file`."""

    def __init__(self, directory: Path, *, clock: Clock | None = None) -> None:
        self._directory = directory
        self._now = (clock or Clock()).now()
        self._ca = trustme.CA(path_length=0, organization_name="Alignment sandbox", organization_unit_name="Throwaway authority")
        self.ca_file = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))

    def issue(self, name: str, hosts: Sequence[str]) -> Certificate:
        """A certificate for these host names (`*.` wildcards allowed), in files called after `name`."""
        leaf = self._ca.issue_cert(*hosts, common_name=f"sandbox {name}", not_before=self._now - _SLACK, not_after=self._now + _LIFE)
        chain_file, key_file = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        chain_file.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems) + self._ca.cert_pem.bytes())
        key_file.touch(mode=0o600)
        leaf.private_key_pem.write_to_path(str(key_file))
        return Certificate(chain_file, key_file)
