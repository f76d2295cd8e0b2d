"""CloudFormation's answers become model objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber

from cfnpipe.aws import AwsError, Session
from cfnpipe.aws.cloudformation import Stacks
from cfnpipe.aws.codeconnections import connection
from cfnpipe.model.deployment import (
    ChangeSet,
    Connection,
    Deployed,
    Event,
    PropertyChange,
    ResourceChange,
    Submission,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "production-us-access"
ID = f"arn:aws:cloudformation:us-east-1:111122223333:stack/{NAME}/51af3dc0"
SET = "arn:aws:cloudformation:us-east-1:111122223333:changeSet/cfnpipe-by-hand-1/1a2345b6"
ROLE = "arn:aws:iam::111122223333:role/cfnpipe_production-us_init-deployer"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class World:
    """CloudFormation and CodeConnections with answers that are given."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.stacks = Stacks(session)
        self.cloudformation = Stubber(session.client("cloudformation"))
        self.connections = {
            name: Stubber(session.client(name)) for name in ("codeconnections", "codestar-connections")
        }

    def answer(self, operation: str, answer: dict[str, Any], **asked: Any) -> None:
        self.cloudformation.add_response(operation, answer, asked)

    def refuse(self, operation: str, code: str, message: str) -> None:
        self.cloudformation.add_client_error(operation, code, message)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        yield Session("us-east-1")


@pytest.fixture
def world(session: Session) -> Iterator[World]:
    made = World(session)
    with made.cloudformation:
        yield made
        made.cloudformation.assert_no_pending_responses()


def stack(**more: Any) -> dict[str, Any]:
    return {"StackName": NAME, "StackId": ID, "CreationTime": NOON, "StackStatus": "CREATE_COMPLETE", **more}


def test_a_stack_is_told_as_it_is(world: World) -> None:
    told = stack(
        StackStatus="UPDATE_ROLLBACK_FAILED",
        StackStatusReason="The following resource(s)\nfailed to update: [Role]",
        RoleARN=ROLE,
        EnableTerminationProtection=True,
        Parameters=[{"ParameterKey": "Zones", "ParameterValue": "2"}],
        Tags=[{"Key": "Owner", "Value": "platform"}],
        Outputs=[{"OutputKey": "Arn", "OutputValue": "arn:aws:..."}],
    )
    world.answer("describe_stacks", {"Stacks": [told]}, StackName=NAME)
    assert world.stacks.find(NAME) == Deployed(
        NAME,
        ID,
        "UPDATE_ROLLBACK_FAILED",
        "The following resource(s) failed to update: [Role]",
        protected=True,
        parameters={"Zones": "2"},
        tags={"Owner": "platform"},
        outputs={"Arn": "arn:aws:..."},
    )


def test_no_stack_is_none_and_any_other_refusal_an_error(world: World) -> None:
    world.refuse("describe_stacks", "ValidationError", f"Stack with id {NAME} does not exist")
    world.refuse("describe_stacks", "ValidationError", "1 validation error detected")
    world.refuse(
        "describe_stacks", "AccessDenied", "User: u is not authorized to perform: x:Y on resource: z"
    )
    assert world.stacks.find(NAME) is None
    for message in (
        f"cloudformation:DescribeStacks on {NAME}: ValidationError: 1 validation error detected",
        f"cloudformation:DescribeStacks on {NAME}: access denied",
    ):
        with pytest.raises(AwsError) as refused:
            world.stacks.find(NAME)
        assert refused.value.message.startswith(message)


@pytest.mark.parametrize(
    ("body", "template"),
    [('{"Resources": {}}', {"Resources": {}}), ("Resources:\n  Vpc: !Ref X\n", None)],
)
def test_a_template_is_read_as_json(world: World, body: str, template: object) -> None:
    world.answer("get_template", {"TemplateBody": body}, StackName=NAME, TemplateStage="Original")
    assert world.stacks.template(NAME) == template


