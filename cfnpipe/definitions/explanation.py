"""The words for a mistake, and the two things every one of them needs: near names and clean text."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_LONGEST = 400
"""Characters that a message or a hint may have."""


class Explanation(NamedTuple):
    """What is wrong and what to do about it, wherever it stands."""

    rule: str
    message: str
    hint: str = ""
    keyword: str = ""
    """The argument at fault, whose own line is looked up in a call over several lines."""
    thing: Any = None
    """The object at fault, where it was found long after the line that made it."""


class Mistake(NamedTuple):
    """A `Problem` as plain values: children of the warm process hand it over as JSON."""

    path: str
    line: int
    column: int
    rule: str
    message: str
    hint: str = ""
    pointer: str = ""


def text(error: BaseException) -> str:
    """Return what an exception says, with the names of classes instead of their paths."""
    try:
        return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", str(error))
    except Exception as another:  # noqa: BLE001 - engineers' exceptions run engineers' code here
        return f"(its text cannot be read: {type(another).__name__})"


def clean(words: str) -> str:
    """Return text as one line of printable characters, cut where it is very long."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
