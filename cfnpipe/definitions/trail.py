"""The calls that led to an exception, and the lines of the engineers' code among them."""

from __future__ import annotations

import ast
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from cfnpipe.definitions.origins import Origin


class Trail:
    """An exception's traceback; calls below `directory` are the engineers' own."""

    def __init__(self, error: BaseException, directory: str) -> None:
        self.calls = tuple(_calls(error.__traceback__))
        self.directory = directory

    def own(self) -> list[Origin]:
        """Return the engineers' lines, the innermost last."""
        return [(_file(call), call.tb_lineno) for call in self.calls if self.is_own(call)]

    def is_own(self, call: TracebackType) -> bool:
        """Return whether a call is in the engineers' code."""
        return _file(call).startswith(f"{self.directory}/")

    def inside(self, function: str) -> Mapping[str, Any] | None:
        """Return the variables of troposphere's `function`, if it was under way: its innermost call."""
        for call in reversed(self.calls):
            if call.tb_frame.f_code.co_name == function and _package(call) == "troposphere":
                return call.tb_frame.f_locals
        return None

    def rendered(self) -> Any:
        """Return the innermost of troposphere's objects that was being rendered, or None."""
        return (self.inside("to_dict") or {}).get("self")

    def argument_line(self, keyword: str) -> Origin | None:
        """Return the line of `keyword=...` in the engineers' innermost call, which may have many lines."""
        call = next((call for call in reversed(self.calls) if self.is_own(call)), None)
        if call is None:
            return None
        for node in ast.walk(_tree(_file(call))):
            if isinstance(node, ast.Call) and _position(node) == _instruction(call):
                return next(
                    ((_file(call), word.lineno) for word in node.keywords if word.arg == keyword), None
                )
        return None


def binding_line(file: str, name: str) -> int:
    """Return the line that gives a module's variable its last value; 0 if none is found."""
    return max((node.lineno for node in _tree(file).body if name in _bound(node)), default=0)


def _calls(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _file(call: TracebackType) -> str:
    return call.tb_frame.f_code.co_filename


def _package(call: TracebackType) -> str:
    return str(call.tb_frame.f_globals.get("__name__")).partition(".")[0]


def _tree(file: str) -> ast.Module:
    with suppress(OSError, SyntaxError, ValueError):
        return ast.parse(Path(file).read_bytes())
    return ast.Module(body=[], type_ignores=[])


def _position(node: ast.expr) -> tuple[int | None, ...]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _instruction(call: TracebackType) -> tuple[int | None, ...]:
    """Return where the expression stands that was under way: line, last line, column, last column."""
    instructions = call.tb_frame.f_code.co_positions()
    return next(islice(instructions, call.tb_lasti // 2, None), ())


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    names = {
        name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    aliases = {
        alias.asname or alias.name for alias in getattr(node, "names", []) if isinstance(alias, ast.alias)
    }
    return names | aliases
