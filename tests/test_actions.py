"""Rules about one action, its configuration and its artifacts."""

from __future__ import annotations

import json

import pytest

from tests.faults import (
    BUNDLE,
    COMBINE,
    CREATE,
    EXECUTE,
    GIT,
    GONE,
    LATER,
    NEXT,
    OWNERS,
    TEMPLATE,
    Fault,
    fault,
    lines,
)

ACTIONS = (
    fault(
        "an owner that does not exist",
        {f"{CREATE}/ActionTypeId/Owner": "Aws", f"{EXECUTE}/Configuration/ChangeSetName": "cfnpipe"},
        (f"action-type {CREATE}/ActionTypeId/Owner: no action has the owner 'Aws' [did you mean 'AWS'?]"),
    ),
    fault(
        "a provider that does not exist",
        {f"{NEXT}/ActionTypeId/Provider": "Teams"},
        (
            f"action-type {NEXT}/ActionTypeId/Provider: "
            "the category 'Invoke' has no provider 'Teams'"
            " [there are: 'CodePipeline', 'InspectorScan', 'Lambda', 'StepFunctions']"
        ),
    ),
    fault(
        "a custom provider",
        {f"{NEXT}/ActionTypeId/Provider": "Teams", f"{NEXT}/ActionTypeId/Owner": "Custom"},
    ),
    fault(
        "a version that is a number",
        {f"{NEXT}/ActionTypeId/Version": 1},
        (
            f"warning action-type {NEXT}/ActionTypeId/Version: the version must be a string, not a number"
            ' [write "1"]'
        ),
    ),
    fault(
        "a version that does not exist",
        {f"{NEXT}/ActionTypeId/Version": "2"},
        (f"action-type {NEXT}/ActionTypeId/Version: no action of AWS has the version '2' [write \"1\"]"),
    ),
    fault(
        "a source that says nothing about polling",
        {f"{BUNDLE}/Configuration/PollForSourceChanges": GONE},
        (
            f"polling-source {BUNDLE}/Configuration: "
            "'Source/Bundle' polls its source"
            ' [write PollForSourceChanges: "false", and start the pipeline by an event]'
        ),
    ),
    fault(
        "a source that polls",
        {f"{BUNDLE}/Configuration/PollForSourceChanges": "true"},
        (
            f"polling-source {BUNDLE}/Configuration/PollForSourceChanges: "
            "'Source/Bundle' polls its source"
            ' [write PollForSourceChanges: "false", and start the pipeline by an event]'
        ),
    ),
    fault(
        "a source that reads any object",
        {f"{BUNDLE}/Configuration/AllowOverrideForS3ObjectKey": "true"},
        (
            f"object-key-override {BUNDLE}/Configuration/AllowOverrideForS3ObjectKey: "
            "whoever starts the pipeline can make 'Source/Bundle' read another object"
            ' [write "false"]'
        ),
    ),
    fault(
        "a key that another provider has",
        {f"{BUNDLE}/Configuration/RepositoryName": "example"},
        (
            f"unknown-configuration-key {BUNDLE}/Configuration/RepositoryName: "
            "'Source/Bundle' has no configuration key 'RepositoryName'"
            " [there are: 'AllowOverrideForS3ObjectKey', 'PollForSourceChanges', 'S3Bucket', "
            "'S3ObjectKey']"
        ),
    ),
    fault(
        "a key with two letters changed",
        {f"{GIT}/Configuration/BranchName": GONE, f"{GIT}/Configuration/Branchname": "main"},
        (
            f"missing-configuration-key {GIT}/Configuration: "
            "'Source/Git' has no BranchName"
            " [BranchName is required]"
        ),
        (
            f"unknown-configuration-key {GIT}/Configuration/Branchname: "
            "'Source/Git' has no configuration key 'Branchname'"
            " [did you mean 'BranchName'?]"
        ),
    ),
    fault(
        "no configuration",
        {f"{NEXT}/Configuration": GONE},
        (f"missing-configuration-key {NEXT}: 'Deploy/Next' has no PipelineName [PipelineName is required]"),
    ),
    fault(
        "a mode that does not exist",
        {f"{CREATE}/Configuration/ActionMode": "CHANGE_SET_CREATE"},
        (
            f"action-mode {CREATE}/Configuration/ActionMode: "
            "CloudFormation actions have no mode 'CHANGE_SET_CREATE'"
            " [did you mean 'CHANGE_SET_REPLACE'?]"
        ),
    ),
    fault(
        "a value of 1,001 characters",
        {f"{OWNERS}/Configuration/CustomData": "x" * 1001},
        (
            f"configuration-value {OWNERS}/Configuration/CustomData: "
            "'CustomData' of 'Deploy/Approve-owners' has 1,001 characters; CodePipeline takes 1,000"
            " [shorten it]"
        ),
    ),
    fault(
        "values that are not strings",
        {
            f"{NEXT}/Configuration/Variables": [{"name": "A", "value": "B"}],
            f"{NEXT}/Configuration/SourceRevisions": {"actionName": "Git"},
        },
        (
            f"configuration-value {NEXT}/Configuration/Variables: "
            "'Variables' of 'Deploy/Next' must be a string, not a list"
            " [write it in quotes]"
        ),
        (
            f"configuration-value {NEXT}/Configuration/SourceRevisions: "
            "'SourceRevisions' of 'Deploy/Next' must be a string, not an object"
            " [write it in quotes]"
        ),
    ),
    fault(
        "an empty value",
        {f"{GIT}/Configuration/OutputArtifactFormat": ""},
        (
            f"configuration-value {GIT}/Configuration/OutputArtifactFormat: "
            "'OutputArtifactFormat' of 'Source/Git' is empty"
            " [leave it out]"
        ),
    ),
    fault(
        "a stack's name with an underscore",
        {
            f"{TEMPLATE}/Configuration/StackName": {"Fn::Sub": "${AWS::StackName}_x"},
            f"{LATER}/Configuration/StackName": {"Fn::Sub": "${AWS::StackName}_x"},
        },
        (
            f"cloudformation-name {TEMPLATE}/Configuration/StackName: "
            "'production-us-app_x' is not a StackName that CloudFormation takes"
            " [begin with a letter; use letters, digits and hyphens, at most 128]"
        ),
        (
            f"cloudformation-name {LATER}/Configuration/StackName: "
            "'production-us-app_x' is not a StackName that CloudFormation takes"
            " [begin with a letter; use letters, digits and hyphens, at most 128]"
        ),
    ),
    fault(
        "a stack's name that begins with a digit",
        {f"{TEMPLATE}/Configuration/StackName": "1network", f"{LATER}/Configuration/StackName": "1network"},
        (
            f"cloudformation-name {TEMPLATE}/Configuration/StackName: "
            "'1network' is not a StackName that CloudFormation takes"
            " [begin with a letter; use letters, digits and hyphens, at most 128]"
        ),
        (
            f"cloudformation-name {LATER}/Configuration/StackName: "
            "'1network' is not a StackName that CloudFormation takes"
            " [begin with a letter; use letters, digits and hyphens, at most 128]"
        ),
    ),
    fault(
        "a capability that does not exist",
        {f"{CREATE}/Configuration/Capabilities": "CAPABILITY_NAMED_IAMS"},
        (
            f"capabilities-list {CREATE}/Configuration/Capabilities: "
            "CloudFormation has no capability 'CAPABILITY_NAMED_IAMS'"
            " [did you mean 'CAPABILITY_NAMED_IAM'?]"
        ),
    ),
)

