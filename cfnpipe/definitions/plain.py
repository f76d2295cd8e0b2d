"""A Template as plain JSON values, or everything about it that JSON cannot say."""

from __future__ import annotations

import inspect
import math
from contextlib import suppress
from typing import Any, NamedTuple

from cfnpipe.definitions.load import kind
from cfnpipe.definitions.origins import pointer


class Objection(NamedTuple):
    """A value of a template that JSON, or CloudFormation's reading of it, does not have."""

    keys: tuple[object, ...]
    """Where it is, from the top of the template."""
    message: str
    hint: str

    @property
    def pointer(self) -> str:
        """Where it is, as a JSON Pointer."""
        return pointer(*self.keys)


_HINTS = {
    "NoneType": "leave the property out, or write NoValue",
    "set": "a set has no order: write sorted(...)",
    "frozenset": "a set has no order: write sorted(...)",
    "bytes": "write .decode()",
    "bytearray": "write .decode()",
    "date": "write it as text, and not the time of rendering",
    "time": "write it as text, and not the time of rendering",
    "Decimal": "write int(...) or str(...)",
    "Enum": "write .value",
    "PurePath": "write str(...)",
    "mappingproxy": "write dict(...)",
    "float": "JSON has no such number",
    "type": "write an instance of it",
}
"""What to write instead, by the name of a value's class or of one that it is derived from."""

_MOST_BITS = 1024
"""What the largest number needs that other readers of JSON can hold."""


def body(rendered: Any) -> tuple[Any, list[Objection]]:
    """Return what `Template.to_dict()` gave as dict, list, str, int, float and bool, and what it is not.

    The description loses its indentation, as Python 3.13 does with docstrings and older ones do not; one
    that is only space is left out.
    """
    objections: list[Objection] = []
    values = _plain(rendered, (), objections)
    if not isinstance(values, dict):
        objections.append(
            Objection((), f"the template is not a dict, found {kind(rendered)}", "look at to_dict()")
        )
    elif isinstance(values.get("Description"), str):
        values["Description"] = inspect.cleandoc(values["Description"])
        if not values["Description"].strip():
            del values["Description"]
    return values, objections


def loop(value: Any) -> Objection:
    """Return the place of something that contains itself, among troposphere's objects before rendering."""
    with suppress(RecursionError):
        found = _loop(value, (), (), set())
        if found:
            return found
    return Objection((), "the template is nested too deeply", "CloudFormation would not take it either")


def _plain(value: Any, keys: tuple[object, ...], objections: list[Objection]) -> Any:
    """Return `value` in JSON's own types: subclasses (str of an Enum, OrderedDict) become their base."""
    if isinstance(value, str):
        return _text(value, keys, objections)
    if isinstance(value, dict):
        return {
            _key(key, keys, objections): _plain(item, (*keys, key), objections) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item, (*keys, index), objections) for index, item in enumerate(value)]
    return _number(value, keys, objections)


def _number(value: Any, keys: tuple[object, ...], objections: list[Objection]) -> Any:
    """Return a number, or nothing for what is neither a number nor anything else in JSON."""
    if isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            objections.append(Objection(keys, "a number of hundreds of digits is not JSON", "write text"))
            return 0
        return value if isinstance(value, bool) else int.__int__(value)
    if not isinstance(value, float) or not math.isfinite(value):
        objections.append(_objection(value, keys))
        return ""
    return float.__float__(value)


def _text(value: str, keys: tuple[object, ...], objections: list[Objection]) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        objections.append(
            Objection(keys, "half a character (a lone surrogate) is not JSON", "read files as UTF-8")
        )
    return str.__str__(value)


def _key(key: Any, keys: tuple[object, ...], objections: list[Objection]) -> str:
    if isinstance(key, str):
        return _text(key, keys, objections)
    hint = f'write "{key}"' if isinstance(key, int) else "write text"
    objections.append(Objection((*keys, key), f"a key must be text, found {kind(key)}", hint))
    return str(key)


def _objection(value: Any, keys: tuple[object, ...]) -> Objection:
    names = (base.__name__ for base in type(value).__mro__)
    hint = next((_HINTS[name] for name in names if name in _HINTS), "write text, a list or a dict")
    name = repr(value) if isinstance(value, float) else kind(value)
    return Objection(keys, f"{name} is not JSON" if value is not None else "a value is None", hint)


def _loop(value: Any, keys: tuple[object, ...], around: tuple[int, ...], done: set[int]) -> Objection | None:
    if id(value) in around:
        return Objection(keys, "this contains itself", "make a copy without the part that leads back")
    for key, item in _parts(value) if id(value) not in done else ():
        found = _loop(item, (*keys, key), (*around, id(value)), done)
        if found:
            return found
    done.add(id(value))
    return None


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """Return what is inside a value: troposphere keeps it in `resource`, `data` or `tags`."""
    for attribute in ("resource", "data", "tags"):
        value = getattr(value, "__dict__", {}).get(attribute, value)
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, (list, tuple)) else []
