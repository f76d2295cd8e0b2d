"""A pipeline as a whole: its type, its names and its mode.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name, and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ what begins with `API_`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import CONDITIONS, pipelines
from cfnpipe.validate.nodes import known_part
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.anatomy import Pipeline
    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_NAME = "A-Za-z0-9.@_-"
_ARTIFACT = "A-Za-z0-9_-"
_VARIABLE = "A-Za-z0-9@_-"
_WRITE_V2 = "write PipelineType: V2"


def pipeline_type(view: StackView) -> Iterator[Finding]:
    """Find a pipeline that does not say of which type it is.

    It is then V1, unless something in it exists in V2 only: price and features depend on what nobody
    wrote down. A warning, and an error where V2 is needed (pipeline-types-planning).
    """
    for pipeline in pipelines(view):
        if not pipeline.node["PipelineType"].present:
            feature = next((what for _, what in _v2_features(pipeline)), "")
            yield Finding(
                "no PipelineType: the default is V1" + (f", and {feature} need V2" if feature else ""),
                pipeline.node.pointer,
                _WRITE_V2,
                severity="error" if feature else "warning",
            )


def v2_feature(view: StackView) -> Iterator[Finding]:
    """Find in a pipeline of type V1 what exists in V2 only.

    QUEUED and PARALLEL, triggers, variables, conditions, automatic retry, and actions that run on
    managed compute (pipeline-types-planning, actions-valid-providers).
    """
    for pipeline in pipelines(view):
        if pipeline.is_v1:
            for node, what in _v2_features(pipeline):
                yield Finding(f"{what} need a pipeline of type V2; this one is V1", node.pointer, _WRITE_V2)


def _v2_features(pipeline: Pipeline) -> Iterator[tuple[Node, str]]:
    mode = pipeline.node["ExecutionMode"]
    if mode.fixed in ("QUEUED", "PARALLEL"):
        yield mode, f"{mode.fixed} executions"
    for key, what in (("Triggers", "triggers"), ("Variables", "pipeline variables")):
        if pipeline.node[key].present:
            yield pipeline.node[key], what
    for stage in pipeline.stages:
        for place in CONDITIONS:
            if stage.node[place].present:
                yield stage.node[place], f"conditions and retries ({place})"
        for action in stage.actions:
            if action.kind and action.kind.needs_v2:
                yield action.node["ActionTypeId"]["Provider"], f"{action.provider} actions"


def codepipeline_name(view: StackView) -> Iterator[Finding]:
    """Find a name in a pipeline that CodePipeline refuses: too long, or of other characters.

    cfn-lint looks at the names of actions only (API_PipelineDeclaration, API_StageDeclaration,
    API_OutputArtifact, API_ActionDeclaration, API_PipelineVariableDeclaration).
    """
    for pipeline in pipelines(view):
        for what, node, letters, longest in _names(pipeline):
            known = known_part(node.text or "")
            if len(known) > longest:
                message = f"the name of the {what} has {len(known)} characters; CodePipeline takes {longest}"
                yield Finding(message, node.pointer, "shorten it")
            elif node.fixed == "" or re.search(f"[^{letters}]", known):
                message = f"{quoted(known)} is not a name for the {what}"
                yield Finding(message, node.pointer, f"use only the characters {letters}")


def _names(pipeline: Pipeline) -> Iterator[tuple[str, Node, str, int]]:
    yield "pipeline", pipeline.node["Name"], _NAME, 100
    for variable in pipeline.node["Variables"].elements():
        yield "pipeline variable", variable["Name"], _VARIABLE, 128
    for stage in pipeline.stages:
        yield "stage", stage.node["Name"], _NAME, 100
        for _, _, rule in stage.rules():
            yield "rule", rule["Name"], _NAME, 100
    for action in pipeline.actions:
        yield "namespace", action.node["Namespace"], _VARIABLE, 100
        for artifact in action.node["OutputArtifacts"].elements():
            yield "artifact", artifact["Name"], _ARTIFACT, 100


def parallel_pipeline(view: StackView) -> Iterator[Finding]:
    """Find a pipeline with approvals or change sets that runs executions in parallel.

    They overtake each other: an older one that is approved later deploys over a newer one, and two of
    them replace each other's change set, so that something else is executed than was approved
    (concepts-how-it-works).
    """
    for pipeline in pipelines(view):
        mode = pipeline.node["ExecutionMode"]
        ordered = [action for action in pipeline.actions if action.is_approval or "CHANGE_SET" in action.mode]
        if mode.fixed == "PARALLEL" and ordered:
            yield Finding(
                f"PARALLEL executions overtake each other, and {ordered[0].name} relies on their order",
                mode.pointer,
                "write SUPERSEDED or QUEUED",
            )
