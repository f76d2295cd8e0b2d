"""Which definitions are run, and in which order what they make is handed out."""

from __future__ import annotations

import os
import pickle
from contextlib import closing
from typing import TYPE_CHECKING

from cfnpipe.definitions import answers, warm
from cfnpipe.definitions.request import Request, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfnpipe.definitions.contract import Built, Surroundings
    from cfnpipe.definitions.ending import Ending
    from cfnpipe.model import Project


def build(
    project: Project,
    environments: Sequence[str],
    *,
    timeout: float,
    surroundings: Surroundings,
    jobs: int | None,
) -> Iterator[Built]:
    """As `cfnpipe.definitions.build`."""
    wanted = _wanted(project, environments)
    request = Request(
        root=str(project.root),
        tasks=tuple(Task(name, users) for name, users in _users(wanted).items()),
        environments={name: pickle.dumps(project.environments[name]) for name in set(environments)},
        timeout=timeout,
        jobs=jobs or os.cpu_count() or 1,
    )
    ready: dict[tuple[str, str], Ending] = {}
    with closing(warm.endings(request, surroundings)) as endings:
        for environment, definition in wanted:
            while (environment, definition) not in ready:
                one = next(endings)
                ready.update({(name, one.definition): one for name in one.environments})
            one = ready.pop((environment, definition))
            yield answers.built(one, environment, root=request.root, timeout=timeout)


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
