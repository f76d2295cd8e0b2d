"""JSON texts as rules see them: read strictly, and walked once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Unreadable(ValueError):
    """A text that is not JSON, or that two readers would read differently."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Document:
    """One JSON text, parsed."""

    value: Any

    @cached_property
    def nodes(self) -> Sequence[tuple[str, Any]]:
        """Every value in it with its pointer, from the outside in, in the text's order."""
        return tuple(walk(self.value))

    @cached_property
    def calls(self) -> Mapping[str, Sequence[tuple[str, Any]]]:
        """By the name of an intrinsic function (`Ref`, `Fn::Sub`): pointer and argument of each use."""
        calls: dict[str, list[tuple[str, Any]]] = {}
        for pointer, node in self.nodes:
            if isinstance(node, dict) and len(node) == 1:
                [(name, argument)] = node.items()
                if name == "Ref" or name.startswith("Fn::"):
                    calls.setdefault(name, []).append((below(pointer, name), argument))
        return calls


@lru_cache(maxsize=8)
def read(text: str) -> Document:
    """Return the document of a text. Raise `Unreadable`.

    A few are kept: rules come back to the stack at hand, while a hundred parsed templates would take
    many times the memory of their texts.
    """
    return Document(_parsed(text))


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every value inside a JSON value, and itself, with its pointer; however deep it is."""
    waiting = [("", value)]
    while waiting:
        pointer, node = waiting.pop()
        yield pointer, node
        if isinstance(node, dict):
            waiting += [(below(pointer, key), node[key]) for key in reversed(node)]
        elif isinstance(node, list):
            waiting += [(f"{pointer}/{index}", node[index]) for index in reversed(range(len(node)))]


def below(pointer: str, *keys: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of something below another: `/Resources/Vpc/Properties`."""
    for key in keys:
        pointer += f"/{key}" if isinstance(key, int) else "/" + key.replace("~", "~0").replace("/", "~1")
    return pointer


def last(pointer: str) -> str:
    """Return the last key of a pointer."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def at(value: Any, *keys: str | int) -> Any:
    """Return what stands at some keys inside a JSON value; None where there is nothing of that kind."""
    for key in keys:
        if isinstance(key, str) and isinstance(value, dict):
            value = value.get(key)
        elif isinstance(key, int) and isinstance(value, list) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def entries(value: Any) -> list[Any]:
    """Return the entries of a list, a single value as its only entry, and none for None."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except Unreadable:
        raise
    except json.JSONDecodeError as error:
        raise Unreadable(error.msg, error.lineno, error.colno) from error
    except RecursionError as error:
        raise Unreadable("nested too deeply") from error
    except ValueError as error:  # The interpreter refuses integers of more than 4,300 digits.
        raise Unreadable("holds a number that is too long") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Unreadable(f"has the key {quoted(twice)} twice in one object")
    return made


def _constant(name: str) -> NoReturn:
    raise Unreadable(f"holds {name}, which JSON does not have")
