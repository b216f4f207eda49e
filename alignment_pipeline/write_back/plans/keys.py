"""The keys of approvals: the command line holds the private one and signs; everything else holds the public one and checks.

Belongs here: where the two files lie, making and reading them, signing and checking a value. What is signed: `approval.py`.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from alignment_pipeline.errors import ConfigurationError

PRIVATE_VARIABLE = "ALIGNMENT_APPROVAL_KEY_FILE"
PUBLIC_VARIABLE = "ALIGNMENT_APPROVAL_PUBLIC_KEY_FILE"


def private_path(home: Path, environ: Mapping[str, str]) -> Path:
    """The private key's file: `ALIGNMENT_APPROVAL_KEY_FILE`, else `approval.key` in the home."""
    named = environ.get(PRIVATE_VARIABLE, "").strip()
    return Path(named).expanduser() if named else home / "approval.key"


def public_path(home: Path, environ: Mapping[str, str]) -> Path:
    """The public key's file: `ALIGNMENT_APPROVAL_PUBLIC_KEY_FILE`, else `approval.pub` in the home."""
    named = environ.get(PUBLIC_VARIABLE, "").strip()
    return Path(named).expanduser() if named else home / "approval.pub"


def signing_key(home: Path, environ: Mapping[str, str]) -> Ed25519PrivateKey:
    """The private key, for the command line alone. Made on first use, 0600, and the public key written beside it."""
    path = private_path(home, environ)
    try:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret(path, may_make=True)))
    except ValueError as error:
        raise ConfigurationError(f"the approval key {path.name} is damaged; delete it and approve again") from error
    _write_public(public_path(home, environ), key.public_key())
    return key


def checking_key(home: Path, environ: Mapping[str, str]) -> Ed25519PublicKey | None:
    """The public key; None when nothing was ever signed here."""
    path = public_path(home, environ)
    if not path.exists():
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(path.read_text(encoding="ascii").strip()))
    except ValueError as error:
        raise ConfigurationError(f"{path.name} is no public key; `alignment approve` writes it again") from error


def sign(key: Ed25519PrivateKey, content: Any) -> str:
    """The signature of a value, as text."""
    return key.sign(_bytes(content)).hex()


def is_signed(key: Ed25519PublicKey, content: Any, signature: str) -> bool:
    """Whether the signature is this key's, over this value."""
    try:
        key.verify(bytes.fromhex(signature), _bytes(content))
    except (InvalidSignature, ValueError):
        return False
    return True


def secret(path: Path, *, may_make: bool) -> str:
    """32 secret bytes as hex from a file that only its owner can read. Raises ConfigurationError when it is missing or others can."""
    if not path.exists():
        if not may_make:
            raise ConfigurationError(f"{path.name} is missing")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 or path.stat().st_uid != os.getuid():
        raise ConfigurationError(f"the key {path.name} can be read by others (mode {mode:04o}): chmod 600 {path.name}, or make a new one")
    text = path.read_text(encoding="ascii").strip()
    if len(text) < 64:
        raise ConfigurationError(f"the key {path.name} is too short; delete it to make a new one")
    return text


def _write_public(path: Path, key: Ed25519PublicKey) -> None:
    text = key.public_bytes_raw().hex()
    if path.exists() and path.read_text(encoding="ascii").strip() == text:
        return
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="ascii")
    aside.chmod(0o644)
    aside.replace(path)


def _bytes(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()
