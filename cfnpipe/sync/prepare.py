"""Everything before the first write: what is here, what is there, what has to be done, and may it be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe.model.transfer import Keep
from cfnpipe.sync.look import look, preflight
from cfnpipe.sync.metadata import metadata
from cfnpipe.sync.older import refuse_older
from cfnpipe.sync.order import ordered
from cfnpipe.sync.origin import origin
from cfnpipe.sync.plan import excess, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.aws.s3 import Bucket
    from cfnpipe.aws.session import Session
    from cfnpipe.model import Project
    from cfnpipe.model.transfer import Delete, Step
    from cfnpipe.sync.local import Committed


@dataclass(frozen=True)
class Prepared:
    """What one run is going to do."""

    steps: tuple[Step, ...]
    """What is done, in this order."""
    refused: tuple[Delete, ...]
    """Deletions that are not done, because they are more than `max_delete`."""
    foreign: tuple[str, ...]
    """Keys of objects that are not ours."""
    metadata: Mapping[str, str]
    """What every bundle that is written carries."""
    warnings: tuple[str, ...]

    @property
    def idle(self) -> bool:
        """Tell whether there is nothing to do."""
        return all(isinstance(step, Keep) for step in self.steps)


def prepare(  # noqa: PLR0913 - the two worlds that are compared, and who does it
    project: Project,
    name: str,
    local: Committed,
    *,
    session: Session,
    bucket: Bucket,
    variables: Mapping[str, str],
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Prepared:
    """Return what `sync` has to do in an environment. Only reads.

    `variables`: the environment variables, which tell in CodeBuild what is carried. Raise `Refused` or
    `ChangedByAnother` if it must not be done.
    """
    environment = project.environments[name]
    preflight(environment, session, bucket)
    remote = look(bucket, local.bundles, progress)
    steps = ordered(plan(local.bundles, remote.stored), local.stacks, project)
    refused = excess(steps, environment.max_delete)
    steps = tuple(step for step in steps if step not in refused)
    prepared = Prepared(steps, refused, remote.foreign, {}, ())
    if prepared.idle:
        return prepared
    here = origin(project, name, session, variables)
    warnings = refuse_older(steps, here) if here else ("nothing tells of which commit this checkout is",)
    return Prepared(steps, refused, remote.foreign, metadata(here.revision if here else None), warnings)
