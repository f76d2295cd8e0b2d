"""`extends`: one tree made of a file and its bases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.config.nodes import Entry, Mapping, Scalar
from cfnpipe.errors import ProblemsFound
from cfnpipe.model import Problem
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cfnpipe.config.nodes import Node
    from cfnpipe.model import Place

    Read = Callable[[str], Mapping]
    """Returns the tree of a file by its path below `config/`; raises `ProblemsFound`."""

EXTENDS = "extends"


def merge(base: Mapping, over: Mapping) -> Mapping:
    """Return `base` changed by `over`: mappings key by key, anything else as a whole."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        entries[key] = _entry(entries.get(key), entry)
    return Mapping(over.where, entries)


def _entry(base: Entry | None, over: Entry) -> Entry:
    if base and isinstance(base.value, Mapping) and isinstance(over.value, Mapping):
        return Entry(over.where, merge(base.value, over.value))
    return over


def extended(name: str, read: Read, bases: Collection[str], chain: tuple[str, ...] = ()) -> Mapping:
    """Return the tree of a file with everything that it extends.

    `name`: below `config/`; `bases`: the bases there are; `chain`: the files that led here. Raise
    `ProblemsFound` for a file that cannot be read, a base that is not there, and a circle.
    """
    tree = read(name)
    own = Mapping(tree.where, {key: entry for key, entry in tree.entries.items() if key != EXTENDS})
    if EXTENDS not in tree.entries:
        return own
    chain = (*chain, name)
    base = _base(tree.entries[EXTENDS].value, bases, chain)
    return merge(extended(base, read, bases, chain), own)


def _base(node: Node, bases: Collection[str], chain: tuple[str, ...]) -> str:
    """Return the name of the base that `extends` means."""
    if not isinstance(node, Scalar) or node.kind != "text":
        raise _wrong(node.where, "extends: expected the name of one base", "write `extends: _base.yaml`")
    base = node.text
    if base in chain:
        circle = " -> ".join((*chain[chain.index(base) :], base))
        raise _wrong(node.where, f"extends: a circle: {circle}", "take `extends` out of one of them")
    if base not in bases:
        hint = choice(base, bases) if bases else "a base is a file below config/ that begins with _"
        raise _wrong(node.where, f"extends: config/ has no base {quoted(base)}", hint)
    return base


def _wrong(where: Place, message: str, hint: str) -> ProblemsFound:
    return ProblemsFound([Problem(where, "bad-extends", message, hint)], bad_input=True)
