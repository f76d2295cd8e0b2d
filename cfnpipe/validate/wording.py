"""How messages name values of JSON: their kind, their text, their size."""

from __future__ import annotations

from typing import Any

MASK = "'***'"
"""What stands for a value that may be secret."""


def kind(value: Any) -> str:
    """Return what sort of JSON value it is, with its article: `a list`."""
    kinds = {type(None): "null", bool: "true or false", str: "a string", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")


def scalar(value: Any) -> str | None:
    """Return a string, number or boolean as the text that CloudFormation makes of it; else None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def size(text: str) -> int:
    """Return the number of bytes of a text in UTF-8, half characters included."""
    return len(text.encode("utf-8", "surrogatepass"))
