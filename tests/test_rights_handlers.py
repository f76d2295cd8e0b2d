"""What CloudFormation's handlers need, and whether the roles of stacks have it: the deployers at work.

The server asks before each operation with the stack's role, or the rights of who changes it without one.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from cfnpipe.blueprints.bootstrapper import policy
from cfnpipe.rehearsal.rights.handlers import Operation
from cfnpipe.rehearsal.rights.handlers.needs import listed, needed
from cfnpipe.rehearsal.rights.handlers.operation import known
from cfnpipe.rehearsal.rights.handlers.where import checks
from cfnpipe.rehearsal.rights.patterns import matches, several
from tests.environments import SHAPES, account, environment, shape
from tests.gated_aws import ACCOUNT, REGION, GatedAws, start

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
INIT_STACKS = ("access", "sync", "pipelines")


def role(what: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/cfnpipe_production-us_{what}"


INIT, STACK = role("init-deployer"), role("stack-deployer")
ALLOWED = {"create": "CREATE_COMPLETE", "update": "UPDATE_COMPLETE"}


@cache
def bootstrapped() -> GatedAws:
    """A server in which an administrator has made `access` and `sync`, as on the first day."""
    made = start()
    administrator = made.person("administrator", ADMINISTRATOR)
    for name in ("access", "sync"):
        ended = made.deploy(f"production-us-{name}", shape("two-reviews")[name], *administrator)
        assert ended == "CREATE_COMPLETE"
    return made


def test_an_administrator_bootstraps_without_a_role_and_the_init_deployer_goes_on() -> None:
    """From the first day over every change of the environment to the removal of its pipelines."""
    made = bootstrapped()
    for group in ("engineers", "operators", "leads"):
        made.client("iam").create_group(GroupName=group)
    assert made.deploy("production-us-pipelines", shape("two-reviews")["pipelines"], RoleARN=INIT) == (
        "CREATE_COMPLETE"
    )
    for each in ("five-reviews", "held", "groups", "retired", "protected-split", "two-reviews"):
        for name in INIT_STACKS:
            ended = made.deploy(f"production-us-{name}", shape(each)[name], RoleARN=INIT)
            assert ended in ("UPDATE_COMPLETE", "no change"), (each, name)
    made.client("cloudformation").delete_stack(StackName="production-us-pipelines", RoleARN=INIT)
    assert made.outcome("production-us-pipelines") == "gone"


@cache
def held() -> tuple[GatedAws, dict[str, dict[str, Any]]]:
    """A server, and each resource of its init stacks: type, properties and physical id."""
    made = start()
    for group in ("engineers", "operators", "leads"):
        made.client("iam").create_group(GroupName=group)
    for name in INIT_STACKS:
        assert made.deploy(f"production-us-{name}", shape("groups")[name]) == "CREATE_COMPLETE"
    return made, made.call("resources")


@pytest.mark.parametrize("does", ["create", "update", "delete"])
@pytest.mark.parametrize("name", INIT_STACKS)
def test_the_init_deployer_has_all_that_each_operation_needs(name: str, does: str) -> None:
    """Also for what no update of the tests touches; with everything that is there already in its way."""
    server, resources = held()
    found = {each: what for each, what in resources.items() if each.startswith(f"production-us-{name}/")}
    assert len(found) == len(shape("groups")[name]["Resources"])
    for each, what in found.items():
        assert server.call("denials", principal=INIT, does=does, **what) == [], each


@cache
def bootstrapper() -> str:
    """Whoever runs `deploy-init` with the policy that it prints, in that server."""
    server, _ = held()
    document = json.dumps(policy(environment(**SHAPES["groups"]), "aws"))
    made = server.client("iam").create_policy(PolicyName="bootstrapper", PolicyDocument=document)
    server.person("bootstrapper", made["Policy"]["Arn"])
    return f"arn:aws:iam::{ACCOUNT}:user/bootstrapper"


@pytest.mark.parametrize("does", ["create", "update", "delete"])
def test_the_bootstrapper_has_all_that_access_needs_and_no_right_on_what_sync_holds(does: str) -> None:
    """`access` is made without a role, so that its handlers have the rights of the caller."""
    server, resources = held()
    for each, what in resources.items():
        denials = server.call("denials", principal=bootstrapper(), does=does, **what)
        assert (not denials) == each.startswith("production-us-access/"), each


def test_the_stack_deployer_lacks_rights_for_every_operation_on_them() -> None:
    server, resources = held()
    for each, what in resources.items():
        for does in ("update", "delete"):
            denials = server.call("denials", principal=STACK, does=does, **what)
            assert any("with an explicit deny in an identity-based policy" in said for said in denials), each


BUCKET = f"cfnpipe-production-us-source-{ACCOUNT}-{REGION}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:cfnpipe_production-us_notify"
RULE = "cfnpipe_production-us_network"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
TARGET = {
    "Id": "1",
    "Arn": f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:network_production-us",
    "RoleArn": role("events"),
}
INTRUSIONS: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "AWS::IAM::Role",
        {"RoleName": "cfnpipe_production-us_mine", "AssumeRolePolicyDocument": OPEN},
        "iam:CreateRole",
        role("mine"),
    ),
    (
        "AWS::IAM::Policy",
        {"PolicyName": "p", "PolicyDocument": POLICY, "Roles": ["cfnpipe_production-us_sync"]},
        "iam:GetRolePolicy",
        role("sync"),
    ),
    (
        "AWS::IAM::InstanceProfile",
        {"Roles": ["cfnpipe_production-us_init-deployer"]},
        "iam:PassRole",
        role("init-deployer"),
    ),
    (
        "AWS::Logs::SubscriptionFilter",
        {
            "LogGroupName": "/aws/codebuild/cfnpipe_production-us_sync",
            "FilterPattern": "",
            "DestinationArn": TOPIC,
        },
        "logs:PutSubscriptionFilter",
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/cfnpipe_production-us_sync",
    ),
    (
        "AWS::IAM::ManagedPolicy",
        {"ManagedPolicyName": "mine", "PolicyDocument": POLICY, "Roles": ["cfnpipe_production-us_sync"]},
        "iam:AttachRolePolicy",
        role("sync"),
    ),
    (
        "AWS::S3::BucketPolicy",
        {"Bucket": BUCKET, "PolicyDocument": OPEN},
        "s3:GetBucketPolicy",
        f'"arn:aws:s3:::{BUCKET}"',
    ),
    ("AWS::SNS::TopicPolicy", {"Topics": [TOPIC], "PolicyDocument": OPEN}, "SNS:SetTopicAttributes", TOPIC),
    (
        "AWS::SNS::Subscription",
        {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "me@example.com"},
        "SNS:Subscribe",
        TOPIC,
    ),
    (
        "AWS::SNS::Topic",
        {"TopicName": "cfnpipe_production-us_mine"},
        "SNS:CreateTopic",
        TOPIC.replace("notify", "mine"),
    ),
    (
        "AWS::Events::Rule",
        {"Name": "mine", "EventPattern": {"source": ["aws.s3"]}, "Targets": [TARGET]},
        "iam:PassRole",
        role("events"),
    ),
    (
        "AWS::Events::Rule",
        {"Name": RULE, "EventPattern": {"source": ["aws.s3"]}},
        "events:DescribeRule",
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{RULE}",
    ),
    (
        "AWS::Lambda::Function",
        {"Role": role("stack-deployer"), "Code": {"ZipFile": "a"}, "Handler": "a.b", "Runtime": "python3.13"},
        "iam:PassRole",
        role("stack-deployer"),
    ),
    (
        "AWS::CodePipeline::Pipeline",
        {"Name": "network_production-us", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/mine", "Stages": []},
        "codepipeline:GetPipeline",
        f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:network_production-us",
    ),
    (
        "AWS::Logs::LogGroup",
        {"LogGroupName": "/aws/codebuild/cfnpipe_production-us_mine"},
        "logs:CreateLogGroup",
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/cfnpipe_production-us_mine",
    ),
]
"""Type, properties, and what a template of an ordinary stack is refused: the process, by way of a review."""


@pytest.mark.parametrize(
    ("kind", "properties", "action", "resource"), INTRUSIONS, ids=lambda value: str(value)[:40]
)
def test_a_template_that_touches_the_process_fails(
    kind: str, properties: dict[str, Any], action: str, resource: str
) -> None:
    template = {"Resources": {"Mine": {"Type": kind, "Properties": properties}}}
    name = "production-us-mine-" + str(INTRUSIONS.index((kind, properties, action, resource)))
    assert bootstrapped().deploy(name, template, RoleARN=STACK) == (
        f"ROLLBACK_COMPLETE: User: {STACK} is not authorized to perform: {action} on resource: {resource}"
        " with an explicit deny in an identity-based policy"
    )


def test_a_template_of_ones_own_goes_through() -> None:
    ours = f"arn:aws:iam::{ACCOUNT}:role/application"
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "application", "AssumeRolePolicyDocument": OPEN},
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["aws.s3"]},
                "Targets": [{**TARGET, "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "RoleArn": ours}],
            },
        },
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True, "KeyPolicy": OPEN}},
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
        },
    }
    ended = bootstrapped().deploy("production-us-application", {"Resources": resources}, RoleARN=STACK)
    assert ended == "CREATE_COMPLETE"


def test_a_stack_without_a_role_is_changed_with_the_rights_of_who_changes_it() -> None:
    allowed = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    engineer = bootstrapped().person("engineer")
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    bootstrapped().client("iam").put_user_policy(UserName="engineer", PolicyName="p", PolicyDocument=document)
    template = {"Resources": {"Mine": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "mine"}}}}
    assert bootstrapped().deploy("mine", template, *engineer) == (
        f"ROLLBACK_COMPLETE: User: arn:aws:iam::{ACCOUNT}:user/engineer is not authorized to perform:"
        f" SNS:CreateTopic on resource: arn:aws:sns:{REGION}:{ACCOUNT}:mine because no identity-based policy"
        " allows the SNS:CreateTopic action"
    )


def operation(kind: str, does: Any, **properties: Any) -> Operation:
    return Operation(kind, does, properties, ACCOUNT, REGION)


UNUSED = {
    "codeconnections:PassConnection",  # The connection's other spelling; the schema asks for the old one.
    "kms:DisableKey",  # A handler that finds the key disabled by hand enables it again,
    "kms:EnableKey",  # and the other way round.
    "kms:ListKeys",  # Lists, with which CloudFormation looks whether a name is taken.
    "s3:ListAllMyBuckets",
    "sns:ListTopics",
}


def test_the_init_deployer_may_do_nothing_that_no_operation_needs() -> None:
    asked = {
        action
        for each in SHAPES
        for template in shape(each).values()
        for resource in template["Resources"].values()
        for does in ("create", "update", "delete")
        for action in needed(operation(resource["Type"], does, **resource["Properties"]))
    }
    granted = {
        action
        for statement in account("two-reviews").identities["cfnpipe_production-us_init-deployer"]
        for action in several(statement["Action"])
    }
    idle = {pattern for pattern in granted if not any(matches(pattern, action) for action in asked)}
    assert idle == UNUSED


def test_what_the_table_leaves_out_belongs_to_a_property() -> None:
    plain = needed(operation("AWS::S3::Bucket", "create", BucketName="mine"))
    assert "s3:PutReplicationConfiguration" not in plain
    assert "s3:CreateBucket" in plain
    replicated = needed(operation("AWS::S3::Bucket", "create", ReplicationConfiguration={"Role": role("r")}))
    assert "s3:PutReplicationConfiguration" in replicated
    assert "iam:PassRole" in replicated


def test_a_property_that_was_there_before_counts_in_an_update() -> None:
    before = {"PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/limit"}
    changed = Operation("AWS::IAM::Role", "update", {}, ACCOUNT, REGION, before, "mine")
    assert "iam:DeleteRolePermissionsBoundary" in needed(changed)
    assert "iam:DeleteRolePermissionsBoundary" not in needed(operation("AWS::IAM::Role", "update"))


def test_every_row_of_the_table_leaves_something_out() -> None:
    """A pattern that matches no permission of its type's schema would be a slip of the pen."""
    from cfnpipe.rehearsal.rights.handlers.needs import _ONLY_WITH

    for kind, only in _ONLY_WITH.items():
        every = [each for does in ("create", "read", "update", "delete") for each in listed(kind, does)]
        for pattern in only:
            assert any(matches(pattern, each) and known(each) is not None for each in every), (kind, pattern)


