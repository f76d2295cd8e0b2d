"""From a tree to an `Environment`: values as pydantic takes them, and its errors in words.

Below `parameters` and `tags` every value is the text of the file. Elsewhere a value is what YAML says,
and what no field takes (a fraction, a date, a number in another base) stays wrong on purpose.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from cfnpipe.config.complaints import complaint, found
from cfnpipe.config.nodes import Mapping, Scalar, Sequence
from cfnpipe.config.words import label
from cfnpipe.model import INIT_STACKS, Environment, Problem
from cfnpipe.names import OWNED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.config.nodes import Node

_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_TRUE = ("yes", "true", "on")
_NO_FIELD_TAKES_IT = 0.5
_TEXTS = ("parameters", "tags")
_DEPTH_OF_TEXTS = len(("stacks", "<name>", "parameters"))


def environment(tree: Mapping) -> tuple[Environment | None, list[Problem]]:
    """Return what a tree says, or None, and everything that is wrong with it."""
    problems = list(_bad_texts(tree))
    value = _value(tree)
    try:
        # As it stands in the file first: `_complete` needs sound shapes, and errors must not be about what
        # it adds.
        adapter().validate_json(json.dumps(value))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return None, problems + [complaint(detail, tree) for detail in details]
    return adapter().validate_json(json.dumps(_complete(value))), problems


@cache
def adapter() -> TypeAdapter[Environment]:
    """Return pydantic's view of the format."""
    return TypeAdapter(Environment)


def _complete(value: dict[str, Any]) -> dict[str, Any]:
    """Add what goes without saying: the init stacks, and that a stack's definition has its name."""
    stacks = value.setdefault("stacks", {})
    if value.get("source") is not None:
        for name in INIT_STACKS:
            stacks[name] = init_stack(name, stacks.get(name, {}))
    for name, stack in stacks.items():
        stack.setdefault("template", name)
    return value


def init_stack(name: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return what an init stack is, beside what the file says of it.

    Its tag is the one that every deployer of ordinary stacks leaves alone, in all of the account.
    """
    return {
        **said,
        "template": name,
        "tags": {**said.get("tags", {}), OWNED: name},
        "capabilities": ["CAPABILITY_NAMED_IAM"] if name == "access" else [],
        "protection": {"termination": True},
    }


def _value(node: Node, keys: tuple[str, ...] = ()) -> Any:
    """Return a node as JSON values."""
    if isinstance(node, Scalar):
        return _scalar(node)
    if isinstance(node, Sequence):
        return [_value(item, (*keys, "")) for item in node.items]
    if len(keys) == _DEPTH_OF_TEXTS and keys[0] == "stacks" and keys[2] in _TEXTS:
        listed = keys[2] == "parameters"
        return {key: _text(entry.value, listed=listed) for key, entry in node.entries.items()}
    return {key: _value(entry.value, (*keys, key)) for key, entry in node.entries.items()}


def _scalar(node: Scalar) -> Any:
    match node.kind:
        case "text":
            return node.text
        case "nothing":
            return None
        case "boolean":
            return node.text.lower() in _TRUE
        case "number" if _DECIMAL.fullmatch(node.text):
            return int(node.text)
    return _NO_FIELD_TAKES_IT


def _text(node: Node, *, listed: bool) -> str | list[str]:
    """Return the text of a parameter or a tag; any text where `_bad_texts` complains."""
    if listed and isinstance(node, Sequence):
        return [item.text for item in node.items if isinstance(item, Scalar)]
    return node.text if isinstance(node, Scalar) else ""


def _bad_texts(tree: Mapping) -> Iterator[Problem]:
    """Yield a problem for each parameter and tag that is not text."""
    for name, stack in _entries(tree, "stacks"):
        for block in _TEXTS:
            for key, node in _entries(stack, block):
                yield from _bad_text(("stacks", name, block, key), node, listed=block == "parameters")


def _entries(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    """Yield the keys and values of the mapping under `key`; none if there is no mapping."""
    if isinstance(node, Mapping) and key in node.entries:
        block = node.entries[key].value
        if isinstance(block, Mapping):
            yield from ((name, entry.value) for name, entry in block.entries.items())


def _bad_text(keys: tuple[str | int, ...], node: Node, *, listed: bool) -> Iterator[Problem]:
    if listed and isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _bad_text((*keys, index), item, listed=False)
    elif not isinstance(node, Scalar) or node.kind == "nothing":
        several = " or a list of texts" if listed else ""
        hint = 'write "" for an empty text' if isinstance(node, Scalar) else f"write one text{several}"
        message = f"{label(keys)}: expected text, found {found(node)}"
        yield Problem(node.where, "wrong-type", message, hint)
