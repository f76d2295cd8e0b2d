"""What follows once `sync` is there: the connection, the sync pipeline, and the pipeline of `pipelines`.

From then on the system deploys itself. Here it is only watched as far as its first approval, and pushed where
nothing else would push it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cfnpipe import console, names
from cfnpipe.aws.codeconnections import connection
from cfnpipe.deploy.failure import DeploymentFailed
from cfnpipe.model import ConnectionSource
from cfnpipe.model.deployment import Handover

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfnpipe.aws import Bucket, Session
    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.deploy.dialogue import Dialogue
    from cfnpipe.model import Activity, Environment, Execution

_PAUSE = 3.0
"""Seconds between two questions."""
_PATIENCE = 3600.0
"""Seconds after which nobody waits any longer for somebody or something else."""
_LATE = timedelta(minutes=6)
"""After which a bundle's event does not come any more. S3 begins to send events about five minutes after they
were switched on (Enabling Amazon EventBridge, S3 User Guide)."""
_EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Process:
    """The parts of the change process that are watched."""

    session: Session
    pipelines: Pipelines
    bucket: Bucket
    """The source bucket."""
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Watch:
    """One handover that is watched, for at most an hour in all."""

    environment: Environment
    process: Process
    dialogue: Dialogue
    left: float = field(default=_PATIENCE)

    def pause(self, what: str) -> None:
        """Wait a little. Raise `DeploymentFailed` if it has taken too long; `what` is still awaited."""
        if self.left <= 0:
            raise DeploymentFailed(
                f"{what} after an hour", hint="run the same command again to go on waiting"
            )
        self.left -= _PAUSE
        self.process.sleep(_PAUSE)


def hand_over(watch: Watch, *, wait: bool) -> Handover:
    """Watch until the change set of `pipelines` waits for its approval, or is executed.

    `wait`: whether to wait for anything; else only what is there already is told, and nothing is started.
    Raise `DeploymentFailed` if an execution fails, or what is awaited does not come within an hour.
    """
    status = _connected(watch, wait=wait)
    if not wait or status not in ("", "AVAILABLE"):
        return Handover(status)
    sync = _synced(watch)
    execution, approvals = _offered(watch)
    return Handover(status, sync, execution, approvals)


def _connected(watch: Watch, *, wait: bool) -> str:
    """Return the status of the source's connection once it can be used."""
    source = watch.environment.source
    if not isinstance(source, ConnectionSource):
        return ""
    told = ""
    while True:
        found = connection(watch.process.session, source.connection)
        if found.status != told:
            told = found.status
            watch.dialogue.note(f"connection {found.name or found.arn}: {told}")
            if told == "PENDING":
                page = console.connections(watch.environment.region)
                watch.dialogue.note(f"  complete it in the console ({page}): Update pending connection")
        if told == "AVAILABLE" or not wait:
            return told
        if told == "ERROR":  # It does not mend itself, as PENDING does when somebody comes.
            page = console.connections(watch.environment.region)
            raise DeploymentFailed(
                f"connection {found.name or found.arn} is in ERROR",
                hint=f"see what its host refuses ({page}); then run the same command again",
            )
        watch.pause("the connection is not complete")


def _synced(watch: Watch) -> Execution:
    """Return the execution of the sync pipeline that succeeded; one is started if none runs or did."""
    pipeline = names.sync_pipeline(watch.environment.name)
    pipelines = watch.process.pipelines
    latest = _latest(watch, pipeline)
    if latest is None or latest.status not in ("running", "succeeded"):
        pipelines.start(pipeline, f"cfnpipe-init-{latest.id if latest else 'first'}")
        watch.dialogue.note(f"{pipeline}: started")
    return _followed(watch, pipeline)


def _followed(watch: Watch, pipeline: str) -> Execution:
    told: set[Activity] = set()
    while True:
        latest = _latest(watch, pipeline)
        if latest and latest.status not in ("running", "superseded"):
            break
        _tell(watch, pipeline, told)
        watch.pause(f"{pipeline} is still running")
    _tell(watch, pipeline, told)
    if latest.status != "succeeded":
        raise _failed(watch, pipeline, latest)
    return latest


def _tell(watch: Watch, pipeline: str, told: set[Activity]) -> None:
    """Note each action whose status was not told yet."""
    for each in watch.process.pipelines.activities(pipeline):
        state = replace(each, execution="")
        if each.status and state not in told:
            told.add(state)
            status = "waits for a decision" if each.waits else each.status
            watch.dialogue.note(f"{pipeline}: {each.action} {status}")


def _offered(watch: Watch) -> tuple[Execution, tuple[str, ...]]:
    """Return the execution that took the bundle of `pipelines`, and the approvals that wait in it.

    It is awaited, and started if the event of the bundle does not come.
    """
    pipeline = names.pipeline(watch.environment.name, "pipelines")
    told: set[Activity] = set()
    while True:
        execution = _taking(watch, pipeline)
        if execution:
            _tell(watch, pipeline, told)
        if execution and execution.status == "succeeded":
            return execution, ()
        if execution and execution.status == "running":
            waiting = tuple(
                each.action
                for each in watch.process.pipelines.activities(pipeline)
                if each.waits and each.execution == execution.id
            )
            if waiting:
                return execution, waiting
        elif execution and execution.status != "superseded":
            raise _failed(watch, pipeline, execution)
        watch.pause(f"{pipeline} has not come to its approval")


def _taking(watch: Watch, pipeline: str) -> Execution | None:
    """Return the latest execution that took the bundle; start one if there is none and it is time."""
    bundle = watch.process.bucket.version(names.bundle_key("pipelines"))
    if bundle is None:
        return None
    executions = watch.process.pipelines.executions(pipeline, _EVER) or []
    found = [each for each in executions if bundle.id in each.revisions.values()]
    running = any(each.status == "running" for each in executions)
    if not found and not running and bundle.age > _LATE:
        watch.process.pipelines.start(pipeline, f"cfnpipe-init-{bundle.id[:60]}".replace(".", "-"))
        watch.dialogue.note(f"{pipeline}: started, because the event of its bundle did not come")
    return found[0] if found else None


def _latest(watch: Watch, pipeline: str) -> Execution | None:
    executions = watch.process.pipelines.executions(pipeline, datetime.now(UTC))
    return executions[0] if executions else None


def _failed(watch: Watch, pipeline: str, execution: Execution) -> DeploymentFailed:
    """Return what failed in an execution, as the action says it."""
    for each in watch.process.pipelines.activities(pipeline):
        if each.status == "Failed" and each.execution == execution.id:
            reason = f": {each.action}: {each.message}" if each.message else f": {each.action}"
            break
    else:
        reason = ""
    page = console.execution(watch.environment.region, pipeline, execution.id)
    return DeploymentFailed(
        f"{pipeline} {execution.status}{reason}", hint=f"look at {page}; then run the same command again"
    )
