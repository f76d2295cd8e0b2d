"""The grammar of pipelines: actions, stages, and the rules that start them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from troposphere.codepipeline import (
    Actions,
    ActionTypeId,
    ArtifactStore,
    EncryptionKey,
    InputArtifacts,
    OutputArtifacts,
    Pipeline,
    Stages,
)
from troposphere.events import Target

from cfnpipe.blueprints import parts, roles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cfnpipe.blueprints.found import Found
    from cfnpipe.model import Environment


def pipeline(
    title: str, name: str, role: Any, found: Found, stages: Sequence[Stages], **more: Any
) -> Pipeline:
    """Return a pipeline in which a newer execution supersedes one that waits between two stages."""
    key = EncryptionKey(Id=found.key, Type="KMS")
    return Pipeline(
        title,
        Name=name,
        PipelineType="V2",
        ExecutionMode="SUPERSEDED",
        RoleArn=role,
        ArtifactStore=ArtifactStore(Type="S3", Location=found.artifacts, EncryptionKey=key),
        Stages=list(stages),
        **more,
    )


def source(name: str, provider: str, configuration: Mapping[str, Any]) -> Actions:
    """Return a source action, whose artifact has its own name, and whose variables have another."""
    more = {"OutputArtifacts": [OutputArtifacts(Name=name)], "Namespace": f"{name}Source"}
    return _action(name, "Source", provider, configuration, **more)


def version(artifact: str) -> str:
    """Return the variable with the version of the object that an S3 source action took."""
    return f"#{{{artifact}Source.VersionId}}"


def cloudformation(name: str, mode: str, stack: str, inputs: Sequence[str] = (), **more: Any) -> Actions:
    """Return an action on a CloudFormation stack; `more` is the rest of its configuration."""
    configuration = {"ActionMode": mode, "StackName": stack, **more}
    return _action(name, "Deploy", "CloudFormation", configuration, **_inputs(inputs))


def approval(name: str, topic: Any, text: Any, link: str) -> Actions:
    """Return an action that mails a text and a link, and waits for somebody's decision."""
    configuration = {"NotificationArn": topic, "CustomData": text, "ExternalEntityLink": link}
    return _action(name, "Approval", "Manual", configuration)


def build(name: str, project: Any, artifact: str, **variables: str) -> Actions:
    """Return an action that runs a CodeBuild project on an artifact, with environment variables."""
    listed = [{"name": key, "value": value, "type": "PLAINTEXT"} for key, value in variables.items()]
    extra = {"EnvironmentVariables": json.dumps(listed, separators=(",", ":"))} if listed else {}
    return _action(name, "Build", "CodeBuild", {"ProjectName": project, **extra}, **_inputs([artifact]))


def _inputs(artifacts: Sequence[str]) -> dict[str, Any]:
    return {"InputArtifacts": [InputArtifacts(Name=name) for name in artifacts]} if artifacts else {}


def _action(
    name: str, category: str, provider: str, configuration: Mapping[str, Any], **more: Any
) -> Actions:
    kind = ActionTypeId(Category=category, Owner="AWS", Provider=provider, Version="1")
    return Actions(Name=name, ActionTypeId=kind, Configuration=dict(configuration), **more)


def stage(name: str, actions: Sequence[Actions], *, ordered: bool = True) -> Stages:
    """Return a stage whose actions run one after the other, or all at once."""
    if ordered:
        for order, action in enumerate(actions, start=1):
            action.RunOrder = order
    return Stages(Name=name, Actions=list(actions))


def target(environment: Environment, started: Pipeline) -> Target:
    """Return a rule's target: the pipeline, which is told nothing; its source takes the latest."""
    arn = parts.arn("codepipeline", f"${{{started.title}}}")
    return Target(Id="pipeline", Arn=arn, RoleArn=parts.imported(environment, roles.title("events")))
