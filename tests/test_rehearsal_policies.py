"""Policies in the rehearsal: whom and what they name has to be there, as on AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.completed_aws import started
from tests.local_aws import ACCOUNT, REGION
from tests.test_rehearsal_cloudformation import queue, refused, role, template, topic

if TYPE_CHECKING:
    from tests.completed_aws import CompletedAws

IAM = f"arn:aws:iam::{ACCOUNT}"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
UNHEARD = "arn:aws:iam::aws:policy/service-role/AmazonNobodyHeardOfIt"
HANDLER = "Status Code: 400, HandlerErrorCode: InvalidRequest)"


@pytest.fixture(scope="module")
def aws() -> CompletedAws:
    return started()


def document(*principals: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def policy(kind: str, *principals: str) -> dict[str, Any]:
    """A template with a resource and a policy of it."""
    named = document(*principals)
    match kind:
        case "AWS::KMS::Key":
            return template(Policy={"Type": kind, "Properties": {"KeyPolicy": named}})
        case "AWS::S3::BucketPolicy":
            resource, about = {"Type": "AWS::S3::Bucket"}, {"Bucket": {"Ref": "Of"}}
        case "AWS::SNS::TopicPolicy":
            resource, about = topic(), {"Topics": [{"Ref": "Of"}]}  # type: ignore[dict-item]
        case _:
            resource, about = queue(), {"Queues": [{"Ref": "Of"}]}  # type: ignore[dict-item]
    return template(Of=resource, Policy={"Type": kind, "Properties": {**about, "PolicyDocument": named}})


POLICIES = {
    kind: f"{said} (Service: {service}, {HANDLER}"
    for kind, said, service in (
        ("AWS::KMS::Key", "Policy contains a statement with one or more invalid principals.", "Kms"),
        ("AWS::S3::BucketPolicy", "Invalid principal in policy", "S3"),
        ("AWS::SNS::TopicPolicy", "Invalid parameter: Policy Error: PrincipalNotFound", "Sns"),
        ("AWS::SQS::QueuePolicy", "Invalid value for the parameter Policy.", "Sqs"),
    )
}


@pytest.mark.parametrize("kind", POLICIES)
@pytest.mark.parametrize("nobody", ["role/nobody", "user/nobody", "role/elsewhere/present"])
def test_a_policy_names_principals_that_are_there(aws: CompletedAws, kind: str, nobody: str) -> None:
    present(aws)
    stack = f"policy-{kind.replace('::', '-')}-{nobody.replace('/', '-')}"
    made = policy(kind, f"{IAM}:root", f"{IAM}:{nobody}")
    assert aws.deploy(stack, made) == "ROLLBACK_COMPLETE"
    assert aws.reasons(stack) == {"Policy": POLICIES[kind]}


def present(aws: CompletedAws) -> str:
    """Return the id of a role that is there."""
    iam = aws.client("iam")
    trust = role(Service="ec2.amazonaws.com")["Properties"]["AssumeRolePolicyDocument"]
    try:
        made = iam.create_role(
            RoleName="present", Path="/a/path/", AssumeRolePolicyDocument=json.dumps(trust)
        )
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName="present")
    return str(made["Role"]["RoleId"])


@pytest.mark.parametrize("kind", POLICIES)
def test_what_cannot_be_looked_up_is_there(aws: CompletedAws, kind: str) -> None:
    principals = (
        "*",
        ACCOUNT,
        f"{IAM}:root",
        f"{IAM}:role/a/path/present",
        present(aws),
        f"{IAM}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/present/session",
        "arn:aws:iam::444455556666:role/of-others",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
    )
    assert aws.deploy(f"known-{kind.replace('::', '-')}", policy(kind, *principals)) == "CREATE_COMPLETE"


def test_a_policy_for_services_and_everybody_names_nobody(aws: CompletedAws) -> None:
    made = policy("AWS::SNS::TopicPolicy")
    statements = made["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"]
    statements[0]["Principal"] = "*"
    statements.append({**statements[0], "Principal": {"Service": "events.amazonaws.com"}})
    assert aws.deploy("services", made) == "CREATE_COMPLETE"
    statements.append({**statements[0], "Effect": "Deny", "NotPrincipal": {"AWS": f"{IAM}:role/nobody"}})
    del statements[-1]["Principal"]
    assert aws.deploy("services", made) == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize("kind", ["Group", "Role", "User"])
@pytest.mark.parametrize("owner", [ACCOUNT, "444455556666"])
def test_a_managed_policy_is_there(aws: CompletedAws, kind: str, owner: str) -> None:
    def made(*arns: Any) -> dict[str, Any]:
        document = role(Service="ec2.amazonaws.com")["Properties"] if kind == "Role" else {}
        own = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        managed = {"PolicyDocument": {"Version": "2012-10-17", "Statement": own}}
        return template(
            Own={"Type": "AWS::IAM::ManagedPolicy", "Properties": managed},
            Holder={"Type": f"AWS::IAM::{kind}", "Properties": {**document, "ManagedPolicyArns": [*arns]}},
        )

    stack, nothing = f"managed-{kind}-{owner}", f"arn:aws:iam::{owner}:policy/nothing"
    assert aws.deploy(stack, made(ADMINISTRATOR, UNHEARD, {"Ref": "Own"})) == "CREATE_COMPLETE"
    assert aws.deploy(stack, made(ADMINISTRATOR, nothing)) == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.reasons(stack) == {
        "Holder": f"Policy {nothing} does not exist or is not attachable. "
        "(Service: Iam, Status Code: 404, HandlerErrorCode: NotFound)"
    }


@pytest.mark.parametrize("kind", ["Role", "User"])
def test_a_boundary_is_there(aws: CompletedAws, kind: str) -> None:
    def made(boundary: str) -> dict[str, Any]:
        document = role(Service="ec2.amazonaws.com")["Properties"] if kind == "Role" else {}
        properties = {**document, "PermissionsBoundary": boundary}
        return template(Holder={"Type": f"AWS::IAM::{kind}", "Properties": properties})

    assert aws.deploy(f"bounded-{kind}", made(ADMINISTRATOR)) == "CREATE_COMPLETE"
    assert aws.deploy(f"unbounded-{kind}", made(f"{IAM}:policy/nothing")) == "ROLLBACK_COMPLETE"
    assert aws.reasons(f"unbounded-{kind}") == {
        "Holder": f"Scope ARN: {IAM}:policy/nothing does not exist or is not attachable. "
        "(Service: Iam, Status Code: 404, HandlerErrorCode: NotFound)"
    }


def test_iam_attaches_what_is_there(aws: CompletedAws) -> None:
    present(aws)
    iam = aws.client("iam", REGION)
    iam.attach_role_policy(RoleName="present", PolicyArn=UNHEARD)
    iam.create_group(GroupName="attached")
    for attach, holder in (
        (iam.attach_role_policy, {"RoleName": "present"}),
        (iam.attach_group_policy, {"GroupName": "attached"}),
    ):
        with pytest.raises(ClientError) as error:
            attach(**holder, PolicyArn=f"{IAM}:policy/nothing")
        assert refused(error) == (
            f"NoSuchEntity: Policy {IAM}:policy/nothing does not exist or is not attachable."
        )
