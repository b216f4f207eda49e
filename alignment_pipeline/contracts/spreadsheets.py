"""Values as a spreadsheet may have them: text stays text.

Belongs here: what every file for Excel or Google Sheets does to a cell. Writing the files belongs to whoever makes them.
"""

from __future__ import annotations

import unicodedata

#: A spreadsheet runs what begins with one of these (OWASP, CSV injection). Signs, and their full-width and small forms, which some spreadsheets take for them.
_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\u2212\ufe66\ufe62\ufe63\ufe6b"
#: Blanks of every width, line ends, controls and letters without a width: spreadsheets pass over them.
_PASSED_OVER = "".join(chr(one) for one in range(0x10000) if unicodedata.category(chr(one)) in ("Cc", "Cf", "Zs", "Zl", "Zp"))
_FIRST = ("\t", "\r", "\n")


def harmless(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula; blanks and invisible letters in front do not help."""
    return text.lstrip(_PASSED_OVER).startswith(tuple(_SIGNS)) or text.startswith(_FIRST)
