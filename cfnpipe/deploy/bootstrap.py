"""`deploy-init`: the two stacks that are made by hand, and the way to the first approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cfnpipe import names
from cfnpipe.aws.beforehand import beforehand
from cfnpipe.deploy.bring import Order, bring_all
from cfnpipe.deploy.handover import Process, Watch, hand_over
from cfnpipe.deploy.submission import current, submission
from cfnpipe.errors import Refused
from cfnpipe.model import BY_HAND, Place
from cfnpipe.model.deployment import Bootstrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cfnpipe.aws import Identity
    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.deploy.dialogue import Dialogue
    from cfnpipe.deploy.operation import Cloud
    from cfnpipe.model import Environment, RenderedStack
    from cfnpipe.model.deployment import ResourceChange, Submission


@dataclass(frozen=True)
class Bootstrap:
    """What one run of `deploy-init` is asked to do."""

    environment: Environment
    rendered: Mapping[str, RenderedStack]
    """The init stacks by name, as they are committed."""
    caller: Identity
    update: bool = False
    """Whether to change init stacks that have pipelines of their own."""
    dry_run: bool = False
    wait: bool = True
    """Whether to wait for the connection and the pipelines."""


def bootstrap(asked: Bootstrap, cloud: Cloud, process: Process, dialogue: Dialogue) -> Bootstrapped:
    """Bring `access` and `sync` to what is committed, then watch the system begin to deploy itself.

    Raise what `bring` and `hand_over` raise, and `Refused` if the init stacks have pipelines of their own.
    """
    with beforehand():
        running = _running(asked, cloud)
        if running and not asked.update:
            _refuse_to_differ(asked, cloud)
    stacks = tuple(bring_all(cloud, _orders(asked, cloud, process.pipelines), dialogue))
    if asked.dry_run or running:
        return Bootstrapped(stacks)
    watched = hand_over(Watch(asked.environment, process, dialogue), wait=asked.wait)
    return Bootstrapped(stacks, watched)


def _running(asked: Bootstrap, cloud: Cloud) -> bool:
    """Tell whether the init stacks have pipelines of their own, which `pipelines` holds."""
    there = cloud.stacks.find(names.cloudformation_stack(asked.environment.name, "pipelines"))
    return there is not None and there.status not in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")


def _orders(asked: Bootstrap, cloud: Cloud, pipelines: Pipelines) -> Iterator[Order]:
    """Yield how each stack is deployed, one after the other: the second needs what the first makes."""
    again = f"cfnpipe deploy-init {asked.environment.name}{' --update' if asked.update else ''}"
    for name in BY_HAND:
        yield Order(
            wanted=_wanted(asked, cloud, name),
            lines=asked.rendered[name].lines,
            again=again + cloud.credentials,
            dry_run=asked.dry_run,
            cancels=lambda changes: _cancelled(pipelines, changes),
        )


def _wanted(asked: Bootstrap, cloud: Cloud, name: str) -> Submission:
    """Return what is handed in of an init stack.

    `access` is created with the caller's rights, because it makes the roles; everything else is done by the
    init deployer.
    """
    stack = names.cloudformation_stack(asked.environment.name, name)
    by_caller = name == "access" and not _made(cloud, stack)
    return submission(
        asked.rendered[name],
        asked.environment.stacks[name],
        role="" if by_caller else _init_deployer(asked),
    )


def _made(cloud: Cloud, stack: str) -> bool:
    there = cloud.stacks.find(stack)
    return there is not None and there.status not in (
        "REVIEW_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
    )


def _init_deployer(asked: Bootstrap) -> str:
    partition = asked.caller.arn.split(":")[1]
    role = names.owned(asked.environment.name, "init-deployer")
    return f"arn:{partition}:iam::{asked.caller.account}:role/{role}"


def _refuse_to_differ(asked: Bootstrap, cloud: Cloud) -> None:
    """Raise `Refused` if a stack that has a pipeline of its own is not what is committed."""
    for name in BY_HAND:
        wanted = _wanted(asked, cloud, name)
        there = cloud.stacks.find(wanted.stack)
        if there is None or not current(wanted, there, cloud.stacks.template(wanted.stack)):
            raise Refused(
                f"{wanted.stack} is not what is committed here, and has a pipeline of its own",
                where=Place(f"stacks/{asked.environment.name}/{name}/template.json"),
                hint=f"merge the change: pipeline {names.pipeline(asked.environment.name, name)} asks for its"
                " approval; only if that cannot work any more, add --update",
            )


def _cancelled(pipelines: Pipelines, changes: Sequence[ResourceChange]) -> tuple[str, ...]:
    """Return the running executions of pipelines that are changed or removed: a new definition ends them."""
    touched = [
        change.physical
        for change in changes
        if change.type == "AWS::CodePipeline::Pipeline" and change.action != "Add" and change.physical
    ]
    return tuple(
        f"execution {execution.id} of {pipeline}"
        for pipeline in touched
        for execution in pipelines.executions(pipeline, datetime.now(UTC)) or ()
        if execution.status == "running"
    )
