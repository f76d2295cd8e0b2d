"""The pipelines that the init stacks hold: their steps, their words, and what starts them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cfnpipe import console
from tests.environments import (
    BASE,
    SHAPES,
    SOURCES,
    account,
    environment,
    pipeline_actions,
    resources,
    shape,
    templates,
)


def deploy(name: str, title: str = "NetworkPipeline", stack: str = "pipelines") -> dict[str, Any]:
    return shape(name)[stack]["Resources"][title]["Properties"]


def steps(pipeline: dict[str, Any]) -> list[list[str]]:
    """The names of each stage's actions, in the order in which they run."""
    return [
        [action["Name"] for action in sorted(stage["Actions"], key=lambda each: each.get("RunOrder", 0))]
        for stage in pipeline["Stages"]
    ]


CREATE, EXECUTE = "CreateChangeSet", "ExecuteChangeSet"
OWNERS, OPERATIONS = "Approve-owners", "Approve-operations"


@pytest.mark.parametrize(
    ("name", "title", "expected"),
    [
        ("one-review", "NetworkPipeline", [["Bundle"], [CREATE, OWNERS, EXECUTE]]),
        ("two-reviews", "NetworkPipeline", [["Bundle"], [CREATE, OWNERS, OPERATIONS, EXECUTE]]),
        (
            "five-reviews",
            "NetworkPipeline",
            [
                ["Bundle"],
                [
                    CREATE,
                    "Approve-author",
                    OWNERS,
                    "Approve-security-1",
                    OPERATIONS,
                    "Approve-finance",
                    EXECUTE,
                ],
            ],
        ),
        (
            "split",
            "NetworkPipeline",
            [["Template", "Configuration"], [CREATE, OWNERS, OPERATIONS, EXECUTE]],
        ),
        ("protected", "NetworkPipeline", [["Bundle"], [CREATE, OWNERS, OPERATIONS, EXECUTE, "Protect"]]),
        (
            "two-reviews",
            "AccessPipeline",
            [["Bundle"], [CREATE, OWNERS, OPERATIONS, EXECUTE, "Protect", "Resume"]],
        ),
        (
            "retired",
            "OrdersDatabasePipeline",
            [["Bundle"], [OWNERS, OPERATIONS, "Unprotect", "DeleteStack"]],
        ),
    ],
)
def test_steps(name: str, title: str, expected: list[list[str]]) -> None:
    assert steps(deploy(name, title)) == expected


def test_the_pipeline_of_pipelines_ends_with_resume_too() -> None:
    pipeline = deploy(BASE, "PipelinesPipeline", "sync")
    assert steps(pipeline) == [["Bundle"], [CREATE, OWNERS, OPERATIONS, EXECUTE, "Protect", "Resume"]]


def reached(resources: dict[str, Any], title: str) -> set[str]:
    """The logical ids that CloudFormation makes before a resource, at whatever distance."""
    text = json.dumps(resources[title])
    named = re.findall(r'"Ref": "(\w+)"|"Fn::GetAtt": \["(\w+)"|\$\{(\w+)[.}]', text)
    before = {each for found in named for each in found} & resources.keys()
    before |= set(resources[title].get("DependsOn", ())) - {title}
    return before.union(*(reached(resources, each) for each in before))


@pytest.mark.parametrize("name", SHAPES)
def test_the_sync_pipeline_is_made_when_everything_its_first_run_needs_is_there(name: str) -> None:
    """Its run begins at once; only mail can wait, because addresses must be confirmed in any case."""
    made = shape(name)["sync"]["Resources"]
    later = {title for title, each in made.items() if each["Type"] == "AWS::SNS::Subscription"}
    assert reached(made, "SyncPipeline") == made.keys() - later - {"SyncPipeline", "SyncRule"}


def test_the_sync_pipeline_checks_before_it_carries() -> None:
    pipeline = deploy(BASE, "SyncPipeline", "sync")
    assert [stage["Name"] for stage in pipeline["Stages"]] == ["Source", "Validate", "Sync"]
    assert steps(pipeline) == [["Checkout"], ["Validate"], ["Sync"]]
    assert pipeline["RestartExecutionOnUpdate"] is True
    told = json.loads(pipeline["Stages"][2]["Actions"][0]["Configuration"]["EnvironmentVariables"])
    execution = "#{codepipeline.PipelineExecutionId}"
    assert told == [{"name": "CFNPIPE_EXECUTION", "value": execution, "type": "PLAINTEXT"}]


