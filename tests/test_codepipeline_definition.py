"""What CodePipeline refuses of a definition and of a request, and what it says."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from cfnpipe.rehearsal.codepipeline import requests
from cfnpipe.rehearsal.codepipeline.catalogue import KINDS
from cfnpipe.rehearsal.codepipeline.definition import read
from cfnpipe.rehearsal.codepipeline.faults import Fault
from cfnpipe.rehearsal.codepipeline.resource import BadResource, declaration
from cfnpipe.rehearsal.codepipeline.variables import UnknownVariable, resolve
from tests.environments import SHAPES, resources
from tests.test_codepipeline_machine import DEPLOY, SOURCE, action, approval, pipeline

ACTION, STRUCTURE = "InvalidActionDeclarationException", "InvalidStructureException"


def source(**configuration: str) -> dict[str, Any]:
    return SOURCE | {"configuration": SOURCE["configuration"] | configuration}


def staged(*stages: list[dict[str, Any]]) -> dict[str, Any]:
    named = [{"name": f"Stage{number}", "actions": actions} for number, actions in enumerate(stages)]
    return pipeline() | {"stages": named}


def create(**configuration: str) -> dict[str, Any]:
    return DEPLOY[0] | {"configuration": DEPLOY[0]["configuration"] | configuration}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "one stage": (
        staged([SOURCE]),
        STRUCTURE,
        "Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline",
    ),
    "two stages of one name": (
        pipeline(DEPLOY) | {"stages": [{"name": "Source", "actions": [SOURCE]}] * 2},
        STRUCTURE,
        "Duplicate stage name 'Source'",
    ),
    "an empty stage": (
        staged([SOURCE], []),
        "InvalidStageDeclarationException",
        "Stage 'Stage1' has no actions",
    ),
    "two actions of one name": (
        staged([SOURCE], [approval("A", 1), approval("A", 2)]),
        STRUCTURE,
        "Duplicate action name 'A'",
    ),
    "no source first": (
        staged([approval("A", 1)], [approval("B", 1)]),
        STRUCTURE,
        "Pipeline should start with a stage that only contains source actions",
    ),
    "a source later": (
        staged([SOURCE], [SOURCE | {"name": "Late"}]),
        STRUCTURE,
        "Source action 'Late' stands in a stage that is not the first",
    ),
    "two artifacts of one name": (
        staged([SOURCE, SOURCE | {"name": "B", "namespace": "Other"}], DEPLOY),
        STRUCTURE,
        "Duplicate output artifact name 'Bundle'",
    ),
    "two namespaces of one name": (
        staged([SOURCE], [approval("A", 1) | {"namespace": "BundleSource"}]),
        STRUCTURE,
        "Duplicate namespace name 'BundleSource'",
    ),
    "a reserved namespace": (
        staged([SOURCE | {"namespace": "codepipeline"}], DEPLOY),
        ACTION,
        "Action 'Bundle': the namespace 'codepipeline' is reserved",
    ),
    "an artifact that nobody makes": (
        staged([SOURCE], [DEPLOY[2] | {"inputArtifacts": [{"name": "Other"}]}]),
        ACTION,
        "Input artifact 'Other' of action 'Execute' is no output of an earlier action",
    ),
    "a template in another artifact": (
        staged([SOURCE], [create(TemplatePath="Other::template.json")]),
        ACTION,
        "Action 'Create': TemplatePath 'Other::template.json' names no file of an input artifact",
    ),
    "a configuration in another artifact": (
        staged([SOURCE], [create(TemplateConfiguration="configuration.json")]),
        ACTION,
        "Action 'Create': TemplateConfiguration 'configuration.json' names no file of an input artifact",
    ),
    "an unknown provider": (
        staged([SOURCE], [action("A", "Deploy CloudFoundation")]),
        ACTION,
        (
            "ActionType (Category: 'Deploy', Provider: 'CloudFoundation', Owner: 'AWS', Version: '1')"
            " in action 'A' is not available"
        ),
    ),
    "an unknown key": (
        staged([source(S3Key="key")], DEPLOY),
        ACTION,
        "Action configuration for action 'Bundle' contains unknown configuration 'S3Key'",
    ),
    "a missing key": (
        staged([SOURCE], [action("A", "Build CodeBuild", inputArtifacts=[{"name": "Bundle"}])]),
        ACTION,
        "Action configuration for action 'A' is missing required configuration 'ProjectName'",
    ),
    "a key that a mode needs": (
        staged(
            [SOURCE],
            [
                action(
                    "A",
                    "Deploy CloudFormation",
                    configuration={"ActionMode": "DELETE_ONLY", "StackName": "s"},
                )
            ],
        ),
        ACTION,
        "Action configuration for action 'A' is missing required configuration 'RoleArn'",
    ),
    "an unknown mode": (
        staged([SOURCE], [create(ActionMode="REPLACE_ON_FAILURE")]),
        ACTION,
        "Action 'Create': ActionMode 'REPLACE_ON_FAILURE' is not valid",
    ),
    "too many artifacts": (
        staged([SOURCE], [approval("A", 1) | {"inputArtifacts": [{"name": "Bundle"}]}]),
        ACTION,
        "Action 'A' has 1 input artifacts, it takes 0 to 0",
    ),
    "a time limit": (
        staged([SOURCE | {"timeoutInMinutes": 5}], DEPLOY),
        ACTION,
        "Action 'Bundle' cannot have timeoutInMinutes: it is no approval",
    ),
    "a condition": (
        pipeline()
        | {"stages": [{"name": "Source", "actions": [SOURCE], "beforeEntry": {"conditions": [{}]}}]},
        "InvalidStageDeclarationException",
        "stage Source has beforeEntry, which the rehearsal does not know",
    ),
    "no artifact store": (
        {key: value for key, value in pipeline(DEPLOY).items() if key != "artifactStore"},
        STRUCTURE,
        "A pipeline in one region has an artifactStore, and no artifactStores",
    ),
    "a parallel pipeline": (
        pipeline(DEPLOY, mode="PARALLEL"),
        STRUCTURE,
        "The rehearsal does not know the execution mode PARALLEL",
    ),
    "a queue of type V1": (
        pipeline(DEPLOY, mode="QUEUED", pipelineType="V1"),
        STRUCTURE,
        "Pipelines of type V1 have the execution mode SUPERSEDED and no variables",
    ),
    "triggers": (
        pipeline(DEPLOY, triggers=[{}]),
        STRUCTURE,
        "The rehearsal does not know triggers",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_definition_that_is_wrong_is_refused(what: str) -> None:
    declared, code, message = WRONG[what]
    with pytest.raises(Fault) as refused:
        read(declared, 1)
    assert (refused.value.code, refused.value.message) == (code, message)


RENDERED = {
    f"{shape}/{stack}/{title}": properties
    for shape in SHAPES
    for stack, title, properties in resources(shape, "AWS::CodePipeline::Pipeline")
}


def test_every_shape_of_a_pipeline_is_looked_at() -> None:
    providers = {
        each["ActionTypeId"]["Provider"]
        for properties in RENDERED.values()
        for stage in properties["Stages"]
        for each in stage["Actions"]
    }
    assert {(category, provider) for category, provider in KINDS if provider in providers} == set(KINDS)


def plain(value: Any) -> Any:
    """A template's value as CloudFormation would hand it over: an intrinsic function becomes a text."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
            inner = json.dumps(value)
            return ROLE if "Role" in inner else "some-bucket"
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


