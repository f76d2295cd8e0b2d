"""Change sets: made, described, and deleted where they are of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe import names
from cfnpipe.aws.errors import AwsError
from cfnpipe.deploy.failure import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.deploy.operation import Cloud
    from cfnpipe.model import Place
    from cfnpipe.model.deployment import ChangeSet, ChangeSetKind, Deployed, Event, Submission

_PAUSE = 1.0
"""Seconds between two questions whether a change set is ready."""
_NEW_ROLE = "cannot be assumed"
"""What CloudFormation says of a role that IAM made a moment ago: it takes seconds to be known everywhere."""
_PATIENCE = 12
"""How often a call is made that such a role keeps from succeeding, five seconds apart."""


def make(
    cloud: Cloud,
    wanted: Submission,
    kind: ChangeSetKind,
    there: Deployed | None,
    lines: Mapping[str, Place],
) -> ChangeSet | None:
    """Return a change set, ready to be executed; None if there is nothing to change.

    Those that earlier runs left are deleted first, and this one too if it is of no use. `lines`: where each
    resource was made, by its pointer. Raise `DeploymentFailed` if CloudFormation cannot make it.
    """
    if there:
        sweep(cloud, there)
    made = _ready(cloud, wanted.stack, _create(cloud, wanted, kind), kind)
    if not (made.empty or made.failure):
        return made
    faults = _faults(cloud, made) if made.failure else []
    drop(cloud, made, there)
    if made.empty:
        return None
    what, hint = f"no change set for {wanted.stack}", "mend it, then run the same command again"
    raise explained(what, faults, lines, reason=made.failure, hint=hint)


def sweep(cloud: Cloud, stack: Deployed) -> None:
    """Delete the change sets that earlier runs made for a stack and did not execute."""
    for name, change_set in cloud.stacks.change_sets(stack.name).items():
        if name.startswith(names.CHANGE_SETS_BY_HAND):
            _drop_made(cloud, stack, change_set)


def _drop_made(cloud: Cloud, stack: Deployed, change_set: str) -> None:
    """Delete a change set unless it is still being made, which CloudFormation refuses: the next run does."""
    try:
        cloud.stacks.drop_change_set(stack.name, change_set)
    except AwsError as error:
        if error.code != "InvalidChangeSetStatus":
            raise


def drop(cloud: Cloud, change_set: ChangeSet, there: Deployed | None) -> None:
    """Delete a change set, and the empty stack that came with it if there was none before."""
    cloud.stacks.drop_change_set(change_set.stack, change_set.id)
    if there is None:
        husk = cloud.stacks.find(change_set.stack)
        if husk and husk.status == "REVIEW_IN_PROGRESS" and not cloud.stacks.change_sets(husk.name):
            cloud.stacks.delete(husk, token=cloud.name())


def _create(cloud: Cloud, wanted: Submission, kind: ChangeSetKind) -> str:
    for _ in range(_PATIENCE):
        try:
            return cloud.stacks.create_change_set(wanted, cloud.name(), kind)
        except AwsError as error:
            if not (wanted.role and _NEW_ROLE in error.message):
                raise
            refusal = error
            cloud.sleep(5.0)
    raise refusal


def _ready(cloud: Cloud, stack: str, change_set: str, kind: ChangeSetKind) -> ChangeSet:
    # As long as it takes, like an operation: many resources, or hooks, take minutes. What is left of it after
    # Ctrl-C is deleted by a later run.
    while (made := cloud.stacks.change_set(stack, change_set, kind)) is None:
        cloud.sleep(_PAUSE)
    return made


def _faults(cloud: Cloud, made: ChangeSet) -> list[Event]:
    """Return what early validation found; nothing where that cannot be asked, since the status tells some."""
    try:
        return cloud.stacks.faults(made.id)
    except AwsError:
        return []
