"""What pydantic found wrong, in the words of this project and at its place in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cfnpipe.config.fields import FIELDS, NAMED_BY_USER, beside
from cfnpipe.config.nodes import Entry, Mapping, Scalar, Sequence, child
from cfnpipe.config.words import label
from cfnpipe.model import Problem
from cfnpipe.wording import choice, quoted, short

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import ErrorDetails

    from cfnpipe.config.nodes import Node
    from cfnpipe.model import Place


@dataclass(frozen=True)
class _Spot:
    """What an error is about."""

    keys: tuple[str | int, ...]
    """The way to it through the file."""
    key: Place
    """Where its key stands."""
    value: Node
    """Its value."""
    provider: str = ""
    """The provider, for what is inside a source."""

    @property
    def label(self) -> str:
        return label(self.keys)

    @property
    def field(self) -> str:
        """The last key that belongs to the format; empty for the environment itself."""
        field, named_by_user = "", False
        for key in self.keys:
            if isinstance(key, str) and not named_by_user:
                field = key
            named_by_user = isinstance(key, str) and not named_by_user and key in NAMED_BY_USER
        return field


def complaint(error: ErrorDetails, tree: Mapping) -> Problem:
    """Return the problem that one of pydantic's errors about the values of `tree` describes."""
    if error["loc"][-1:] == ("[key]",):
        return _bad_key(error, tree)
    return _SAY.get(error["type"], _bad_value)(error, tree)


def _spot(loc: tuple[str | int, ...], tree: Mapping) -> _Spot:
    """Return what stands at a location of pydantic's, which names the provider after `source`."""
    in_source = loc[:1] == ("source",)
    keys = loc[:1] + loc[2:] if in_source else loc
    entry = Entry(tree.where, tree)
    for key in keys:
        entry = child(entry.value, key)
    return _Spot(keys, entry.where, entry.value, str(loc[1]) if in_source and len(loc) > 1 else "")


def _missing(error: ErrorDetails, tree: Mapping) -> Problem:
    loc = (*error["loc"], "provider") if error["type"] == "union_tag_not_found" else error["loc"]
    around, name = _spot(loc[:-1], tree), str(loc[-1])
    hint = f"add `{name}: {FIELDS[name][1]}`"
    return Problem(around.key, "missing-key", f"{label((*around.keys, name))} is missing", hint)


def _unknown_key(error: ErrorDetails, tree: Mapping) -> Problem:
    spot = _spot(error["loc"], tree)
    around, name = replace(spot, keys=spot.keys[:-1]), str(spot.keys[-1])
    message = f"{around.label}: unknown key {quoted(name)}".removeprefix(": ")
    return Problem(spot.key, "unknown-key", message, choice(name, beside(around.field, spot.provider)))


def _bad_key(error: ErrorDetails, tree: Mapping) -> Problem:
    """Return the problem of a name that the user gave."""
    spot = _spot(error["loc"][:-1], tree)
    around, name = replace(spot, keys=spot.keys[:-1]), str(spot.keys[-1])
    return _not_as_expected(around, spot.key, f", found {quoted(name)}")


def _bad_value(error: ErrorDetails, tree: Mapping) -> Problem:
    """Return the problem of a value of the right type. An address may hold a password: it is not shown."""
    spot = _spot(error["loc"], tree)
    found = f", found {quoted(spot.value.text)}" if isinstance(spot.value, Scalar) else ""
    return _not_as_expected(spot, spot.value.where, "" if spot.field == "index" else found)


def _not_as_expected(spot: _Spot, where: Place, found: str) -> Problem:
    expected, example = FIELDS[spot.field]
    message = f"{spot.label}: expected {expected}{found}"
    return Problem(where, "bad-value", message, f"write it like: {example}")


def _unknown_value(error: ErrorDetails, tree: Mapping) -> Problem:
    """Return the problem of a value that is none of those listed, which pydantic shows in quotes."""
    loc = (*error["loc"], "", "provider") if error["type"] == "union_tag_invalid" else error["loc"]
    spot = _spot(loc, tree)
    if not isinstance(spot.value, Scalar) or spot.value.kind == "nothing":
        return _unlike(spot, "text")
    allowed = re.findall("'(.*?)'", error["ctx"].get("expected") or error["ctx"]["expected_tags"])
    message = f"{spot.label}: unknown value {quoted(spot.value.text)}"
    return Problem(spot.value.where, "bad-value", message, choice(spot.value.text, allowed))


def _wrong_type(error: ErrorDetails, tree: Mapping) -> Problem:
    return _unlike(_spot(error["loc"], tree), _TYPES[error["type"]])


def _unlike(spot: _Spot, expected: str) -> Problem:
    message = f"{spot.label}: expected {expected}, found {found(spot.value)}"
    return Problem(spot.value.where, "wrong-type", message, _type_hint(spot, expected))


def _type_hint(spot: _Spot, expected: str) -> str:
    empty = isinstance(spot.value, Scalar) and spot.value.kind == "nothing"
    if expected == "text" and isinstance(spot.value, Scalar) and not empty:
        return f'quote it: "{short(spot.value.text)}"'
    if expected == "text":
        return f"write it like: {FIELDS[spot.field][1]}"
    if expected == "a list":
        return "write [] for none" if empty else "write it as a list: [one, another]"
    if expected == "keys and values":
        return "write {} for none" if empty else "write lines `key: value` below it, indented"
    return f"write {expected}, without quotes"


def found(node: Node) -> str:
    """Return what a value is, without showing a text."""
    if isinstance(node, Mapping):
        return "keys and values"
    if isinstance(node, Sequence):
        return "a list"
    return node.kind if node.kind in ("text", "nothing") else f"the {node.kind} {short(node.text)}"


_TYPES = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "dataclass_type": "keys and values",
}

_SAY: dict[str, Callable[[ErrorDetails, Mapping], Problem]] = {
    "missing": _missing,
    "union_tag_not_found": _missing,
    "unexpected_keyword_argument": _unknown_key,
    **dict.fromkeys(_TYPES, _wrong_type),
    "literal_error": _unknown_value,
    "union_tag_invalid": _unknown_value,
}
"""https://docs.pydantic.dev/latest/errors/validation_errors/; whatever is not here is about a value."""
