"""What the rehearsal uses of ministack's insides: all of it is looked for before anything begins.

Nothing of ministack is public but its ports. Which names are used is read from the rehearsal's own source, so
that there is no list to forget one in.
"""

from __future__ import annotations

import ast
import functools
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfnpipe.errors import CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PACKAGE = "ministack"
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def check() -> None:
    """Raise `CfnpipeError` where ministack has lost a name, before the first request that needs it."""
    if lost := sorted(set(missing(used(Path(__file__).parent)))):
        raise CfnpipeError(
            f"this {_PACKAGE} is not the one that the rehearsal knows: it has no {', '.join(lost)}",
            hint="run: pip install --force-reinstall 'cfnpipe[rehearse]'",
        )


def used(folder: Path) -> set[str]:
    """Return the names that modules take from ministack: `ministack.services.iam:_roles.get`."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, _FUNCTIONS):
                found.update(_of_function(function))
    return found


def missing(names: Iterable[str]) -> Iterator[str]:
    """Yield those of the names that are not there, without what is asked of them in turn."""
    for name in names:
        module, _, path = name.partition(":")
        found, so_far = _module(module), module
        for part in path.split("."):
            so_far = f"{so_far}.{part}"
            found = getattr(found, part) if hasattr(found, part) else _module(so_far)
            if found is None:
                yield so_far
                break


def _of_function(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield what a function imports from ministack, and which of its attributes are spoken of below it."""
    bound: dict[str, str] = {}
    for line in function.body:
        if isinstance(line, ast.ImportFrom) and (line.module or "").split(".")[0] == _PACKAGE:
            bound |= {each.asname or each.name: f"{line.module}:{each.name}" for each in line.names}
    yield from bound.values()
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute):
            *path, root = _chain(node)
            if root in bound:
                yield ".".join((bound[root], *reversed(path)))


def _chain(node: ast.expr) -> list[str]:
    """Return `a.b.c` from its end; without a name at its root where there is none."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [*parts, node.id if isinstance(node, ast.Name) else ""]


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