ROLE = "arn:aws:iam::111122223333:role/cfnpipe"


@pytest.mark.parametrize("place", RENDERED)
def test_what_is_rendered_is_accepted(place: str) -> None:
    declared = declaration(plain(RENDERED[place]))
    requests.check("CreatePipeline", {"pipeline": declared})
    assert read(declared, 1).stages[0].name == "Source"


REQUESTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown member": ("GetPipeline", {"name": "a", "nmae": "b"}, "Unknown member 'nmae'"),
    "a missing member": (
        "DeletePipeline",
        {},
        "Value 'null' at 'name' failed to satisfy constraint: Member must not be null",
    ),
    "another alphabet": (
        "GetPipeline",
        {"name": "a b"},
        (
            "Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy"
            r" regular expression pattern: [A-Za-z0-9.@\-_]+"
        ),
    ),
    "too long": (
        "GetPipeline",
        {"name": "a" * 101},
        (
            f"Value '{'a' * 101}' at 'name' failed to satisfy constraint: Member must have"
            " length less than or equal to 100"
        ),
    ),
    "a number for a text": ("GetPipeline", {"name": 1}, "Value at 'name' is no string"),
    "a boolean for a number": (
        "GetPipeline",
        {"name": "a", "version": True},
        "Value at 'version' is no integer",
    ),
    "too small": (
        "GetPipeline",
        {"name": "a", "version": 0},
        (
            "Value '0' at 'version' failed to satisfy constraint: Member must have value greater than or"
            " equal to 1"
        ),
    ),
    "another word": (
        "EnableStageTransition",
        {"pipelineName": "a", "stageName": "b", "transitionType": "Onward"},
        (
            "Value 'Onward' at 'transitionType' failed to satisfy constraint: Member must satisfy enum value"
            " set: [Inbound, Outbound]"
        ),
    ),
    "a reason with a comma": (
        "DisableStageTransition",
        {"pipelineName": "a", "stageName": "b", "transitionType": "Inbound", "reason": "no, not yet"},
        (
            "Value 'no, not yet' at 'reason' failed to satisfy constraint: Member must satisfy"
            r" regular expression pattern: [a-zA-Z0-9!@ \(\)\.\*\?\-]+"
        ),
    ),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_that_is_wrong_is_refused(what: str) -> None:
    operation, request, mistake = REQUESTS[what]
    with pytest.raises(Fault) as refused:
        requests.check(operation, request)
    assert refused.value.code == "ValidationException"
    assert refused.value.message == f"1 validation error detected: {mistake}"


