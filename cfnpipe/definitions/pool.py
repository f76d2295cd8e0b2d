"""Which definitions are run, and in which order what they make is handed out."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from cfnpipe.definitions import answers
from cfnpipe.definitions.request import Request, Task
from cfnpipe.definitions.warm import endings
from cfnpipe.machine import cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfnpipe.definitions.contract import Built
    from cfnpipe.definitions.ending import Ending
    from cfnpipe.definitions.warm import Interpreter
    from cfnpipe.model import Project


def build(
    project: Project,
    environments: Sequence[str],
    warm: Interpreter,
    *,
    timeout: float,
    jobs: int | None,
) -> Iterator[Built]:
    """As `cfnpipe.definitions.build`, with an interpreter that is already there.

    They begin to run at once, and not when the first is asked for.
    """
    wanted = _wanted(project, environments)
    request = Request(
        root=str(project.root),
        directory=str(warm.directory or project.root),
        tasks=tuple(Task(name, users) for name, users in _users(wanted).items()),
        environments={name: pickle.dumps(project.environments[name]) for name in set(environments)},
        timeout=timeout,
        jobs=jobs or cores(),
    )
    return _in_order(wanted, endings(request, warm), request)


def _in_order(
    wanted: Sequence[tuple[str, str]], ended: Iterator[Ending], request: Request
) -> Iterator[Built]:
    ready: dict[tuple[str, str], Ending] = {}
    for environment, definition in wanted:
        while (environment, definition) not in ready:
            one = next(ended)
            ready.update({(name, one.definition): one for name in one.environments})
        one = ready.pop((environment, definition))
        yield answers.built(one, environment, root=request.root, timeout=request.timeout)


def _wanted(project: Project, environments: Sequence[str]) -> list[tuple[str, str]]:
    """Return each environment with each definition that it uses, sorted."""
    return sorted(
        {
            (environment, stack.template or name)
            for environment in environments
            for name, stack in project.environments[environment].stacks.items()
        }
    )


def _users(wanted: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the environments of each definition; those needed first come first."""
    users: dict[str, tuple[str, ...]] = {}
    for environment, definition in wanted:
        users[definition] = (*users.get(definition, ()), environment)
    return users