@pytest.mark.parametrize("kind", ["AWS::CodeBuild::Project", "AWS::IAM::UserToGroupAddition"])
def test_types_of_an_old_kind_need_actions_that_exist(kind: str) -> None:
    for does in ("create", "read", "update", "delete"):
        assert all(known(each) is not None for each in listed(kind, does))


def test_what_nobody_published_a_schema_of_needs_nothing() -> None:
    assert needed(operation("Custom::Thing", "create")) == []


@pytest.mark.parametrize(
    ("kind", "properties", "action", "expected"),
    [
        (
            "AWS::IAM::UserToGroupAddition",
            {"GroupName": "leads", "Users": ["ada"]},
            "iam:AddUserToGroup",
            [f"arn:aws:iam::{ACCOUNT}:group/leads"],
        ),
        (
            "AWS::KMS::Alias",
            {"AliasName": "alias/a", "TargetKeyId": "k"},
            "kms:CreateAlias",
            [f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/a", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"],
        ),
        (
            "AWS::CodePipeline::Pipeline",
            {"Name": "p", "DisableInboundStageTransitions": [{"StageName": "Deploy", "Reason": "r"}]},
            "codepipeline:DisableStageTransition",
            [f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:p/Deploy"],
        ),
        (
            "AWS::IAM::RolePolicy",
            {"RoleName": "sync", "PolicyName": "p"},
            "iam:PutRolePolicy",
            [f"arn:aws:iam::{ACCOUNT}:role/sync"],
        ),
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, "ec2:DescribeVpcs", ["*"]),
        (
            "AWS::EC2::VPC",
            {"CidrBlock": "10.0.0.0/16"},
            "ec2:CreateVpc",
            [f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/made-by-cloudformation"],
        ),
    ],
)
def test_where_actions_are_needed(
    kind: str, properties: dict[str, Any], action: str, expected: list[str]
) -> None:
    found = checks(operation(kind, "create", **properties), action)
    assert [each.resource for each in found] == expected


def test_shapes_are_those_that_an_environment_can_change_into() -> None:
    assert {"five-reviews", "held", "groups", "retired", "protected-split", "two-reviews"} <= set(SHAPES)
