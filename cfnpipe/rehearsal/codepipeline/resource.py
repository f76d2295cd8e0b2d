"""`AWS::CodePipeline::Pipeline`: what CloudFormation calls to make, change and delete a pipeline."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline import requests
from cfnpipe.rehearsal.codepipeline.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.rehearsal.codepipeline.runner import Runner
    from cfnpipe.rehearsal.codepipeline.site import Scope

TYPE = "AWS::CodePipeline::Pipeline"
CALLER = "cloudformation.amazonaws.com"
"""Who makes pipelines of a stack, in their history."""
_OWN = {"DisableInboundStageTransitions", "RestartExecutionOnUpdate", "Tags"}
"""Properties that are no part of the definition."""


class BadResource(ValueError):
    """A property that the resource type does not have, or not so."""


class Resources:
    """The handlers of the resource type, for the account and region that `where` returns."""

    def __init__(self, runner: Runner, where: Callable[[], Scope]) -> None:
        self._runner, self._where = runner, where

    def create(self, logical: str, properties: Mapping[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        """Make a pipeline; return its name, which `Ref` gives, and its attributes."""
        named = {"Name": f"{stack}-{logical}-{uuid.uuid4().hex[:12].upper()}"} | dict(properties)
        declared = declaration(named)
        self._call("CreatePipeline", pipeline=declared, tags=_tags(named))
        self._turn(declared["name"], {}, _closed(named))
        return declared["name"], self._attributes(declared["name"])

    def update(
        self, name: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str
    ) -> tuple[str, dict[str, str]]:
        """Change a pipeline: its definition, its tags and its transitions, each if it differs."""
        del stack
        before, after = declaration({"Name": name} | dict(old)), declaration({"Name": name} | dict(new))
        if before != after:
            self._call("UpdatePipeline", pipeline=after)
        self._turn(name, _closed(old), _closed(new))
        attributes = self._attributes(name)
        gone = {each["key"] for each in _tags(old)} - {each["key"] for each in _tags(new)}
        if gone:
            self._call("UntagResource", resourceArn=attributes["Arn"], tagKeys=sorted(gone))
        if _tags(new) != _tags(old):
            self._call("TagResource", resourceArn=attributes["Arn"], tags=_tags(new))
        if before != after and str(new.get("RestartExecutionOnUpdate", "false")).lower() == "true":
            self._call("StartPipelineExecution", name=name)
        return name, attributes

    def delete(self, name: str, properties: Mapping[str, Any]) -> None:
        """Delete a pipeline, if it is there."""
        del properties
        self._call("DeletePipeline", name=name)

    def _turn(self, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        for stage in sorted(set(old) - set(new)):
            self._call("EnableStageTransition", pipelineName=name, stageName=stage, transitionType="Inbound")
        for stage, reason in new.items():
            self._call(
                "DisableStageTransition",
                pipelineName=name,
                stageName=stage,
                transitionType="Inbound",
                reason=reason,
            )

    def _attributes(self, name: str) -> dict[str, str]:
        found = self._call("GetPipeline", name=name)
        return {"Arn": found["metadata"]["pipelineArn"], "Version": str(found["pipeline"]["version"])}

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        return Api(self._runner, CALLER, self._where()).answer(operation, request)


def declaration(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's declaration of a pipeline from the resource's properties.

    CloudFormation spells members with a capital and leaves the keys of a map alone; it takes a number that
    is written as text. Raise `BadResource` for a property that is not known.
    """
    shape = requests.model().shape_for("PipelineDeclaration")
    own = {key: value for key, value in properties.items() if key not in _OWN}
    made: dict[str, Any] = _convert(shape, own, "")
    return made


def _convert(shape: Any, value: Any, path: str) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        return _structure(shape, value, path)
    if shape.type_name == "list" and isinstance(value, list):
        return [_convert(shape.member, each, path) for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _convert(shape.value, each, f"{path}/{key}") for key, each in value.items()}
    if shape.type_name == "integer" and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> dict[str, Any]:
    spelling = {name[0].upper() + name[1:]: name for name in shape.members if name != "version" or path}
    for key in value:
        if key not in spelling:
            text = f"Encountered unsupported property {key}"
            raise BadResource(f"{text} at {path}" if path else text)
    return {
        spelling[key]: _convert(shape.members[spelling[key]], each, f"{path}/{key}")
        for key, each in value.items()
    }


def _closed(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the transitions that are shipped disabled: reason by stage."""
    found = properties.get("DisableInboundStageTransitions") or ()
    return {each["StageName"]: each["Reason"] for each in found}


def _tags(properties: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"key": each["Key"], "value": each["Value"]} for each in properties.get("Tags") or ()]
