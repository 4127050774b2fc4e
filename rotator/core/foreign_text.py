"""Text from outside (records, banners, replies, file names), made harmless before anybody is shown it."""

from __future__ import annotations

import re
import unicodedata

# Cc and Cf: control and invisible formatting characters (bidi overrides among them); Cs: halves of a pair;
# Zl, Zp: line and paragraph separators, which some readers take for the end of a line.
CONTROL_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
ADDRESS = re.compile(r"\S*@\S*")


def has_control(text: str) -> bool:
    """Whether a character could end a line, hide or rearrange text: header injection starts with one."""
    return any(unicodedata.category(character) in CONTROL_CATEGORIES for character in text)


def harmless(text: str, *, lines: bool = False) -> str:
    """The text without control, invisible and rearranging characters; `lines` keeps line ends."""
    kept = "\n" if lines else ""
    spaced = text.replace("\t", " ") if lines else re.sub(r"[\t\n\r]+", " ", text)
    return "".join(one for one in spaced if one in kept or unicodedata.category(one) not in CONTROL_CATEGORIES)


def one_line(text: str) -> str:
    """The same in one line, every run of blanks as one."""
    return harmless(" ".join(text.split()))


def without_addresses(text: str) -> str:
    """The text as the journal may keep it: SES's replies quote mail addresses."""
    return ADDRESS.sub("(address)", text)