ARTIFACTS = (
    fault(
        "an artifact of ParameterOverrides that is not an input",
        {f"{CREATE}/Configuration/ParameterOverrides": '{"A": {"Fn::GetParam": ["Report", "a.json", "A"]}}'},
        (
            f"unknown-artifact {CREATE}/Configuration/ParameterOverrides: "
            "'Deploy/CreateChangeSet' names the artifact 'Report', which is none of its inputs"
            " [there are: 'Bundle']"
        ),
    ),
    fault(
        "a primary source that is not an input",
        {f"{COMBINE}/Configuration/PrimarySource": "Source"},
        (
            f"unknown-artifact {COMBINE}/Configuration/PrimarySource: "
            "'Check/Combine' names the artifact 'Source', which is none of its inputs"
            " [there are: 'Bundle', 'Report']"
        ),
    ),
    fault(
        "an artifact without inputs",
        {
            f"{CREATE}/InputArtifacts": GONE,
            f"{CREATE}/Configuration/ParameterOverrides": GONE,
            f"{CREATE}/Configuration/TemplateConfiguration": GONE,
        },
        (
            f"unknown-artifact {CREATE}/Configuration/TemplatePath: "
            "'Deploy/CreateChangeSet' names the artifact 'Bundle', which is none of its inputs"
            " [add it to InputArtifacts]"
        ),
    ),
    fault(
        "a path without an artifact",
        {f"{CREATE}/Configuration/TemplatePath": "template.json"},
        (
            f"artifact-path {CREATE}/Configuration/TemplatePath: "
            "TemplatePath of 'Deploy/CreateChangeSet' is 'template.json', which is not a file of an "
            "artifact"
            " [write Artifact::path/of/file]"
        ),
    ),
    fault(
        "two inputs and no primary source",
        {f"{COMBINE}/Configuration/PrimarySource": GONE},
        (
            f"primary-source {COMBINE}/Configuration: "
            "'Check/Combine' has 2 inputs and no PrimarySource"
            " [name the input in which the build starts]"
        ),
    ),
    fault(
        "overrides that are not JSON",
        {f"{CREATE}/Configuration/ParameterOverrides": "Color=blue"},
        (
            f"parameter-overrides {CREATE}/Configuration/ParameterOverrides: "
            "ParameterOverrides is not a JSON object"
            ' [write {"Name": "value"} as text]'
        ),
    ),
    fault(
        "overrides with a number and a list",
        {
            f"{CREATE}/Configuration/ParameterOverrides": json.dumps(
                {"Count": 2, "Zones": ["a", "b"], "Key": {"Fn::GetParam": ["Bundle"]}}
            )
        },
        (
            f"parameter-overrides {CREATE}/Configuration/ParameterOverrides: "
            "ParameterOverrides must give 'Count' a string, not a number"
            " [write it in quotes, a list as one string with commas]"
        ),
        (
            f"parameter-overrides {CREATE}/Configuration/ParameterOverrides: "
            "ParameterOverrides must give 'Zones' a string, not a list"
            " [write it in quotes, a list as one string with commas]"
        ),
        (
            f"parameter-overrides {CREATE}/Configuration/ParameterOverrides: "
            "ParameterOverrides must give 'Key' a string, not an object"
            " [write it in quotes, a list as one string with commas]"
        ),
    ),
    fault(
        "overrides of 1,025 bytes",
        {f"{CREATE}/Configuration/ParameterOverrides": json.dumps({"Color": "é" * 510}, ensure_ascii=False)},
        (
            f"parameter-overrides {CREATE}/Configuration/ParameterOverrides: "
            "1,033 bytes of ParameterOverrides; CodePipeline takes 1,024"
            " [put what does not change into the configuration]"
        ),
    ),
)


@pytest.mark.parametrize("case", ACTIONS, ids=lambda case: case.name)
def test_actions(case: Fault) -> None:
    assert lines(case.template()) == case.found


@pytest.mark.parametrize("case", ARTIFACTS, ids=lambda case: case.name)
def test_artifacts(case: Fault) -> None:
    assert lines(case.template()) == case.found