def test_values_of_a_configuration_are_texts_of_limited_length() -> None:
    declared = copy.deepcopy(pipeline(DEPLOY))
    declared["stages"][0]["actions"][0]["configuration"] |= {
        "PollForSourceChanges": False,
        "S3Bucket": "b" * 1001,
    }
    with pytest.raises(Fault) as refused:
        requests.check("CreatePipeline", {"pipeline": declared})
    place = "pipeline.stages.1.member.actions.1.member.configuration"
    assert refused.value.message == (
        f"2 validation errors detected: Value '{'b' * 1001}' at '{place}.S3Bucket'"
        " failed to satisfy constraint: Member must have length less than or equal to 1000;"
        f" Value at '{place}.PollForSourceChanges' is no string"
    )


def test_an_operation_must_be_one() -> None:
    with pytest.raises(Fault, match="CodePipeline has no operation MakePipeline"):
        requests.check("MakePipeline", {})


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Nmae": "x"}, "Encountered unsupported property Nmae"),
        ({"name": "x"}, "Encountered unsupported property name"),
        ({"Version": 1}, "Encountered unsupported property Version"),
        ({"Stages": [{"Actoins": []}]}, "Encountered unsupported property Actoins at /Stages"),
    ],
)
def test_a_resource_has_no_other_properties(properties: dict[str, Any], message: str) -> None:
    with pytest.raises(BadResource) as refused:
        declaration(properties)
    assert str(refused.value) == message


def test_variables_are_put_in_once() -> None:
    known = {"Git": {"CommitId": "c0ffee", "Message": "#{Git.CommitId}"}}
    given = {"a": "#{Git.CommitId}:#{Git.Message}", "b": "# {Git.CommitId} $Git #{}"}
    assert resolve(given, known) == {"a": "c0ffee:#{Git.CommitId}", "b": "# {Git.CommitId} $Git #{}"}
    for unknown in ("#{Git.Nothing}", "#{Other.CommitId}"):
        with pytest.raises(UnknownVariable) as raised:
            resolve({"a": unknown}, known)
        assert raised.value.reference == unknown
