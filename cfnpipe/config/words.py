"""How messages name things: keys, values and near misses, always printable and never long."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST = 60


def printable(text: str) -> str:
    """Return the text with everything that a terminal would not show as it is written as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def short(text: str) -> str:
    """Return the text in one printable line of at most 60 characters."""
    line = printable(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def quoted(text: str) -> str:
    """Return the text as messages show it: `'production-us'`."""
    return f"'{short(text)}'"


def label(keys: Sequence[str | int]) -> str:
    """Return the way to a value in the user's words: `access.groups.reader item 2`."""
    words = ""
    for key in keys:
        words += f" item {key + 1}" if isinstance(key, int) else f".{short(key)}"
    return words.removeprefix(".")


def near(wrong: str, names: Iterable[str]) -> str:
    """Return the hint for a name that is not among `names`."""
    listed = sorted(names)
    folded = {name.lower(): name for name in listed}
    if found := difflib.get_close_matches(wrong.lower(), folded, n=1, cutoff=0.7):
        return f"did you mean {quoted(folded[found[0]])}?"
    return f"there are: {', '.join(map(short, listed))}" if listed else "there are none"
