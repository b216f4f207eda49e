"""Values as a spreadsheet may have them: text stays text.

Belongs here: what every file for Excel or Google Sheets does to a cell. Writing the files belongs to whoever makes them.
"""

from __future__ import annotations

#: A spreadsheet runs what begins with one of these (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula; blanks in front do not help."""
    return text.lstrip(" \n\xa0").startswith(FORMULA) or text.lstrip().startswith(FORMULA)
