"""Approvals: when they ask, and for how long.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name, and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ what begins with `API_`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import actions, pipelines
from cfnpipe.validate.rules.changesets import creators
from cfnpipe.validate.subject import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.anatomy import Action, Pipeline, Stage
    from cfnpipe.validate.subject import StackView

_SHORTEST_WAIT = 5
_LONGEST_WAIT = 86_400


def approval_order(view: StackView) -> Iterator[Finding]:
    """Find an approval in a stage with a change set that does not stand between making and executing it.

    After, or at the same time, it decides nothing about what is executed. Before, there is nothing to
    look at: a warning. An approval of something else belongs in another stage (action-requirements).
    """
    for pipeline in pipelines(view):
        for stage in pipeline.stages:
            pairs = list(_pairs(pipeline, stage))
            for approval in stage.actions:
                between = any(first.order < approval.order < last.order for first, last in pairs)
                if approval.is_approval and pairs and not between:
                    yield _misplaced(approval, *pairs[0])


def _pairs(pipeline: Pipeline, stage: Stage) -> Iterator[tuple[Action, Action]]:
    for executing in stage.actions:
        if executing.mode == "CHANGE_SET_EXECUTE":
            for creating in creators(pipeline, executing):
                if creating.stage == executing.stage and creating.order < executing.order:
                    yield creating, executing


def _misplaced(approval: Action, creating: Action, executing: Action) -> Finding:
    early = approval.order <= creating.order
    other, what = (creating, "creates") if early else (executing, "executes")
    return Finding(
        f"{approval.name} asks at order {approval.order},"
        f" but {other.name} {what} the change set at order {other.order}",
        approval.order_pointer,
        "create it first, then approve it, then execute it",
        severity="warning" if approval.order < creating.order else "error",
    )


def approval_timeout(view: StackView) -> Iterator[Finding]:
    """Find a timeout of anything other than an approval, or one not of 5 minutes to 60 days.

    See `timeoutInMinutes` in API_ActionDeclaration.
    """
    for action in actions(view):
        node = action.node["TimeoutInMinutes"]
        if node.present and action.type[0] and not action.is_approval:
            message = f"{action.name} has a timeout, which only approvals have"
            yield Finding(message, node.pointer, "leave it out")
        elif node.number is not None and not _SHORTEST_WAIT <= node.number <= _LONGEST_WAIT:
            message = (
                f"{action.name} has a timeout of {node.number:,} minutes; CodePipeline takes 5 to 86,400"
            )
            yield Finding(message, node.pointer, "leave it out for 7 days")
