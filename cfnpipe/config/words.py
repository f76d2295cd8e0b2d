"""How messages name a value of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.wording import short

if TYPE_CHECKING:
    from collections.abc import Sequence


def label(keys: Sequence[str | int]) -> str:
    """Return the way to a value in the user's words: `access.groups.reader item 2`."""
    words = ""
    for key in keys:
        words += f" item {key + 1}" if isinstance(key, int) else f".{short(key)}"
    return words.removeprefix(".")
