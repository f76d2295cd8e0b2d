"""Requests against botocore's model of CodePipeline: types, required members, lengths, alphabets, words.

botocore itself checks some of it before a client sends; a client in another language does not.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "timestamp": (int, float),
}


@cache
def model() -> Any:
    """Return botocore's model of CodePipeline."""
    import botocore.session

    return botocore.session.get_session().get_service_model("codepipeline")


def check(operation: str, request: Any) -> None:
    """Raise `Fault` if a request is not what an operation takes; every mistake is named."""
    if operation not in model().operation_names:
        raise Fault("UnknownOperationException", f"CodePipeline has no operation {operation}")
    found = list(mistakes(model().operation_model(operation).input_shape, request))
    if found:
        errors = "error" if len(found) == 1 else "errors"
        text = f"{len(found)} validation {errors} detected: {'; '.join(found)}"
        raise Fault("ValidationException", text)


def mistakes(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yield what is wrong with a value of a shape of the model; `path` says where it stands."""
    kind = shape.type_name
    if not _is(kind, value):
        yield f"Value at '{path}' is no {kind}"
    elif kind == "structure":
        yield from _members(shape, value, path)
    elif kind == "list":
        yield from _length(shape, len(value), value, path)
        for index, each in enumerate(value, 1):
            yield from mistakes(shape.member, each, f"{path}.{index}.member")
    elif kind == "map":
        yield from _length(shape, len(value), value, path)
        for key, each in value.items():
            yield from mistakes(shape.key, key, f"{path}.key")
            yield from mistakes(shape.value, each, f"{path}.{key}")
    elif kind == "string":
        yield from _length(shape, len(value), value, path)
        yield from _text(shape, value, path)
    elif kind == "integer":
        yield from _length(shape, value, value, path)


def _is(kind: str, value: Any) -> bool:
    """Tell whether a value is of a type; a boolean is no number."""
    return isinstance(value, _TYPES[kind]) and (isinstance(value, bool) == (kind == "boolean"))


def _members(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for key in shape.required_members:
        if value.get(key) is None:
            yield _failed("null", prefix + key, "Member must not be null")
    for key, each in value.items():
        if key not in shape.members:
            yield f"Unknown member '{prefix}{key}'"
        elif each is not None:
            yield from mistakes(shape.members[key], each, prefix + key)


def _length(shape: Any, size: int, value: Any, path: str) -> Iterator[str]:
    noun = "value" if shape.type_name == "integer" else "length"
    for bound, word, wrong in (
        ("min", "greater", size < shape.metadata.get("min", size)),
        ("max", "less", size > shape.metadata.get("max", size)),
    ):
        if wrong:
            limit = shape.metadata[bound]
            yield _failed(value, path, f"Member must have {noun} {word} than or equal to {limit}")


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    words, pattern = getattr(shape, "enum", None), shape.metadata.get("pattern")
    if words and value not in words:
        yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(words)}]")
    if pattern and not re.fullmatch(pattern, value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _failed(value: Any, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"
