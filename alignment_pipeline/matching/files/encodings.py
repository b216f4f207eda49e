"""Encodings of text files as CRMs and spreadsheets write them.

Belongs here: bytes to text, with errors that say what to do. Which 8-bit code page: `code_pages.py`; which
encoding of Chinese, Japanese or Korean: `east_asian.py`. Rows and columns: `tables.py`.
"""

from __future__ import annotations

import itertools
import re

from charset_normalizer import from_bytes

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.files import code_pages, east_asian

MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# How well an 8-bit page must read a text that is East Asian by its bytes.
LEAST_SCORE = 0.8
# Lines beyond ASCII from which, and the difference of coherence by which, charset-normalizer is asked where code pages read alike.
LEAST_LINES, LEAST_COHERENCE = 20, 0.05
# Lines beyond ASCII that are looked at: enough for any file, and quick for a large one.
MOST_LINES = 2_000
_BEYOND_ASCII = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")


def decode(data: bytes, what: str, encoding: str | None = None) -> tuple[str, str]:
    """Text and the encoding used. A given encoding is taken at its word; else byte-order marks, UTF-8, then what reads best.

    Raises ConfigurationError for what is no text, and for a file that two code pages read about equally well: names are never guessed.
    """
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
    text, used = _recognised(data, what)
    if "\x00" in text:
        raise ConfigurationError(
            f"{what}: contains NUL bytes at character {text.index(chr(0))}; this is not a text file, or its encoding is unusual: "
            "name it with --encoding"
        )
    return text, used


def _recognised(data: bytes, what: str) -> tuple[str, str]:
    for mark, name in MARKS:
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
    lines = b"\n".join(hit.group() for hit in itertools.islice(_BEYOND_ASCII.finditer(data), MOST_LINES))
    name = _code_page(lines, what)
    try:
        return data.decode(name), name
    except UnicodeDecodeError as cause:
        raise ConfigurationError(f"{what}: looks like {name}, but is not ({cause}); name its encoding with --encoding") from cause


def _code_page(lines: bytes, what: str) -> str:
    asian, western = east_asian.reading(lines), code_pages.reading(lines)
    reads_well = western is not None and western.is_clear and western.score >= LEAST_SCORE
    if asian is not None and (asian.is_certain or not reads_well):
        return asian.page
    if asian is None and western is None:
        raise ConfigurationError(f"{what}: its encoding is not recognised; save it as CSV UTF-8, or name it with --encoding")
    if asian is None and western is not None and western.is_clear:
        return western.page
    names = [asian.page if asian else "", western.page if western else "", western.rival if western else ""]
    likely = [name for name in names if name]
    by_statistics = _by_statistics(lines, likely)
    if by_statistics:
        return by_statistics
    shown = "; ".join(f"{name}: {_shown(lines, name)}" for name in likely)
    advice = f"Save it as CSV UTF-8, or name the right one, as --encoding {likely[0]}"
    raise ConfigurationError(f"{what}: its encoding is not certain. It reads as {shown}. {advice}")


def _by_statistics(lines: bytes, likely: list[str]) -> str:
    """What charset-normalizer prefers among the likely ones where the text is long enough for statistics, else ""."""
    if len(likely) < 2 or lines.count(b"\n") < LEAST_LINES:
        return ""
    matches = list(from_bytes(lines, cp_isolation=likely))
    if not matches or (len(matches) > 1 and matches[0].coherence - matches[1].coherence < LEAST_COHERENCE):
        return ""
    return str(matches[0].encoding)


def _shown(lines: bytes, page: str) -> str:
    return lines.splitlines()[0].decode(page, errors="replace").strip()[:60]
