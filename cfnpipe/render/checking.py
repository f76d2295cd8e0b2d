"""Checking: what else keeps the committed files from being trusted."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cfnpipe import definitions
from cfnpipe.errors import ProblemsFound
from cfnpipe.model import Place, Problem
from cfnpipe.render.rendering import begin, in_order, made, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfnpipe.lock import Difference
    from cfnpipe.model import Project, RenderedStack
    from cfnpipe.render.rendering import Progress, Rendering, Run

_LEAVE_OUT = "leave out time, random values, environment variables, the working directory and set order"


def check(run: Run, progress: Progress) -> Rendering:
    """Render as `render` does, and find what else keeps the committed files from being trusted.

    Templates that come out different the second time are problems. Where anything at all is found,
    installed versions that differ from the lock are named first, since they may explain the rest.
    Raise `ProblemsFound` as `render` does.
    """
    project = run.project
    try:
        rendering = render(run, progress)
        if not rendering.refused:
            again = _unstable(run, rendering.stacks, progress)
            both = dict.fromkeys((*rendering.problems, *again))  # both may have written one file
            rendering = replace(rendering, problems=tuple(both))
    except ProblemsFound as error:
        raise ProblemsFound((*_versions(project), *error.problems), bad_input=True) from error
    if rendering.refused or rendering.stale:
        rendering = replace(rendering, problems=(*_versions(project), *rendering.problems))
    return rendering


def _unstable(run: Run, first: Sequence[RenderedStack], progress: Progress) -> Iterator[Problem]:
    """Render once more where everything that must not matter is different, and yield what differs.

    A template that differs would start its pipeline for nothing.
    """
    with (
        tempfile.TemporaryDirectory(prefix="cfnpipe-") as folder,
        definitions.interpreter(definitions.elsewhere(Path(folder))) as warm,
    ):
        again = begin(run.project, run.options, warm)
        try:
            second = in_order(made(again, lambda done, of: progress("Checking", done, of)))
        except ProblemsFound as error:
            yield from map(_failed_again, error.problems)
            return
    yield from again.writes
    for one, other in zip(first, second, strict=True):
        if one.template != other.template:
            yield _difference(one, other)


def _failed_again(problem: Problem) -> Problem:
    """Return what went wrong in the second rendering only."""
    message = f"rendered twice, it failed the second time: {problem.message}"
    return replace(problem, rule="unstable-template", message=message, hint=_LEAVE_OUT)


def _difference(one: RenderedStack, other: RenderedStack) -> Problem:
    pointer, first, second = definitions.first_difference(
        json.loads(one.template), json.loads(other.template)
    )
    return Problem(
        where=Place(one.definition),
        rule="unstable-template",
        message=f"rendered twice, {pointer} is {first} and then {second}",
        hint=_LEAVE_OUT,
        pointer=pointer,
        stack=one.name,
    )


def _versions(project: Project) -> Iterator[Problem]:
    """Yield a warning for each installed version that differs from the environments' lock files."""
    from cfnpipe import lock

    for name in sorted({environment.tool.lock for environment in project.environments.values()}):
        path = project.root / name
        for difference in lock.differences(path.read_text("utf-8")) if path.is_file() else ():
            yield _version(name, difference)


def _version(path: str, difference: Difference) -> Problem:
    name, locked, installed = difference
    found = f"{installed} is installed" if installed else "it is not installed"
    return Problem(
        where=Place(path),
        rule="version-differs",
        message=f"{name} is locked at {locked}, but {found}",
        hint=f"run: pip install -r {path}",
        severity="warning",
    )
