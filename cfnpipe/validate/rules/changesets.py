"""Change sets: what is executed is what was created, and approved in between.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import pipelines, stages
from cfnpipe.validate.nodes import differ
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.anatomy import Action, Pipeline
    from cfnpipe.validate.subject import StackView

_PER_EXECUTION = "#{codepipeline.PipelineExecutionId}"


def change_set_names(view: StackView) -> Iterator[Finding]:
    """Find a change set that is executed but created under another name, or for another stack.

    Then something is executed that nobody looked at, or nothing is there. Where the pipeline creates
    none for either name, something else makes it, and there is nothing to compare.
    """
    for pipeline, executing in _executions(view):
        if not creators(pipeline, executing):
            yield from _names_apart(pipeline, executing)


def _names_apart(pipeline: Pipeline, executing: Action) -> Iterator[Finding]:
    for key, other in (("ChangeSetName", "StackName"), ("StackName", "ChangeSetName")):
        creating = list(_creating(pipeline, executing, other))
        if creating:
            node = executing.configuration[key]
            created = sorted({action.configuration[key].text or "?" for action in creating})
            message = f"{executing.name} executes the {key} {quoted(node.text or '?')}, which is not created"
            yield Finding(message, node.pointer, f"created is {listed(created)}")
            return


def change_set_stages(view: StackView) -> Iterator[Finding]:
    """Find a change set that is created in one stage and executed in another.

    A stage is locked by one execution, two stages are not: while an approval waits in the second, a
    newer execution can replace the change set in the first, and what is executed is not what was
    approved. A name with `#{codepipeline.PipelineExecutionId}` is safe too (concepts-how-it-works).
    """
    for pipeline, executing in _executions(view):
        creating = creators(pipeline, executing)
        name = executing.configuration["ChangeSetName"].fixed or _PER_EXECUTION
        together = any(action.stage == executing.stage for action in creating)
        if creating and not together and _PER_EXECUTION not in name:
            yield Finding(
                f"{executing.name} executes what {creating[0].name} creates in another stage:"
                " a newer execution can replace it after the approval",
                executing.node.pointer,
                f"create it in the same stage, or put {_PER_EXECUTION} into its name",
            )


def change_set_order(view: StackView) -> Iterator[Finding]:
    """Find a change set that is executed before it is created, or at the same time.

    Actions of one stage with the same `RunOrder` run at the same time; without one it is 1
    (action-requirements).
    """
    for pipeline, executing in _executions(view):
        together = [action for action in creators(pipeline, executing) if action.stage == executing.stage]
        if together and not any(action.order < executing.order for action in together):
            yield Finding(
                f"{executing.name} runs at order {executing.order},"
                f" but {together[0].name} creates its change set at order {together[0].order}",
                executing.order_pointer,
                "give the execution a higher RunOrder",
            )


def change_set_retry(view: StackView) -> Iterator[Finding]:
    """Find a stage that executes a change set and retries only what failed.

    CloudFormation deletes every change set of a stack once it has executed one, also when that failed:
    the retry finds none
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html).
    """
    for stage in stages(view):
        mode = stage.node["OnFailure"]["RetryConfiguration"]["RetryMode"]
        executing = [action for action in stage.actions if action.mode == "CHANGE_SET_EXECUTE"]
        if executing and mode.fixed == "FAILED_ACTIONS":
            message = f"the change set of {executing[0].name} is gone when only what failed is retried"
            yield Finding(message, mode.pointer, "write ALL_ACTIONS")


def _executions(view: StackView) -> Iterator[tuple[Pipeline, Action]]:
    for pipeline in pipelines(view):
        for action in pipeline.actions:
            if action.mode == "CHANGE_SET_EXECUTE":
                yield pipeline, action


def creators(pipeline: Pipeline, executing: Action) -> list[Action]:
    """Return the actions that create what another executes, as far as their names are known."""
    return list(_creating(pipeline, executing, "StackName", "ChangeSetName"))


def _creating(pipeline: Pipeline, executing: Action, *same: str) -> Iterator[Action]:
    for action in pipeline.actions:
        apart = [differ(action.configuration[key], executing.configuration[key]) for key in same]
        elsewhere = differ(action.node["Region"], executing.node["Region"])
        if action.mode == "CHANGE_SET_REPLACE" and not elsewhere and not any(apart):
            yield action