ASKED = {
    "StackName": NAME,
    "ChangeSetName": "cfnpipe-by-hand-1",
    "ClientToken": "cfnpipe-by-hand-1",
    "Parameters": [{"ParameterKey": "Zones", "ParameterValue": "2"}],
    "Tags": [{"Key": "Owner", "Value": "platform"}],
    "Capabilities": ["CAPABILITY_NAMED_IAM"],
}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, {"TemplateBody": "{}"}),
        ({"role": ROLE, "url": "https://s3.us-east-1.amazonaws.com/b/k"}, {"RoleARN": ROLE}),
    ],
)
def test_a_change_set_is_asked_for(world: World, more: dict[str, str], said: dict[str, str]) -> None:
    url = {"TemplateURL": more["url"]} if "url" in more else {}
    answer = {"Id": SET, "StackId": ID}
    world.answer("create_change_set", answer, ChangeSetType="CREATE", **ASKED, **said, **url)
    wanted = Submission(NAME, "{}", {"Zones": "2"}, {"Owner": "platform"}, ("CAPABILITY_NAMED_IAM",), **more)
    assert world.stacks.create_change_set(wanted, "cfnpipe-by-hand-1", "CREATE") == SET


def described(**more: Any) -> dict[str, Any]:
    return {"ChangeSetName": "cfnpipe-by-hand-1", "ChangeSetId": SET, "Changes": [], **more}


def change(**more: Any) -> dict[str, Any]:
    return {"Type": "Resource", "ResourceChange": more}


DETAILS = [
    {
        "Target": {
            "Attribute": "Properties",
            "Name": "CidrBlock",
            "Path": "/Properties/CidrBlock",
            "RequiresRecreation": "Always",
            "BeforeValue": "10.0.0.0/16",
            "AfterValue": "10.1.0.0/16",
        }
    },
    {"Target": {"Attribute": "Tags", "RequiresRecreation": "Never"}},
    {"Target": {"Attribute": "Properties", "Name": "EnableDnsSupport", "RequiresRecreation": "Never"}},
]


def test_a_change_set_is_read_to_its_last_page(world: World) -> None:
    asked = {"StackName": NAME, "ChangeSetName": SET, "IncludePropertyValues": True}
    modified = change(
        Action="Modify",
        LogicalResourceId="Vpc",
        PhysicalResourceId="vpc-1",
        ResourceType="AWS::EC2::VPC",
        Replacement="True",
        Details=DETAILS,
    )
    added = change(Action="Add", LogicalResourceId="Subnet", ResourceType="AWS::EC2::Subnet")
    world.answer(
        "describe_change_set",
        described(Status="CREATE_COMPLETE", Changes=[modified], NextToken="more"),
        **asked,
    )
    world.answer(
        "describe_change_set", described(Status="CREATE_COMPLETE", Changes=[added]), **asked, NextToken="more"
    )
    assert world.stacks.change_set(NAME, SET, "UPDATE") == ChangeSet(
        NAME,
        SET,
        "UPDATE",
        (
            ResourceChange("Add", "Subnet", "AWS::EC2::Subnet"),
            ResourceChange(
                "Modify",
                "Vpc",
                "AWS::EC2::VPC",
                "vpc-1",
                "True",
                (
                    PropertyChange("/Properties/CidrBlock", "10.0.0.0/16", "10.1.0.0/16", recreates=True),
                    PropertyChange("/Properties/EnableDnsSupport"),
                    PropertyChange("/Tags"),
                ),
            ),
        ),
    )


