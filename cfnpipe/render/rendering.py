"""Rendering: definitions and configuration in, stacks and problems out; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cfnpipe import commit, definitions, stacks, tree
from cfnpipe.errors import ProblemsFound
from cfnpipe.model import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cfnpipe.definitions import Built, Interpreter
    from cfnpipe.model import Change, Project, RenderedStack

    Progress = Callable[[str, int, int], None]
    """Called with what is being done, how much of it is done, and how much there is."""


_READ = ("config/", "templates/", "stacks/")


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
    coming = made(run, lambda done, of: progress("Rendering", done, of))
    problems = validate(
        project,
        _noted(coming, rendered),
        committed=found,
        progress=lambda done, of: progress("Validating", done, of),
    )
    changes = stacks.plan(stacks.texts(rendered), found)
    return Rendering(in_order(rendered), tuple(changes), (*run.writes, *problems))


def made(run: Run, progress: Callable[[int, int], None]) -> Iterator[RenderedStack]:
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


def _noted(coming: Iterable[RenderedStack], notes: list[RenderedStack]) -> Iterator[RenderedStack]:
    """Yield stacks as they come, and keep them: they are validated while other definitions run."""
    for stack in coming:
        notes.append(stack)
        yield stack


def in_order(rendered: Iterable[RenderedStack]) -> tuple[RenderedStack, ...]:
    """Return stacks sorted by environment and name."""
    return tuple(sorted(rendered, key=lambda stack: (stack.environment, stack.stack)))


def _users(project: Project, environment: str, definition: str) -> Iterator[str]:
    """Yield the stacks of an environment that one definition makes."""
    for name, stack in project.environments[environment].stacks.items():
        if stack.template == definition:
            yield name
