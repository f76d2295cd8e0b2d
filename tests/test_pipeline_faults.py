"""The faults that linters do not see."""

from __future__ import annotations

import pytest

from tests.faults import (
    BUNDLE,
    CREATE,
    ENTRY,
    EXECUTE,
    GONE,
    NETWORK,
    NEXT,
    OPERATIONS,
    OWNERS,
    PATTERN,
    PROTECT,
    SERVICE,
    STATEMENTS,
    TARGET,
    TEST,
    TOLD,
    Fault,
    fault,
    lines,
    told,
)

STARTER = "/Resources/StarterRole/Properties/Policies/0"

FAULTS = (
    fault(
        "Commands without an input artifact",
        {f"{PROTECT}/InputArtifacts": GONE},
        (f"commands-input {PROTECT}: 'Deploy/Protect' has no input artifact [add InputArtifacts]"),
    ),
    fault(
        "Commands without commands",
        {f"{PROTECT}/Commands": GONE},
        (
            f"commands-count {PROTECT}: "
            "'Deploy/Protect' has no commands; CodePipeline takes 1 to 50"
            " [add Commands]"
        ),
    ),
    fault(
        "Commands inside the configuration",
        {f"{PROTECT}/Commands": GONE, f"{PROTECT}/Configuration/Commands": "echo hello"},
        (
            f"unknown-configuration-key {PROTECT}/Configuration/Commands: "
            "'Deploy/Protect' has no configuration key 'Commands'"
            " [write Commands beside Configuration, not in it]"
        ),
    ),
    fault(
        "a command of 1,001 characters",
        {f"{PROTECT}/Commands/0": "x" * 1001},
        (
            f"command-line {PROTECT}/Commands/0: "
            "command 1 of 'Deploy/Protect' has 1,001 characters, not 1 to 1,000"
            " [call a script that is in the artifact]"
        ),
    ),
    fault(
        "51 commands",
        {f"{PROTECT}/Commands": ["true"] * 51},
        (
            f"commands-count {PROTECT}/Commands: "
            "'Deploy/Protect' has 51 commands; CodePipeline takes 1 to 50"
            " [call a script that is in the artifact]"
        ),
    ),
    fault(
        "a command of two lines",
        {f"{PROTECT}/Commands/0": "echo one\necho two"},
        (
            f"command-line {PROTECT}/Commands/0: "
            "command 1 of 'Deploy/Protect' has 2 lines"
            " [write each line as a command of its own]"
        ),
    ),
    fault(
        "Commands in a pipeline of type V1",
        {
            f"{SERVICE}/PipelineType": "V1",
            f"{SERVICE}/ExecutionMode": "SUPERSEDED",
            f"{SERVICE}/Triggers": GONE,
            f"{SERVICE}/Stages/1/BeforeEntry": GONE,
            NEXT: {
                "Name": "Next",
                "ActionTypeId": {
                    "Category": "Compute",
                    "Owner": "AWS",
                    "Provider": "Commands",
                    "Version": "1",
                },
                "Commands": ["true"],
                "InputArtifacts": [{"Name": "Checkout"}],
            },
        },
        (
            f"v2-feature {NEXT}/ActionTypeId/Provider: "
            "Commands actions need a pipeline of type V2; this one is V1"
            " [write PipelineType: V2]"
        ),
    ),
    fault(
        "Commands in another category",
        {f"{PROTECT}/ActionTypeId/Category": "Build"},
        (
            f"action-type {PROTECT}/ActionTypeId/Provider: "
            "Commands is not an action of the category 'Build'"
            " [its category is Compute]"
        ),
    ),
    fault(
        "16 output variables",
        {f"{PROTECT}/OutputVariables": [f"V{i}" for i in range(16)]},
        (
            f"variable-count {PROTECT}/OutputVariables: "
            "'Deploy/Protect' has 16 OutputVariables; CodePipeline takes 15"
            " [take some away]"
        ),
    ),
    fault(
        "a misspelt provider",
        {f"{CREATE}/ActionTypeId/Provider": "Cloudformation"},
        (
            f"action-type {CREATE}/ActionTypeId/Provider: "
            "the category 'Deploy' has no provider 'Cloudformation'"
            " [did you mean 'CloudFormation'?]"
        ),
    ),
    fault(
        "an unknown artifact in TemplatePath",
        {f"{CREATE}/Configuration/TemplatePath": "Bundel::template.json"},
        (
            f"unknown-artifact {CREATE}/Configuration/TemplatePath: "
            "'Deploy/CreateChangeSet' names the artifact 'Bundel', which is none of its inputs"
            " [did you mean 'Bundle'?]"
        ),
    ),
    fault(
        "an unknown artifact in TemplateConfiguration",
        {f"{CREATE}/Configuration/TemplateConfiguration": "Config::configuration.json"},
        (
            f"unknown-artifact {CREATE}/Configuration/TemplateConfiguration: "
            "'Deploy/CreateChangeSet' names the artifact 'Config', which is none of its inputs"
            " [there are: 'Bundle']"
        ),
    ),
    fault(
        "a change set without RoleArn",
        {f"{CREATE}/Configuration/RoleArn": GONE},
        (
            f"missing-configuration-key {CREATE}/Configuration: "
            "'Deploy/CreateChangeSet' has no RoleArn"
            " [RoleArn is required for CHANGE_SET_REPLACE]"
        ),
    ),
    fault(
        "change-set names that differ",
        {f"{EXECUTE}/Configuration/ChangeSetName": "cfnpipes"},
        (
            f"change-set-names {EXECUTE}/Configuration/ChangeSetName: "
            "'Deploy/ExecuteChangeSet' executes the ChangeSetName 'cfnpipes', which is not created"
            " [created is 'cfnpipe']"
        ),
    ),
    fault(
        "change-set names that do not exist",
        {
            f"{CREATE}/Configuration/ChangeSetName": "cfnpipe_changes",
            f"{EXECUTE}/Configuration/ChangeSetName": "cfnpipe_changes",
        },
        (
            f"cloudformation-name {CREATE}/Configuration/ChangeSetName: "
            "'cfnpipe_changes' is not a ChangeSetName that CloudFormation takes"
            " [begin with a letter; use letters, digits and hyphens, at most 128]"
        ),
        (
            f"cloudformation-name {EXECUTE}/Configuration/ChangeSetName: "
            "'cfnpipe_changes' is not a ChangeSetName that CloudFormation takes"
            " [begin with a letter; use letters, digits and hyphens, at most 128]"
        ),
    ),
    fault(
        "a space in Capabilities",
        {f"{CREATE}/Configuration/Capabilities": "CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND"},
        (
            f"capabilities-list {CREATE}/Configuration/Capabilities: "
            "the capabilities hold spaces"
            " [write a comma without a space]"
        ),
    ),
    fault(
        "execution before the approvals",
        {f"{EXECUTE}/RunOrder": 2},
        (
            f"approval-order {OWNERS}/RunOrder: "
            "'Deploy/Approve-owners' asks at order 2, but 'Deploy/ExecuteChangeSet' executes the "
            "change set at order 2"
            " [create it first, then approve it, then execute it]"
        ),
        (
            f"approval-order {OPERATIONS}/RunOrder: "
            "'Deploy/Approve-operations' asks at order 3, but 'Deploy/ExecuteChangeSet' executes the "
            "change set at order 2"
            " [create it first, then approve it, then execute it]"
        ),
    ),
    fault(
        "an approval of four minutes",
        {f"{OWNERS}/TimeoutInMinutes": 4},
        (
            f"approval-timeout {OWNERS}/TimeoutInMinutes: "
            "'Deploy/Approve-owners' has a timeout of 4 minutes; CodePipeline takes 5 to 86,400"
            " [leave it out for 7 days]"
        ),
    ),
    fault(
        "an unknown namespace",
        {f"{OWNERS}/Configuration/CustomData": "#{CheckVariable.CHANGES}"},
        (
            f"variable-reference {OWNERS}/Configuration/CustomData: "
            "no action has the namespace 'CheckVariable'"
            " [did you mean 'CheckVariables'?]"
        ),
    ),
    fault(
        "a reserved namespace",
        {f"{BUNDLE}/Namespace": "codepipeline", f"{TEST}/Configuration/EnvironmentVariables": GONE},
        (
            f"variable-namespace {BUNDLE}/Namespace: "
            "the namespace 'codepipeline' is reserved"
            " [choose another name]"
        ),
    ),
    fault(
        "PollForSourceChanges as a boolean",
        {f"{BUNDLE}/Configuration/PollForSourceChanges": False},
        (
            f"warning configuration-value {BUNDLE}/Configuration/PollForSourceChanges: "
            "'PollForSourceChanges' of 'Source/Bundle' must be a string, not true or false"
            " [write it in quotes]"
        ),
    ),
    fault(
        "a transformer that names no action",
        {TOLD: told(actionName="Source")},
        (f"pipeline-input {TOLD}: the pipeline has no source action 'Source' [there are: 'Bundle']"),
    ),
    fault(
        "a transformer that is not JSON",
        {TOLD: told().replace('"<version>"}]}', '"<version>"}')},
        (f"input-template {TOLD}: the input template is not JSON [mind its commas, brackets and quotes]"),
    ),
    fault(
        "an undefined placeholder",
        {TOLD: told().replace("<version>", "<version-id>")},
        (
            f"input-placeholder {TOLD}: "
            "the input template has <version-id>, which no path defines"
            " [did you mean 'version'?]"
        ),
        (
            f"input-placeholder {TARGET}/InputTransformer/InputPathsMap/version: "
            "the input template does not use 'version'"
            " [write '<version>' into it, or leave the path out]"
        ),
    ),
    fault(
        "a target without a role",
        {f"{TARGET}/RoleArn": GONE},
        (
            f"target-role {TARGET}: "
            "the target is a pipeline and has no RoleArn"
            " [name a role that events.amazonaws.com may assume and that may do "
            "codepipeline:StartPipelineExecution]"
        ),
    ),
    fault(
        "a misspelt pattern key",
        {f"{PATTERN}/detail-type": GONE, f"{PATTERN}/detailType": ["Object Created"]},
        (
            f"event-pattern-key {PATTERN}/detailType: "
            "events have no field 'detailType'"
            " [did you mean 'detail-type'?]"
        ),
    ),
    fault(
        "a pipeline's name of 101 characters",
        {f"{NETWORK}/Name": "n" * 101},
        (
            f"codepipeline-name {NETWORK}/Name: "
            "the name of the pipeline has 101 characters; CodePipeline takes 100"
            " [shorten it]"
        ),
    ),
    fault(
        "wrong keys in a rule",
        {f"{ENTRY}/Rules/0/Configuration": {"Expression": "* * 9-17 ? * MON-FRI *", "Timezone": "UTC"}},
        (
            f"rule-configuration {ENTRY}/Rules/0/Configuration/Expression: "
            "a DeploymentWindow rule has no configuration key 'Expression'"
            " [there are: 'Cron', 'TimeZone']"
        ),
        (
            f"rule-configuration {ENTRY}/Rules/0/Configuration/Timezone: "
            "a DeploymentWindow rule has no configuration key 'Timezone'"
            " [did you mean 'TimeZone'?]"
        ),
        (
            f"rule-configuration {ENTRY}/Rules/0/Configuration: "
            "a DeploymentWindow rule has no Cron"
            " [Cron is required]"
        ),
    ),
    fault(
        "a deployment window that is to skip",
        {f"{ENTRY}/Result": "SKIP"},
        (
            f"skip-condition {ENTRY}/Rules/0/RuleTypeId/Provider: "
            "a DeploymentWindow rule cannot skip a stage"
            " [write FAIL, or use LambdaInvoke or VariableCheck]"
        ),
    ),
    fault(
        "a reason with a comma and an apostrophe",
        {f"{NETWORK}/DisableInboundStageTransitions/0/Reason": "Held, it's new"},
        (
            f"disabled-transition {NETWORK}/DisableInboundStageTransitions/0/Reason: "
            "CodePipeline takes no reason with these characters: ' ,"
            " [use letters, digits, space and !@().*?-]"
        ),
    ),
    fault(
        "a transition into no stage",
        {f"{NETWORK}/DisableInboundStageTransitions/0/StageName": "Deplyo"},
        (
            f"disabled-transition {NETWORK}/DisableInboundStageTransitions/0/StageName: "
            "the pipeline has no stage 'Deplyo'"
            " [did you mean 'Deploy'?]"
        ),
    ),
    fault(
        "PassRole without PassedToService",
        {f"{STATEMENTS}/0/Condition": GONE},
        (
            f"pass-role {STATEMENTS}/0/Action: "
            "roles may be passed to every service"
            " [add Condition: StringEquals: iam:PassedToService: the service's name]"
        ),
    ),
    fault(
        "a starter that may not start",
        {f"{STARTER}/PolicyDocument/Statement/0/Action": "codepipeline:GetPipeline"},
        (
            f"starter-role {TARGET}/RoleArn: "
            "the role 'StarterRole' may not start a pipeline"
            " [allow it codepipeline:StartPipelineExecution]"
        ),
    ),
)


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.name)
def test_faults(case: Fault) -> None:
    assert lines(case.template()) == case.found
