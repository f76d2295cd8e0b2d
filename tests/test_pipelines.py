"""Rules about pipelines as a whole, their triggers and transitions."""

from __future__ import annotations

import pytest

from tests.faults import (
    COMBINE,
    DEPLOY,
    ENTRY,
    EXECUTE,
    GONE,
    NETWORK,
    NEXT,
    PROTECT,
    SERVICE,
    TEST,
    TOLD,
    Fault,
    fault,
    lines,
)

PIPELINES = (
    fault(
        "no type",
        {f"{SERVICE}/PipelineType": GONE},
        (
            f"pipeline-type {SERVICE}: "
            "no PipelineType: the default is V1, and QUEUED executions need V2"
            " [write PipelineType: V2]"
        ),
    ),
    fault(
        "no type, and nothing of V2",
        {
            f"{SERVICE}/PipelineType": GONE,
            f"{SERVICE}/ExecutionMode": "SUPERSEDED",
            f"{SERVICE}/Triggers": GONE,
            f"{SERVICE}/Stages/1/BeforeEntry": GONE,
            NEXT: GONE,
        },
        (f"warning pipeline-type {SERVICE}: no PipelineType: the default is V1 [write PipelineType: V2]"),
    ),
    fault(
        "V1",
        {f"{NETWORK}/PipelineType": "V1"},
        (
            f"v2-feature {NETWORK}/Variables: "
            "pipeline variables need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"v2-feature {DEPLOY}/BeforeEntry: "
            "conditions and retries (BeforeEntry) need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"v2-feature {DEPLOY}/OnSuccess: "
            "conditions and retries (OnSuccess) need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"v2-feature {DEPLOY}/OnFailure: "
            "conditions and retries (OnFailure) need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"v2-feature {PROTECT}/ActionTypeId/Provider: "
            "Commands actions need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"pipeline-input {TOLD}: "
            "a pipeline of type V1 cannot be told sourceRevisions"
            " [write PipelineType: V2]"
        ),
    ),
    fault(
        "V1, queued and triggered",
        {f"{SERVICE}/PipelineType": "V1"},
        (
            f"v2-feature {SERVICE}/ExecutionMode: "
            "QUEUED executions need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"v2-feature {SERVICE}/Triggers: "
            "triggers need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"v2-feature {SERVICE}/Stages/1/BeforeEntry: "
            "conditions and retries (BeforeEntry) need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
        (
            f"v2-feature {NEXT}/ActionTypeId/Provider: "
            "CodePipeline actions need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
    ),
    fault(
        "names of other characters",
        {
            f"{NETWORK}/Variables/-": {"Name": "my variable"},
            f"{DEPLOY}/Name": "Deploy!",
            f"{ENTRY}/Rules/0/Name": "",
            f"{TEST}/OutputArtifacts/0/Name": "Re.port",
            f"{COMBINE}/InputArtifacts/1/Name": "Re.port",
            f"{EXECUTE}/Namespace": "Stack.Variables",
            f"{PROTECT}/Commands/0": "true",
            f"{NETWORK}/DisableInboundStageTransitions": GONE,
        },
        (
            f"codepipeline-name {NETWORK}/Variables/1/Name: "
            "'my variable' is not a name for the pipeline variable"
            " [use only the characters A-Za-z0-9@_-]"
        ),
        (
            f"codepipeline-name {DEPLOY}/Name: "
            "'Deploy!' is not a name for the stage"
            " [use only the characters A-Za-z0-9.@_-]"
        ),
        (
            f"codepipeline-name {ENTRY}/Rules/0/Name: "
            "'' is not a name for the rule"
            " [use only the characters A-Za-z0-9.@_-]"
        ),
        (
            f"codepipeline-name {TEST}/OutputArtifacts/0/Name: "
            "'Re.port' is not a name for the artifact"
            " [use only the characters A-Za-z0-9_-]"
        ),
        (
            f"codepipeline-name {EXECUTE}/Namespace: "
            "'Stack.Variables' is not a name for the namespace"
            " [use only the characters A-Za-z0-9@_-]"
        ),
    ),
    fault(
        "a name with an intrinsic function in it",
        {f"{SERVICE}/Name": {"Fn::Sub": "service ${AWS::AccountId}"}},
        (
            f"codepipeline-name {SERVICE}/Name: "
            "'service ' is not a name for the pipeline"
            " [use only the characters A-Za-z0-9.@_-]"
        ),
    ),
    fault(
        "parallel",
        {f"{SERVICE}/ExecutionMode": "PARALLEL"},
        (
            f"parallel-pipeline {SERVICE}/ExecutionMode: "
            "PARALLEL executions overtake each other, and 'Deploy/Template' relies on their order"
            " [write SUPERSEDED or QUEUED]"
        ),
    ),
)

TRANSITIONS = (
    fault(
        "a transition into the first stage",
        {f"{NETWORK}/DisableInboundStageTransitions/0/StageName": "Source"},
        (
            f"disabled-transition {NETWORK}/DisableInboundStageTransitions/0/StageName: "
            "'Source' is the first stage, and no transition leads into it"
            " [name a later stage]"
        ),
    ),
    fault(
        "a reason of 301 characters",
        {f"{NETWORK}/DisableInboundStageTransitions/0/Reason": "x" * 301},
        (
            f"disabled-transition {NETWORK}/DisableInboundStageTransitions/0/Reason: "
            "the reason has 301 characters; CodePipeline takes 1 to 300"
            " [say in a few words why]"
        ),
    ),
    fault(
        "an empty reason",
        {f"{NETWORK}/DisableInboundStageTransitions/0/Reason": ""},
        (
            f"disabled-transition {NETWORK}/DisableInboundStageTransitions/0/Reason: "
            "the reason has 0 characters; CodePipeline takes 1 to 300"
            " [say in a few words why]"
        ),
    ),
    fault(
        "a trigger of an unknown action",
        {f"{SERVICE}/Triggers/0/GitConfiguration/SourceActionName": "git"},
        (
            f"trigger-source {SERVICE}/Triggers/0/GitConfiguration/SourceActionName: "
            "the pipeline has no source action 'git'"
            " [did you mean 'Git'?]"
        ),
    ),
    fault(
        "a trigger of an action without a connection",
        {
            f"{NETWORK}/Triggers": [
                {
                    "ProviderType": "CodeStarSourceConnection",
                    "GitConfiguration": {"SourceActionName": "Bundle"},
                }
            ]
        },
        (
            f"trigger-source {NETWORK}/Triggers/0/GitConfiguration/SourceActionName: "
            "the source action 'Bundle' reads through no connection and has no triggers"
            " [start the pipeline by an AWS::Events::Rule]"
        ),
    ),
)


@pytest.mark.parametrize("case", PIPELINES, ids=lambda case: case.name)
def test_pipelines(case: Fault) -> None:
    assert lines(case.template()) == case.found


@pytest.mark.parametrize("case", TRANSITIONS, ids=lambda case: case.name)
def test_transitions(case: Fault) -> None:
    assert lines(case.template()) == case.found
