"""How messages name things: always printable, never long, and with the name that was meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 100
_LISTED = 10


def printable(text: str) -> str:
    """Return the text with everything that a terminal would not show as it is written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def short(text: str) -> str:
    """Return the text in one printable line of at most 100 characters."""
    line = printable(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def quoted(text: str) -> str:
    """Return a name as messages show it: `'VpcCidr'`."""
    return f"'{short(text)}'"


def listed(names: Iterable[str]) -> str:
    """Return at most ten names in one line: `'a', 'b' and 3 more`."""
    ordered = list(names)
    line = ", ".join(map(quoted, ordered[:_LISTED]))
    return line if len(ordered) <= _LISTED else f"{line} and {len(ordered) - _LISTED} more"


def meant(wrong: str, names: Iterable[str]) -> str:
    """Return `did you mean 'VpcCidr'?` where one of `names` is like the wrong one, else nothing."""
    folded = {name.lower(): name for name in sorted(names)}
    found = difflib.get_close_matches(wrong.lower()[:_LONGEST], folded, n=1)
    return f"did you mean {quoted(folded[found[0]])}?" if found else ""


def choice(wrong: str, names: Iterable[str]) -> str:
    """Return the hint for a name that is not among `names`: the closest one, or what there is."""
    there = sorted(names)
    return meant(wrong, there) or (f"there are: {listed(there)}" if there else "there are none")
