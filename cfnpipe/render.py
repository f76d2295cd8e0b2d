"""From `config/` and `templates/` to `stacks/`: the whole way, in order.

config/*.yaml ──▶ Project ─┐
templates/*.py ──▶ definitions ──▶ Template ──▶ text ──▶ validate ──▶ [Problem]
                                                  │ none
                             stacks/*.json ◀──────┘
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cfnpipe import commit, definitions, stacks, tree
from cfnpipe.errors import ProblemsFound
from cfnpipe.model import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cfnpipe.definitions import Built, Interpreter
    from cfnpipe.lock import Difference
    from cfnpipe.model import Change, Project, RenderedStack

    Progress = Callable[[str, int, int], None]
    """Called with what is being done, how much of it is done, and how much there is."""


_READ = ("config/", "templates/", "stacks/")
_LEAVE_OUT = "leave out time, random values, environment variables, the working directory and set order"


@dataclass(frozen=True)
class Options:
    """What to render, and how."""

    environments: tuple[str, ...] = ()
    """The environments; none means all, and then leftovers of environments that are gone are found too."""
    timeout: float = 60.0
    """Seconds that a definition may take."""
    watch: bool = False
    """Whether to look for files that definitions write into the repository."""


@dataclass(frozen=True)
class Rendering:
    """What one run made, before anything is written."""

    stacks: tuple[RenderedStack, ...]
    """Sorted by environment and stack."""
    changes: tuple[Change, ...]
    """What becomes of each file below `stacks/`."""
    problems: tuple[Problem, ...]
    """Everything that was found wrong, warnings and ignored problems included."""

    @property
    def stale(self) -> bool:
        """Tell whether `stacks/` is anything other than what was rendered."""
        return any(change.action != "keep" for change in self.changes)

    @property
    def refused(self) -> bool:
        """Tell whether a problem stands in the way of writing."""
        return any(problem.stops for problem in self.problems)


@dataclass(frozen=True)
class Run:
    """Definitions under way."""

    project: Project
    options: Options
    built: Iterator[Built]
    """What they make, as it comes."""
    before: Mapping[str, tree.Stamp]
    """What was in the repository when they began, if it is to be watched."""
    writes: list[Problem] = field(default_factory=list)
    """What they were seen to write there, once all of them are done."""


def begin(project: Project, options: Options, warm: Interpreter) -> Run:
    """Begin to run the definitions, for `render` or `check`.

    They run while the tool imports what the rest of the way needs.
    """
    names = sorted(options.environments or project.environments)
    before = tree.stamps(project.root) if options.watch else {}
    built = definitions.build(project, names, timeout=options.timeout, warm=warm)
    return Run(project, options, built, before)


def render(run: Run, progress: Progress) -> Rendering:
    """Render and validate; write nothing. Raise `ProblemsFound` if a definition makes no template."""
    from cfnpipe.validate import validate

    project, environments = run.project, run.options.environments or None
    found = stacks.existing(project.root, environments)
    rendered: list[RenderedStack] = []
    coming = _stacks(run, lambda done, of: progress("Rendering", done, of))
    problems = validate(
        project,
        _noted(coming, rendered),
        committed=found,
        progress=lambda done, of: progress("Validating", done, of),
    )
    changes = stacks.plan(stacks.texts(rendered), found)
    return Rendering(_sorted(rendered), tuple(changes), (*run.writes, *problems))


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
            second = _sorted(_stacks(again, lambda done, of: progress("Checking", done, of)))
        except ProblemsFound as error:
            yield from map(_failed_again, error.problems)
            return
    yield from again.writes
    for one, other in zip(first, second, strict=True):
        if one.template != other.template:
            yield _difference(one, other)


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


def _stacks(run: Run, progress: Callable[[int, int], None]) -> Iterator[RenderedStack]:
    """Yield the stacks as they come; at the end, raise `ProblemsFound` with all that is wrong."""
    project, names = run.project, run.options.environments or run.project.environments
    total = sum(len(project.environments[name].stacks) for name in set(names))
    done = 0
    problems: list[Problem] = []
    for built in run.built:
        problems += built.problems
        if built.template is not None:
            environment = project.environments[built.environment]
            for name in _users(project, built.environment, built.definition):
                yield stacks.rendered(project, environment, name, built.template)
                progress(done := done + 1, total)
    if problems:
        raise ProblemsFound(sorted(set(problems)), bad_input=True)
    run.writes.extend(_writes(run))


def _writes(run: Run) -> Iterator[Problem]:
    """Yield what definitions have written into the repository, apart from what Git ignores.

    Outside of the folders that cfnpipe reads it may well have been another program: a warning.
    """
    root = run.project.root
    paths = tree.changed(run.before, tree.stamps(root)) if run.options.watch else []
    ignored = commit.ignored(root, paths) if paths else ()
    for path in paths:
        if path not in ignored:
            yield Problem(
                where=Place(path),
                rule="definition-writes",
                message="it was written while the definitions ran",
                hint="a definition only reads; if another program has written it, check again",
                severity="error" if path.startswith(_READ) else "warning",
            )


def _noted(made: Iterable[RenderedStack], notes: list[RenderedStack]) -> Iterator[RenderedStack]:
    """Yield stacks as they come, and keep them: they are validated while other definitions run."""
    for stack in made:
        notes.append(stack)
        yield stack


def _sorted(made: Iterable[RenderedStack]) -> tuple[RenderedStack, ...]:
    return tuple(sorted(made, key=lambda stack: (stack.environment, stack.stack)))


def _users(project: Project, environment: str, definition: str) -> Iterator[str]:
    """Yield the stacks of an environment that one definition makes."""
    for name, stack in project.environments[environment].stacks.items():
        if stack.template == definition:
            yield name


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
