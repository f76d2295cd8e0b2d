"""Results as JSON, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from cfnpipe.model import Change, Problem


def show_json(console: Console, value: Any) -> None:
    """Print a JSON document: indented, keys sorted."""
    console.file.write(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def rendering(problems: Iterable[Problem], changes: Iterable[Change], *, written: bool) -> dict[str, Any]:
    """Return what `render` found and did: `{"files": [...], "problems": [...], "written": true}`."""
    return {"files": [_change(change) for change in changes], "written": written, **validation(problems)}


def validation(problems: Iterable[Problem]) -> dict[str, Any]:
    """Return what `validate` found: `{"problems": [...]}`."""
    return {"problems": [_problem(problem) for problem in problems]}


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "action": change.verb}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.where.path,
        "line": problem.where.line,
        "column": problem.where.column,
        "rule": problem.rule,
        "message": problem.message,
        "hint": problem.hint,
        "pointer": problem.pointer,
        "stack": problem.stack,
        "severity": problem.severity,
        "printed": problem.printed,
        "ignored": problem.ignored,
    }
