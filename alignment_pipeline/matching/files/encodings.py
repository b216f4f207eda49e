"""Encodings of text files as CRMs and spreadsheets write them.

Belongs here: bytes to text, with errors that say what to do. Columns and delimiters are in `exports.py`.
"""

from __future__ import annotations

import unicodedata

from alignment_pipeline.errors import ConfigurationError


def decode(data: bytes, what: str, encoding: str | None = None) -> tuple[str, str]:
    """Text and the encoding used. A given encoding is taken at its word; else byte-order marks, UTF-8, then the most plausible of the
    usual ones."""
    if data[:4] == b"PK\x03\x04" or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise ConfigurationError(f"{what}: this is an Excel workbook or a zip archive; save the sheet as CSV (UTF-8) and give that file")
    if data[:2] == b"\x1f\x8b":
        raise ConfigurationError(f"{what}: this file is gzip-compressed; unpack it first")
    if not data.strip():
        raise ConfigurationError(f"{what}: the file is empty")
    if encoding:
        try:
            return data.decode(encoding).lstrip("\ufeff"), encoding
        except (UnicodeDecodeError, LookupError) as cause:
            raise ConfigurationError(f"{what}: not readable as {encoding} ({cause}); leave --encoding out to have it recognised") from cause
    text, used = _recognised(data)
    if "\x00" in text:
        raise ConfigurationError(
            f"{what}: contains NUL bytes at character {text.index(chr(0))}; this is not a text file, or its encoding is unusual: "
            "name it with --encoding"
        )
    return text, used


def _recognised(data: bytes) -> tuple[str, str]:
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(name), name
            except UnicodeDecodeError:
                break
    head = data[:4000]
    if head.count(0) > len(head) // 4:
        name = "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        if len(data) % 2 == 0:
            return data.decode(name, errors="replace"), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    options = []
    for name in ("cp932", "gb18030", "cp949", "big5", "cp1251", "cp1252"):
        try:
            options.append((_plausibility(data.decode(name)), name))
        except UnicodeDecodeError:
            continue
    if not options or max(options)[0] <= 0:
        return data.decode("latin-1"), "latin-1"
    name = max(options, key=lambda option: option[0])[1]
    return data.decode(name), name


_SCRIPTS = (
    (0x3040, 0x30FF, "kana", 1.0),
    (0x4E00, 0x9FFF, "han", 0.55),
    (0xAC00, 0xD7A3, "hangul", 1.0),
    (0x0400, 0x045F, "cyrillic", 1.0),
)


def _plausibility(text: str) -> float:
    """How much a decoding looks like writing: scripts in runs, accented Latin letters beside Latin letters; symbols and rarities count
    against."""
    total, count = 0.0, 0
    for at, letter in enumerate(text):
        if letter < "\x80":
            continue
        count += 1
        before = text[at - 1] if at else " "
        after = text[at + 1] if at + 1 < len(text) else " "
        code = ord(letter)
        script, worth = next(((name, value) for low, high, name, value in _SCRIPTS if low <= code <= high), ("", 0.0))
        if script == "cyrillic":
            total += worth if any("\u0400" <= near <= "\u045f" for near in (before, after)) and not (before + after).isascii() else -0.5
            total -= 1.2 if _latin(before) or _latin(after) else 0.0
            total -= 0.8 if letter.isupper() and "\u0430" <= before <= "\u045f" else 0.0
        elif script:
            total += worth
        elif unicodedata.category(letter)[0] == "L" and code < 0x250:
            total += 0.8 if (_latin(before) or _latin(after)) and not (ord(before) > 127 and ord(after) > 127) else -0.4
        elif 0xFF61 <= code <= 0xFF9F or unicodedata.category(letter) in ("Cc", "Co", "Cn"):
            total -= 1.0
        else:
            total += 0.1 if code in (0x2019, 0x2013, 0x2014, 0x201C, 0x201D, 0x20AC, 0x3000, 0x30FB) or 0xFF01 <= code <= 0xFF5E else -0.3
    return total / count if count else 0.0


def _latin(letter: str) -> bool:
    return "a" <= letter <= "z" or "A" <= letter <= "Z"
