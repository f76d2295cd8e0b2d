"""First step of a decision: wildcards and variables in what a policy says.

`*` is any text and `?` any letter; `${aws:username}` stands for a value of the request, and `${*}`,
`${?}` and `${$}` for the letters themselves ("IAM policy elements: Variables and tags" of the IAM User
Guide).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_LETTERS = ("*", "?", "$")
_QUOTED = {"*": "\ue000", "?": "\ue001"}
_MEANT = {quoted: letter for letter, quoted in _QUOTED.items()}
"""Letters of the private use area stand for a `*` and a `?` that are meant as such."""


def several(value: Any) -> list[Any]:
    """Return one value or a list of them as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def filled(pattern: str, context: Mapping[str, Any]) -> str | None:
    """Return a pattern with its variables replaced; what replaces them has no wildcards.

    `context`: values of the request, by keys in small letters. None where a variable has no value and no
    default, or several values: then the pattern matches nothing.
    """
    if "${" not in pattern:
        return pattern
    values = [_value(found[1], context) for found in _VARIABLE.finditer(pattern)]
    if None in values:
        return None
    replacing = iter(values)
    return _VARIABLE.sub(lambda _: _quoted(str(next(replacing))), pattern)


def _value(variable: str, context: Mapping[str, Any]) -> str | None:
    if variable in _LETTERS:
        return variable
    name, _, default = variable.partition(",")
    value = context.get(name.strip().lower())
    return value if isinstance(value, str) else (default.strip().strip("'") if default else None)


def _quoted(text: str) -> str:
    return "".join(_QUOTED.get(letter, letter) for letter in text)


def plain(text: str) -> str:
    """Return a filled pattern as the text that it is where nothing has wildcards."""
    return "".join(_MEANT.get(letter, letter) for letter in text)


def matches(pattern: str, value: str) -> bool:
    """Return whether a value matches a pattern."""
    return _expression(pattern).fullmatch(value) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    meant = {"*": ".*", "?": ".", **{quoted: re.escape(letter) for quoted, letter in _MEANT.items()}}
    return re.compile("".join(meant.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)
