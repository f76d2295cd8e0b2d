"""Which commit the bundles are carried from, and whether another one came after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from cfnpipe import commit, names, stacks
from cfnpipe.aws.beforehand import beforehand
from cfnpipe.model.execution import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.aws.session import Session
    from cfnpipe.model import Project
    from cfnpipe.model.execution import Execution

EXECUTION = "CFNPIPE_EXECUTION"
"""The environment variable in which the sync pipeline tells its execution's id."""


class Origin(Protocol):
    """A commit, seen from where it can be told."""

    @property
    def revision(self) -> Revision:
        """The commit."""

    def precedes(self, other: str) -> bool | None:
        """Tell whether another commit came after this one; None if that is not known."""


@dataclass(frozen=True)
class Carried:
    """The commit of an execution of the sync pipeline, and the executions around it."""

    revision: Revision
    newer: frozenset[str]
    """What the executions after this one brought."""

    def precedes(self, other: str) -> bool:
        """Tell whether another commit was brought by a later execution, and is not this one."""
        return other in self.newer - {self.revision.commit}


def origin(
    project: Project, environment: str, session: Session, variables: Mapping[str, str]
) -> Origin | None:
    """Return the commit: the execution's own in CodeBuild, else the checkout's; None if nothing tells it.

    `variables`: the environment variables. In CodeBuild the checkout's Git is never asked, since the
    checkout could bring one along. Raise `Refused` if AWS does not tell, or for a checkout with changes.
    """
    if EXECUTION in variables:
        from cfnpipe.aws.codepipeline import Pipelines

        with beforehand():
            return carried(Pipelines(session), names.sync_pipeline(environment), variables[EXECUTION])
    if "CODEBUILD_BUILD_ID" in variables:
        resolved = variables.get("CODEBUILD_RESOLVED_SOURCE_VERSION")
        return Carried(Revision(resolved), frozenset()) if resolved else None
    return commit.checkout(project.root, f"{stacks.FOLDER}/{environment}")


def carried(pipelines: Pipelines, pipeline: str, execution: str) -> Carried:
    """Return the commit of an execution, from CodePipeline's own records."""
    executions = pipelines.executions(pipeline, since=datetime.now(UTC)) or []
    return Carried(pipelines.revision(pipeline, execution), frozenset(_newer(executions, execution)))


def _newer(executions: list[Execution], than: str) -> list[str]:
    """Return what executions took that began after another; newest first, as they are listed."""
    ids = [execution.id for execution in executions]
    after = executions[: ids.index(than)] if than in ids else []
    return [taken for execution in after for taken in execution.revisions.values()]