EMPTY = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("CREATE_PENDING", "", None),
        ("CREATE_IN_PROGRESS", "", None),
        ("CREATE_COMPLETE", "", ChangeSet(NAME, SET, "UPDATE")),
        ("FAILED", EMPTY, ChangeSet(NAME, SET, "UPDATE", empty=True)),
        ("FAILED", "No updates are to be performed.", ChangeSet(NAME, SET, "UPDATE", empty=True)),
        (
            "FAILED",
            "No export named X\nfound.",
            ChangeSet(NAME, SET, "UPDATE", failure="No export named X found."),
        ),
        ("FAILED", "", ChangeSet(NAME, SET, "UPDATE", failure="FAILED")),
        ("DELETE_COMPLETE", "", ChangeSet(NAME, SET, "UPDATE", failure="DELETE_COMPLETE")),
    ],
)
def test_the_status_of_a_change_set_is_understood(
    world: World, status: str, reason: str, expected: ChangeSet | None
) -> None:
    world.answer(
        "describe_change_set",
        described(Status=status, StatusReason=reason),
        StackName=NAME,
        ChangeSetName=SET,
        IncludePropertyValues=True,
    )
    assert world.stacks.change_set(NAME, SET, "UPDATE") == expected


def happened(number: int, status: str) -> dict[str, Any]:
    return {
        "StackId": ID,
        "StackName": NAME,
        "EventId": f"event-{number}",
        "Timestamp": NOON,
        "LogicalResourceId": "Role",
        "ResourceType": "AWS::IAM::Role",
        "ResourceStatus": status,
    }


def test_events_are_told_once_and_in_order(world: World) -> None:
    newest, middle, oldest = (
        happened(3, "CREATE_COMPLETE"),
        happened(2, "CREATE_IN_PROGRESS"),
        happened(1, "REVIEW_IN_PROGRESS"),
    )
    for _ in range(2):
        world.answer("describe_stack_events", {"StackEvents": [newest], "NextToken": "more"}, StackName=ID)
        world.answer(
            "describe_stack_events", {"StackEvents": [middle, oldest]}, StackName=ID, NextToken="more"
        )
    assert [event.id for event in world.stacks.events(ID)] == ["event-1", "event-2", "event-3"]
    assert world.stacks.events(ID, after="event-1") == [
        Event("event-2", NOON, "Role", "AWS::IAM::Role", "CREATE_IN_PROGRESS"),
        Event("event-3", NOON, "Role", "AWS::IAM::Role", "CREATE_COMPLETE"),
    ]


def test_what_early_validation_found_is_told(world: World) -> None:
    """The form is that of botocore's model; no recorded answer is known."""
    fault = {
        "EventId": "e",
        "Timestamp": NOON,
        "LogicalResourceId": "SourceBucket",
        "ResourceType": "AWS::S3::Bucket",
        "EventType": "VALIDATION_ERROR",
        "ValidationName": "NAME_CONFLICT_VALIDATION",
        "ValidationStatusReason": "Resource of type 'AWS::S3::Bucket' already exists.",
        "ValidationPath": "/Resources/SourceBucket/Properties/BucketName",
    }
    whole = {"EventId": "f", "Timestamp": NOON, "EventType": "STACK_EVENT"}
    warning = {**fault, "EventId": "w", "ValidationFailureMode": "WARN"}
    world.answer(
        "describe_events",
        {"OperationEvents": [whole, warning, fault]},
        ChangeSetName=SET,
        Filters={"FailedEvents": True},
    )
    reason = (
        "Resource of type 'AWS::S3::Bucket' already exists. (/Resources/SourceBucket/Properties/BucketName)"
    )
    (found,) = world.stacks.faults(SET)
    assert found == Event("e", NOON, "SourceBucket", "AWS::S3::Bucket", "VALIDATION_ERROR", reason)
    assert found.failed


@pytest.mark.parametrize(
    ("service", "status"), [("codeconnections", "PENDING"), ("codestar-connections", "AVAILABLE")]
)
def test_a_connection_is_asked_for_by_the_service_that_knows_it(
    world: World, service: str, status: str
) -> None:
    arn = f"arn:aws:{service}:us-east-1:111122223333:connection/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
    answer = {"Connection": {"ConnectionName": "github", "ConnectionArn": arn, "ConnectionStatus": status}}
    world.connections[service].add_response("get_connection", answer, {"ConnectionArn": arn})
    with world.connections[service]:
        assert connection(world.session, arn) == Connection(arn, "github", status)
