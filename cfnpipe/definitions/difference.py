"""Where two templates of one definition differ."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from cfnpipe.definitions.explanation import clean
from cfnpipe.definitions.origins import pointer

_LONGEST = 60
_SECRET = re.compile(r"password|passphrase|secret|token|credential|(access|api|private)_?key", re.IGNORECASE)
_NOTHING = object()


class Difference(NamedTuple):
    """The first place where two JSON values differ."""

    pointer: str
    """A JSON Pointer; empty where the values differ as a whole."""
    first: str
    """What stands there, as JSON, cut; `nothing` where it is missing, `***` where it may be secret."""
    second: str


def first_difference(first: Any, second: Any) -> Difference:
    """Return where two JSON values differ, in the order of sorted keys.

    The order of keys makes no difference. Lists that hold the same in another order differ as a whole.
    """
    return _difference(first, second, ())


def _difference(first: Any, second: Any, keys: tuple[str | int, ...]) -> Difference:
    for key, one, other in _inside(first, second):
        if not _same(one, other):
            return _difference(one, other, (*keys, key))
    return Difference(pointer(*keys), _shown(first, keys), _shown(second, keys))


def _inside(first: Any, second: Any) -> list[tuple[str | int, Any, Any]]:
    """Return the pairs to be compared inside two values, with their keys; nothing if they differ in kind."""
    if isinstance(first, dict) and isinstance(second, dict):
        return [
            (key, first.get(key, _NOTHING), second.get(key, _NOTHING)) for key in sorted({*first, *second})
        ]
    if not isinstance(first, list) or not isinstance(second, list) or len(first) != len(second):
        return []
    if sorted(map(_text, first)) == sorted(map(_text, second)):
        return []
    return [(index, *pair) for index, pair in enumerate(zip(first, second, strict=True))]


def _same(first: Any, second: Any) -> bool:
    if first is _NOTHING or second is _NOTHING:
        return False
    return _text(first) == _text(second)  # in Python, 1 equals True


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any, keys: tuple[str | int, ...]) -> str:
    if value is _NOTHING:
        return "nothing"
    if any(_SECRET.search(str(key)) for key in keys):
        return "***"
    text = clean(_text(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
