"""Rendered stacks and the project in, problems out: cfnpipe's own rules, and cfn-lint."""

from __future__ import annotations

import inspect
from collections import defaultdict
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cfnpipe.validate import ignoring, own
from cfnpipe.validate.linted import lint_problems
from cfnpipe.validate.regions import regions
from cfnpipe.validate.rules import ENVIRONMENT_RULES, STACK_RULES
from cfnpipe.validate.shape import SHAPE_RULES
from cfnpipe.validate.subject import StackView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cfnpipe.model import Problem, Project, RenderedStack

__all__ = ["rules", "validate"]


def validate(
    project: Project,
    stacks: Iterable[RenderedStack],
    *,
    committed: Mapping[str, bytes] = MappingProxyType({}),
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> tuple[Problem, ...]:
    """Return everything that is wrong with rendered stacks, sorted; each is looked at as it comes.

    The environments of `stacks` are those of `project`. Problems whose rule the configuration ignores
    carry its reason. What several environments share because it comes from one line is one problem
    that names all their stacks. `committed`: the files below `stacks/` as they are now, by
    path. `jobs`: processes for cfn-lint. `progress`: called with how many templates are checked and how
    many there are.
    """
    malformed: list[Problem] = []
    found: list[Problem] = []
    sound: list[StackView] = []
    for rendered in stacks:
        environment = project.environments[rendered.environment]
        earlier = committed.get(f"stacks/{rendered.name}/template.json")
        view = StackView(project, environment, rendered, earlier)
        if outline := own.first_look(view):
            malformed += outline
        else:
            sound.append(view)
            found += own.stack_problems(view)
    found += own.environment_problems(project, sound)
    known = [view for view in sound if view.environment.region in regions() and not _endless(view, found)]
    found += lint_problems(project, known, found, jobs=jobs, progress=progress)
    stale = [*ignoring.unknown_rule(sound, rules()), *ignoring.unused_ignore(sound, found, rules())]
    return _merged([*malformed, *ignoring.ignored(found, sound), *stale])


def rules() -> Mapping[str, str]:
    """Return what each of cfnpipe's own rules finds, by its id, sorted."""
    functions: tuple[Callable[..., object], ...] = (
        *SHAPE_RULES,
        *STACK_RULES,
        *ENVIRONMENT_RULES,
        ignoring.unknown_rule,
        ignoring.unused_ignore,
    )
    return {
        own.identifier(rule): inspect.getdoc(rule) or "" for rule in sorted(functions, key=own.identifier)
    }


def _endless(view: StackView, found: Iterable[Problem]) -> bool:
    """Tell whether cfn-lint could need hours for a template.

    It does if that is larger than any that is deployed, and if it tries a slow pattern on a default.
    """
    rules = ("template-size", "slow-pattern")
    return any(each.rule in rules and each.stack == view.rendered.name for each in found)


def _merged(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems that differ only in the stack as one, which names them all."""
    stacks: dict[Problem, list[str]] = defaultdict(list)
    for problem in problems:
        stacks[replace(problem, stack="")].append(problem.stack)
    return tuple(
        sorted(
            replace(problem, stack=", ".join(sorted({*names} - {""}))) for problem, names in stacks.items()
        )
    )
