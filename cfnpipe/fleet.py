"""All stacks of an environment at once: which of them are behind, and starting those.

`look` asks S3 and CodePipeline, `plan` decides, `start` does it. A stack is behind if the current version of
its bundle, older than ten minutes, belongs to no succeeded, rejected or running execution of its pipeline.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

from cfnpipe import names
from cfnpipe.aws import AwsError
from cfnpipe.errors import BadInput, Refused
from cfnpipe.model import Arrival, Place, Sight, Standing, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.aws.s3 import Bucket
    from cfnpipe.model import Environment, Execution, ExecutionStatus, State

    Progress = Callable[[str, int, int], None]
    """What is told what is done, how much of it is done, and how much there is."""

FRESH = timedelta(minutes=10)
"""How long EventBridge is given to start a pipeline: it takes seconds, at times more than a minute."""
MEMORY = timedelta(days=360)
"""How far CodePipeline's 12 months of history reach for certain."""
MARGIN = timedelta(hours=1)
"""How much earlier than a version an execution that took it can have begun: its Source may wait."""
AT_ONCE = 4
"""How many stacks are looked at at once; `Pipelines` keeps the pace."""

_SETTLED: tuple[Literal["running", "succeeded", "rejected"], ...] = ("running", "succeeded", "rejected")


def watched(environment: Environment, stack: str) -> dict[str, str]:
    """Return what a stack's pipeline watches: the key of an object for each source action."""
    if environment.stacks[stack].sources == "split":
        return {"Template": names.template_key(stack), "Configuration": names.configuration_key(stack)}
    return {"Bundle": names.bundle_key(stack)}


def plan(sights: Iterable[Sight]) -> list[Standing]:
    """Return where each stack stands."""
    return [_standing(sight) for sight in sights]


def behind(standings: Iterable[Standing]) -> list[Standing]:
    """Return the stacks that are behind."""
    return [standing for standing in standings if standing.state == "behind"]


def _standing(sight: Sight) -> Standing:
    versions = sight.arrival.versions if sight.arrival else {}
    executions = sight.executions or ()
    took = [execution for execution in executions if versions and _took(execution, versions)]
    state = _state(sight, took)
    told = next((execution for execution in took if execution.status == state), took[0] if took else None)
    return Standing(
        stack=sight.stack,
        pipeline=sight.pipeline,
        state=state,
        versions=versions,
        execution=told.id if told else "",
        status=told.status if told else None,
        latest=executions[0].id if executions else "",
    )


def _state(sight: Sight, took: Sequence[Execution]) -> State:
    if sight.retired:
        return "retired"
    if sight.arrival is None:
        return "no-bundle"
    if sight.arrival.age <= FRESH:
        return "fresh"
    if sight.executions is None:
        return "no-pipeline"
    for settled in _SETTLED:
        if any(execution.status == settled for execution in took):
            return settled
    return "forgotten" if not took and sight.arrival.age > MEMORY else "behind"


def _took(execution: Execution, versions: Mapping[str, str]) -> bool:
    """Tell whether an execution took these versions, or may still take them."""
    if execution.status == "running" and not versions.keys() <= execution.revisions.keys():
        return True
    return versions.items() <= execution.revisions.items()


def look(environment: Environment, bucket: Bucket, pipelines: Pipelines, progress: Progress) -> list[Sight]:
    """Return what is known of each stack of an environment, by name; nothing is changed.

    Raise `BadInput` for an environment without a source, `Refused` where its bucket does not exist, and
    `AwsError` for the first call that fails.
    """
    _check(environment, bucket)
    sights: list[Sight] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for sight in pool.map(partial(_sight, environment, bucket, pipelines), sorted(environment.stacks)):
            sights.append(sight)
            progress("Looking at pipelines", len(sights), len(environment.stacks))
    return sights


def _check(environment: Environment, bucket: Bucket) -> None:
    if environment.source is None:
        raise BadInput(
            f"{environment.name} has no source, so it has no pipelines",
            where=Place(f"config/{environment.name}.yaml"),
            hint="its stacks are changed with: cfnpipe deploy",
        )
    try:
        bucket.region()
    except AwsError as error:
        if error.code != "NotFound":
            raise
        hint = "set the environment up first, or look at its account and region in config/"
        raise Refused(f"there is no bucket {bucket.name}", hint=hint) from error


def _sight(environment: Environment, bucket: Bucket, pipelines: Pipelines, stack: str) -> Sight:
    pipeline = names.pipeline(environment.name, stack)
    if environment.stacks[stack].retire:
        return Sight(stack, pipeline, retired=True)
    arrival = _arrival(bucket, watched(environment, stack))
    if arrival is None or arrival.age <= FRESH:
        return Sight(stack, pipeline, arrival)
    return Sight(stack, pipeline, arrival, _executions(pipeline, arrival, pipelines))


def _executions(pipeline: str, arrival: Arrival, pipelines: Pipelines) -> tuple[Execution, ...] | None:
    """Return the executions that can have taken a version, each with what really became of it."""
    listed = pipelines.executions(pipeline, arrival.written - MARGIN)
    if listed is None:
        return None
    took = [execution for execution in listed if _took(execution, arrival.versions)]
    if not any(execution.status == "succeeded" for execution in took):
        defined = pipelines.definition(pipeline)
        if set(defined.sources) != set(arrival.versions):
            return None
        really = _really(pipeline, took, defined.version, pipelines)
        listed = [replace(each, status=really.get(each.id, each.status)) for each in listed]
    return tuple(listed)


def _really(
    pipeline: str, took: Sequence[Execution], defined: int, pipelines: Pipelines
) -> dict[str, ExecutionStatus]:
    """Return what became of executions, where that is not what the listing says."""
    running = [execution.id for execution in took if execution.status == "running"]
    failed = [execution for execution in took if execution.status == "failed"]
    really: dict[str, ExecutionStatus] = {
        execution: "cancelled" for execution in running if pipelines.version(pipeline, execution) != defined
    }
    if failed:
        since = min(execution.started for execution in failed)
        really |= dict.fromkeys(
            pipelines.rejections(pipeline, since) & {execution.id for execution in failed}, "rejected"
        )
    return really


def _arrival(bucket: Bucket, keys: Mapping[str, str]) -> Arrival | None:
    found = {action: bucket.version(key) for action, key in keys.items()}
    versions = {action: version for action, version in found.items() if version}
    if len(versions) < len(keys):
        return None
    return Arrival(
        versions={action: version.id for action, version in versions.items()},
        written=max(version.written for version in versions.values()),
        age=min(version.age for version in versions.values()),
    )


def start(standings: Iterable[Standing], pipelines: Pipelines) -> Iterator[Start]:
    """Start the pipelines of stacks that are behind, one after the other; yield what came of each.

    A fault does not keep the others from being started, unless each of them would end the same way.
    """
    for standing in standings:
        try:
            yield Start(standing, pipelines.start(standing.pipeline, token(standing)))
        except AwsError as error:
            yield Start(standing, fault=error.message, hint=error.hint)
            if error.hopeless:
                return


def token(standing: Standing) -> str:
    """Return the client token of a start: the same as long as the pipeline has run nothing else.

    Made of the version ids, so that a repeated call, or a second run beside this one, starts nothing more;
    and of the pipeline's latest execution, so that a later run can start the same versions again.
    """
    facts = [standing.pipeline, sorted(standing.versions.items()), standing.latest]
    return f"cfnpipe-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()}"