@pytest.mark.parametrize("name", SHAPES)
def test_pipelines_are_of_one_kind(name: str) -> None:
    for _, _, made in resources(name, "AWS::CodePipeline::Pipeline"):
        assert (made["PipelineType"], made["ExecutionMode"]) == ("V2", "SUPERSEDED")
        for action in pipeline_actions(made):
            configuration = action["Configuration"]
            assert configuration.get("PollForSourceChanges", "false") == "false"
            assert configuration.get("AllowOverrideForS3ObjectKey", "false") == "false"
            assert "BuildspecOverride" not in configuration


@pytest.mark.parametrize("name", SHAPES)
def test_what_reviewers_read_says_everything_and_fits(name: str) -> None:
    """A value of an action's configuration has at most 1,000 characters."""
    world, found = account(name), 0
    for _, title, made in resources(name, "AWS::CodePipeline::Pipeline"):
        for action in pipeline_actions(made):
            if action["ActionTypeId"]["Category"] != "Approval":
                continue
            found += 1
            review = action["Name"].removeprefix("Approve-")
            text, more = action["Configuration"]["CustomData"]["Fn::Sub"]
            policy = world.exports[more["Policy"]["Fn::ImportValue"]]
            read = text.replace("${Policy}", policy)
            stack = made["Name"].removesuffix("_production-us")
            assert policy.endswith(f":policy/cfnpipe_production-us_approver_{review}")
            for part in (
                f"stack production-us-{stack}",
                "Environment production-us",
                f"review {review}",
                policy,
            ):
                assert part in read, title
            for source in made["Stages"][0]["Actions"]:
                assert f"#{{{source['Namespace']}.VersionId}}" in read
            protected = any(each["Name"] == "Protect" for each in pipeline_actions(made))
            assert ("protection.json" in read) == protected
            assert len(read) <= 600
            link = action["Configuration"]["ExternalEntityLink"]
            assert f"/pipelines/{made['Name']}/executions/#{{codepipeline.PipelineExecutionId}}/" in link
            assert len(link) <= 1000
    reviews = environment(**SHAPES[name]).review
    assert found == len(reviews) * len(environment(**SHAPES[name]).stacks)


