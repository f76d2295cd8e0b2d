"""Whether the right files would be deployed into the right account, before anything is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.errors import BadInput, ProblemsFound, Refused
from cfnpipe.model import Place
from cfnpipe.stacks import FOLDER

if TYPE_CHECKING:
    from cfnpipe.aws import Identity
    from cfnpipe.model import Environment, Project
    from cfnpipe.render import Rendering


def valid(rendering: Rendering) -> None:
    """Raise `ProblemsFound` if something stands in the way of what was rendered."""
    if rendering.refused:
        raise ProblemsFound(rendering.problems)


def source(project: Project, environment: Environment) -> None:
    """Raise `BadInput` if an environment has no source, and so no change process to set up."""
    if environment.source is None:
        raise BadInput(
            f"{environment.name} has no source, so it has no init stacks",
            where=project.where(environment.name),
            hint=f"its stacks are changed with: cfnpipe deploy {environment.name}",
        )


def committed(rendering: Rendering, environment: Environment) -> None:
    """Raise `Refused` unless the files below `stacks/` are what was rendered."""
    stale = [change.path for change in rendering.changes if change.action != "keep"]
    if stale:
        more = f" and {len(stale) - 1} more" if stale[1:] else ""
        raise Refused(
            f"not what the definitions make{more}",
            where=Place(stale[0]),
            hint=f"run: cfnpipe render -e {environment.name}; then review and commit {FOLDER}/",
        )


def account(project: Project, environment: Environment, caller: Identity) -> None:
    """Raise `Refused` unless the caller's account is the environment's, or, if it has none, nobody else's."""
    if environment.account is None:
        _nobodys(project, environment, caller)
    elif caller.account != environment.account:
        raise Refused(
            f"these credentials are of account {caller.account}; {environment.name} is {environment.account}",
            where=project.where(environment.name, "account"),
            hint=f"use credentials of account {environment.account}; these are {caller.arn}",
        )


def _nobodys(project: Project, environment: Environment, caller: Identity) -> None:
    """Raise `Refused` if the account of an engineer's own environment is that of a protected one."""
    for other in project.environments.values():
        if other.protected and other.account == caller.account:
            raise Refused(
                f"these credentials are of account {caller.account}, which is the protected {other.name}",
                where=project.where(environment.name),
                hint=f"use an account of your own, or write `account` into {environment.name}",
            )
