"""A file of `config/` as a tree in which every value keeps its place and the text that stands there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Union

import yaml
from yaml.resolver import Resolver

if TYPE_CHECKING:
    from cfnpipe.model import Place

_RESOLVER = Resolver()
_KINDS = {"int": "number", "float": "number", "bool": "boolean", "null": "nothing", "timestamp": "date"}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value without parts."""

    where: Place
    text: str
    """As it stands in the file; without the quotes, if there are any."""
    quoted: bool = False
    """Whether it was written as text: in quotes or as a block."""

    @property
    def kind(self) -> str:
        """What YAML 1.1 takes it for: `text`, `number`, `boolean`, `date` or `nothing`."""
        if self.quoted:
            return "text"
        tag = _RESOLVER.resolve(yaml.ScalarNode, self.text, (True, False))  # type: ignore[no-untyped-call]
        return _KINDS.get(tag.removeprefix("tag:yaml.org,2002:"), "text")


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    where: Place
    items: tuple[Node, ...]


class Entry(NamedTuple):
    """One line of a mapping."""

    where: Place
    """The place of the key, which is what a person looks for."""
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in the order of the file."""

    where: Place
    entries: dict[str, Entry] = field(default_factory=dict)


Node = Union[Scalar, Sequence, Mapping]


def child(node: Node, key: str | int) -> Entry:
    """Return what stands under a key, or at a position, of a node. Raise `LookupError` if nothing does."""
    if isinstance(node, Mapping):
        return node.entries[str(key)]
    if isinstance(node, Sequence):
        return Entry(node.items[int(key)].where, node.items[int(key)])
    raise LookupError(key)