def test_a_review_reads_well() -> None:
    approve = deploy(BASE)["Stages"][1]["Actions"][1]["Configuration"]
    assert approve["CustomData"]["Fn::Sub"][0] == (
        "Execute change set cfnpipe of stack production-us-network? Environment production-us, review owners."
        " The commit: see the link; its version in S3: #{BundleSource.VersionId}."
        " The changes: cfnpipe changes production-us network."
        " To decide takes ${Policy}."
    )
    protect = deploy("protected-split")["Stages"][1]["Actions"][1]["Configuration"]
    assert protect["CustomData"]["Fn::Sub"][0] == (
        "Execute change set cfnpipe of stack production-us-network? Stack policy and termination protection"
        " are then set as protection.json says. Environment production-us, review owners. The commit: see the"
        " link; its version in S3: #{TemplateSource.VersionId} and #{ConfigurationSource.VersionId}. The"
        " changes: cfnpipe changes production-us network. To decide takes ${Policy}."
    )
    retire = deploy("retired", "OrdersDatabasePipeline")["Stages"][1]["Actions"][0]["Configuration"]
    assert retire["CustomData"]["Fn::Sub"][0] == (
        "DELETE stack production-us-orders-database and everything in it? Environment production-us, review"
        " owners. The commit: see the link; its version in S3: #{BundleSource.VersionId}."
        " The changes: cfnpipe changes production-us orders-database."
        " To decide takes ${Policy}."
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "us-east-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_to_the_console_of_the_partition(region: str, host: str) -> None:
    text = json.dumps(templates(environment(region=region))["pipelines"])
    assert {found.split("/")[0] for found in re.findall(r"https://([^\"]+)", text)} == {host}


def test_a_held_pipeline_says_why() -> None:
    """The reason may have at most 300 characters, of an alphabet of its own."""
    (hold,) = deploy("held")["DisableInboundStageTransitions"]
    assert hold["StageName"] == "Deploy"
    assert re.fullmatch(r"[a-zA-Z0-9!@ ().*?-]{1,300}", hold["Reason"])


def test_a_retired_stack_is_deleted_because_its_pipeline_changed_and_not_because_of_its_bundle() -> None:
    pipeline = deploy("retired", "OrdersDatabasePipeline")
    assert pipeline["RestartExecutionOnUpdate"] is True
    assert "OrdersDatabaseRule" not in shape("retired")["pipelines"]["Resources"]
    assert "RestartExecutionOnUpdate" not in deploy("retired")
    delete = pipeline["Stages"][1]["Actions"][-1]["Configuration"]
    assert (delete["ActionMode"], delete["StackName"]) == ("DELETE_ONLY", "production-us-orders-database")


def test_only_the_init_stacks_get_the_init_deployer() -> None:
    given = {}
    for holder, title, made in resources("retired", "AWS::CodePipeline::Pipeline"):
        roles = {
            action["Configuration"]["RoleArn"]["Fn::ImportValue"].rpartition(":")[2]
            for action in pipeline_actions(made)
            if "RoleArn" in action["Configuration"]
        }
        given[holder, title] = (made["RoleArn"]["Fn::ImportValue"].rpartition(":")[2], roles)
    init = ("InitPipelinesRole", {"InitDeployerRole"})
    ordinary = ("StackPipelinesRole", {"StackDeployerRole"})
    assert given == {
        ("sync", "SyncPipeline"): ("SyncPipelineRole", set()),
        ("sync", "PipelinesPipeline"): init,
        ("pipelines", "AccessPipeline"): init,
        ("pipelines", "SyncPipeline"): init,
        ("pipelines", "NetworkPipeline"): ordinary,
        ("pipelines", "OrdersDatabasePipeline"): ordinary,
    }


def rule_keys(name: str) -> dict[str, list[str]]:
    return {
        title: properties["EventPattern"]["detail"]["object"]["key"]
        for _, title, properties in resources(name, "AWS::Events::Rule")
        if properties["EventPattern"]["source"] == ["aws.s3"]
    }


def test_a_rule_watches_one_key_exactly_and_starts_one_pipeline() -> None:
    assert rule_keys("split") == {
        "PipelinesRule": ["stacks/pipelines/bundle.zip"],
        "AccessRule": ["stacks/access/bundle.zip"],
        "SyncRule": ["stacks/sync/bundle.zip"],
        "NetworkRule": ["stacks/network/configuration.zip"],
        "OrdersDatabaseRule": ["stacks/orders-database/bundle.zip"],
    }
    rule = shape(BASE)["pipelines"]["Resources"]["NetworkRule"]["Properties"]
    (target,) = rule["Targets"]
    assert target["Arn"] == {
        "Fn::Sub": "arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${NetworkPipeline}"
    }
    assert target["RoleArn"] == {"Fn::ImportValue": "cfnpipe:production-us:EventsRole"}
    assert set(target) == {"Arn", "Id", "RoleArn"}


@pytest.mark.parametrize("provider", SOURCES)
def test_each_source_says_how_changes_are_found(provider: str) -> None:
    pipeline = deploy(f"source-{provider}", "SyncPipeline", "sync")
    configuration = pipeline["Stages"][0]["Actions"][0]["Configuration"]
    rule = shape(f"source-{provider}")["sync"]["Resources"].get("SyncRule")
    if provider in ("codecommit", "s3"):
        assert configuration["PollForSourceChanges"] == "false"
        assert rule["Properties"]["EventPattern"]["source"] == [f"aws.{provider}"]
    else:
        assert configuration["DetectChanges"] == "true"
        assert rule is None


def test_one_rule_mails_how_every_pipeline_of_the_environment_ended() -> None:
    rule = shape(BASE)["sync"]["Resources"]["OutcomesRule"]["Properties"]
    assert rule["EventPattern"]["account"] == [{"Ref": "AWS::AccountId"}]
    assert rule["EventPattern"]["detail"] == {
        "pipeline": [{"suffix": "_production-us"}],
        "state": ["CANCELED", "FAILED", "STOPPED", "SUCCEEDED"],
    }
    assert all(name.endswith("_production-us") for name in account(BASE).names["AWS::CodePipeline::Pipeline"])
    (target,) = rule["Targets"]
    transformer = target["InputTransformer"]
    assert set(re.findall("<(.+?)>", transformer["InputTemplate"])) == set(transformer["InputPathsMap"])
    assert [json.loads(line) for line in transformer["InputTemplate"].splitlines()] == [
        "<pipeline>: <state>. Environment production-us.",
        console.execution("us-east-1", "<pipeline>", "<execution>"),
    ]


def test_addresses_keep_their_subscription_when_others_come() -> None:
    before = shape(BASE)["sync"]["Resources"]
    after = shape("private-index")["sync"]["Resources"]
    ids = {title for title, each in before.items() if each["Type"] == "AWS::SNS::Subscription"}
    assert len(ids) == 1
    assert all(after[title] == before[title] for title in ids)
