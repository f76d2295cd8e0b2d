"""The gate before the local AWS: each principal of an environment does its job over HTTP, and nothing else.

What is allowed need not succeed behind the gate: the pipelines here do nothing, and there are no builds.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfnpipe.rehearsal.rights.evaluate import account_of
from tests.environments import CONNECTION, shape
from tests.gated_aws import ACCOUNT, GatedAws, start
from tests.process_calls import (
    ARTIFACT,
    ARTIFACTS,
    BUNDLE,
    CHECKOUT,
    INIT_ARTIFACT,
    JOBS,
    NAME,
    OWN,
    PIPELINE,
    REFUSALS,
    SOURCE,
    TEMPLATE,
    TOPIC,
    Call,
    approval,
    arn,
    at,
    policy,
    role,
    who,
)

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@cache
def aws() -> GatedAws:
    """A server with `access`, `sync` and a stack that pipelines change."""
    made = start()
    for name in ("access", "sync"):
        assert made.deploy(f"{NAME}-{name}", shape("two-reviews")[name]) == "CREATE_COMPLETE"
    assert made.deploy(f"{NAME}-network", json.loads(TEMPLATE)) == "CREATE_COMPLETE"
    s3 = made.client("s3")
    for where, key in [(SOURCE, BUNDLE), *((ARTIFACTS, key) for key in (CHECKOUT, ARTIFACT, INIT_ARTIFACT))]:
        s3.put_object(Bucket=where, Key=key, Body=b"zip")
    return made


@cache
def credentials(name: str) -> tuple[str, ...]:
    """What a role or a person of the environment signs with."""
    people = {
        "reader": ["reader"],
        "operator": ["operator"],
        "owner": ["approver_owners"],
        "both": ["approver_owners", "approver_operations"],
    }
    if name in people:
        return aws().person(name, *map(policy, people[name]))
    if name == "administrator":
        return aws().person(name, ADMINISTRATOR)
    sources = {
        each: arn("codebuild", f"project/{who(each)}") for each in ("validate", "sync", "protect", "resume")
    }
    sources["events"] = arn("events", f"rule/{who('network')}")
    return aws().act(role(name), sources.get(name))


def principal(name: str) -> str:
    """The ARN that somebody's requests are from."""
    return str(aws().client("sts", *credentials(name)).get_caller_identity()["Arn"])


def refused(name: str, service: str, call: str, /, **arguments: Any) -> str:
    """AWS's message, if a call is refused; empty if it is not."""
    client = aws().client(service, *credentials(name))
    try:
        getattr(client, call)(**arguments)
    except ClientError as error:
        code, said = error.response["Error"]["Code"], str(error.response["Error"].get("Message"))
        denied = (
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "UnauthorizedOperation",
            "403",
        )
        return said if code in denied else ""
    return ""


@pytest.mark.parametrize(("name", "service", "call", "arguments"), JOBS, ids=lambda value: str(value)[:40])
def test_everybody_can_do_their_job(name: str, service: str, call: str, arguments: dict[str, Any]) -> None:
    assert refused(name, service, call, **arguments) == ""


IDLE = {
    # Nobody calls it by name: CloudFormation asks for it where a tag of a stack is taken away.
    "init-pipelines": {"cloudformation:UntagResource"},
    "stack-pipelines": {"cloudformation:UntagResource"},
    # CodePipeline's own use of the connection, which is not a call of its API.
    "sync-pipeline": {"codeconnections:UseConnection", "codestar-connections:UseConnection"},
}


@pytest.mark.parametrize(
    "name",
    ["sync-pipeline", "stack-pipelines", "init-pipelines", "validate", "sync", "protect", "resume", "events"],
)
def test_without_any_of_its_actions_a_role_cannot_do_its_job(name: str) -> None:
    """Each action is taken away in turn: if nothing is missed, nobody needed it."""
    iam, place = aws().client("iam"), {"RoleName": who(name), "PolicyName": "permissions"}
    document = iam.get_role_policy(**place)["PolicyDocument"]
    idle = set()
    try:
        for number, statement in enumerate(document["Statement"]):
            for action in statement["Action"] if statement["Effect"] == "Allow" else ():
                iam.put_role_policy(**place, PolicyDocument=json.dumps(without(document, number, action)))
                if not any(refused(*job[:3], **job[3]) for job in jobs(name, action)):
                    idle.add(action)
    finally:
        iam.put_role_policy(**place, PolicyDocument=json.dumps(document))
    assert idle == IDLE.get(name, set())


BY = {"kms": ("s3", "sns"), "iam": ("cloudformation",)}
"""The services whose calls need an action of another one."""


def jobs(name: str, action: str) -> list[Call]:
    """The calls of somebody that may need an action."""
    service = action.partition(":")[0]
    return [job for job in JOBS if job[0] == name and job[1] in BY.get(service, (service,))]


def without(document: dict[str, Any], number: int, action: str) -> dict[str, Any]:
    """A policy without one action of one of its statements."""
    changed = json.loads(json.dumps(document))
    changed["Statement"][number]["Action"].remove(action)
    return changed


def test_a_head_is_refused_without_words() -> None:
    assert refused("reader", "s3", "head_object", **at(SOURCE, BUNDLE)) == "Forbidden"


def said(name: str, action: str, resource: str, by: str) -> str:
    reason = (
        f"with an explicit deny in {by} policy"
        if by
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {principal(name)} is not authorized to perform: {action} on resource: {resource} {reason}"


@pytest.mark.parametrize(
    ("name", "service", "call", "arguments", "action", "resource", "by"),
    REFUSALS,
    ids=lambda value: str(value)[:40],
)
def test_nobody_gets_around_the_process(  # noqa: PLR0913, PLR0917 - the columns of the table
    name: str, service: str, call: str, arguments: dict[str, Any], action: str, resource: str, by: str
) -> None:
    message = refused(name, service, call, **arguments)
    there = (
        resource.replace("/*", f"/{stack_id(resource)}")
        if resource.startswith("arn:aws:cloudf")
        else resource
    )
    assert message == said(name, action, there, by)


def stack_id(where: str) -> str:
    """The id of a stack that is there; `*` for one that is not."""
    name = where.split("/")[1]
    stacks = aws().client("cloudformation").describe_stacks()["Stacks"]
    found = {each["StackName"]: each["StackId"].rpartition("/")[2] for each in stacks}
    return str(found.get(name, "*"))


@pytest.mark.parametrize("review", ["owners", "operations"])
@pytest.mark.parametrize("pipeline", ["network", "access"])
def test_whoever_has_both_approvers_policies_gives_neither_approval(pipeline: str, review: str) -> None:
    message = refused("both", "codepipeline", "put_approval_result", **approval(pipeline, review))
    there = arn("codepipeline", f"{pipeline}_{NAME}/Deploy/Approve-{review}")
    assert message == said("both", "codepipeline:PutApprovalResult", there, OWN)


def test_a_policy_counts_from_the_next_call_on() -> None:
    aws().client("iam").create_group(GroupName="watchers")
    key = aws().person("newcomer")
    assert aws().client("sts", *key).get_caller_identity()["Arn"] == arn("iam", "user/newcomer", "")
    reader = aws().client("cloudformation", *key)
    with pytest.raises(ClientError, match="not authorized to perform: cloudformation:ListStacks"):
        reader.list_stacks()
    aws().client("iam").attach_group_policy(GroupName="watchers", PolicyArn=policy("reader"))
    aws().client("iam").add_user_to_group(GroupName="watchers", UserName="newcomer")
    assert reader.list_stacks()["StackSummaries"]


def test_a_boundary_takes_away_what_it_does_not_allow() -> None:
    key = aws().person("limited", ADMINISTRATOR)
    aws().client("iam").put_user_permissions_boundary(
        UserName="limited", PermissionsBoundary=policy("reader")
    )
    assert aws().client("sns", *key).list_topics()["Topics"]
    with pytest.raises(ClientError) as error:
        aws().client("sns", *key).create_topic(Name="mine")
    assert error.value.response["Error"]["Message"] == (
        f"User: {arn('iam', 'user/limited', '')} is not authorized to perform: SNS:CreateTopic on resource:"
        f" {arn('sns', 'mine')} because no permissions boundary allows the SNS:CreateTopic action"
    )


def test_objects_need_the_key_that_encrypts_them() -> None:
    key = (
        aws()
        .client("cloudformation")
        .describe_stack_resource(StackName=f"{NAME}-sync", LogicalResourceId="Key")["StackResourceDetail"][
            "PhysicalResourceId"
        ]
    )
    made = aws().person("keyless")
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    aws().client("iam").put_user_policy(UserName="keyless", PolicyName="p", PolicyDocument=document)
    with pytest.raises(ClientError) as error:
        aws().client("s3", *made).get_object(**at(SOURCE, BUNDLE))
    assert error.value.response["Error"]["Message"] == (
        f"User: {arn('iam', 'user/keyless', '')} is not authorized to perform: kms:Decrypt on resource:"
        f" {arn('kms', f'key/{key}')} because no identity-based policy allows the kms:Decrypt action"
    )
    assert aws().client("s3", *made).head_object(**at(SOURCE, BUNDLE))["ContentLength"] == len(b"zip")


def test_what_the_rehearsal_does_not_know_is_refused_and_says_so() -> None:
    assert refused("administrator", "rds", "describe_db_instances") == (
        "The rehearsal does not know what rds:DescribeDBInstances needs, and refuses it to all but the"
        " account's root"
    )
    assert aws().client("rds").describe_db_instances()["DBInstances"] == []


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (("AKIAAAAAAAAAAAAAAAAA", "secret"), "InvalidClientTokenId"),
        (("test", "test"), "InvalidClientTokenId"),
    ],
)
def test_credentials_that_are_nobodys_are_refused(credentials: tuple[str, ...], code: str) -> None:
    with pytest.raises(ClientError) as error:
        aws().client("sts", *credentials).get_caller_identity()
    assert error.value.response["Error"]["Code"] == code


def test_a_session_without_its_token_is_nobodys() -> None:
    key, secret, _ = credentials("sync")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        aws().client("sts", key, secret).get_caller_identity()


@pytest.mark.parametrize(
    ("path", "expected"), [("/_ministack/health", 200), ("/", 403), ("/_ministack/reset", 403)]
)
def test_without_credentials_there_is_only_the_health(path: str, expected: int) -> None:
    try:
        with urllib.request.urlopen(f"{aws().endpoint}{path}") as answer:  # noqa: S310 - our own server
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    assert status == expected


def test_a_person_takes_on_a_role_that_trusts_the_account_and_no_role_of_the_process() -> None:
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}
    aws().client("iam").create_role(RoleName="people", AssumeRolePolicyDocument=json.dumps(trust))
    asked = {"RoleArn": arn("iam", "role/people", ""), "RoleSessionName": "ada"}
    made = aws().client("sts", *credentials("administrator")).assume_role(**asked)["Credentials"]
    session = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert aws().client("sts", *session).get_caller_identity()["Arn"].endswith(":assumed-role/people/ada")
    people = asked["RoleArn"]
    assert refused("reader", "sts", "assume_role", **asked) == (
        f"User: {principal('reader')} is not authorized to perform: sts:AssumeRole on resource: {people}"
    )
    refusal = refused("administrator", "sts", "assume_role", RoleArn=role("sync"), RoleSessionName="ada")
    assert refusal.endswith(f"sts:AssumeRole on resource: {role('sync')}")


EVENTS = role("events")
PROJECT = arn("codebuild", f"project/{who('sync')}")
TAKING_ON = [
    ("sync", "codebuild", PROJECT, ""),
    ("sync", "codebuild", None, f"CodeBuild is not authorized to perform: sts:AssumeRole on {role('sync')}"),
    (
        "sync",
        "codebuild",
        arn("codebuild", "project/other"),
        f"CodeBuild is not authorized to perform: sts:AssumeRole on {role('sync')}",
    ),
    (
        "sync",
        "codebuild",
        PROJECT.replace(ACCOUNT, "444455556666"),
        f"CodeBuild is not authorized to perform: sts:AssumeRole on {role('sync')}",
    ),
    (
        "sync",
        "codepipeline",
        None,
        f"CodePipeline is not authorized to perform AssumeRole on role {role('sync')}",
    ),
    ("none", "cloudformation", None, f"Role {role('none')} is invalid or cannot be assumed"),
    ("stack-deployer", "cloudformation", None, ""),
    ("sync-pipeline", "codepipeline", None, ""),
    ("events", "events", arn("events", f"rule/{who('network')}"), ""),
    (
        "events",
        "events",
        arn("events", "rule/other"),
        f"User: events.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: {EVENTS}",
    ),
]


@pytest.mark.parametrize(("name", "service", "source", "expected"), TAKING_ON)
def test_services_take_on_the_roles_that_trust_them(
    name: str, service: str, source: str | None, expected: str
) -> None:
    asked = {"role_arn": role(name), "service": service, "session_name": "job", "source_arn": source}
    made = aws().call("assume", **asked)
    assert made.get("denied", "") == expected
    if not expected:
        arns = aws().client("sts", *made.values()).get_caller_identity()["Arn"]
        assert arns == f"arn:aws:sts::{ACCOUNT}:assumed-role/{who(name)}/job"


INSIDE = [
    (role("events"), "codepipeline:StartPipelineExecution", arn("codepipeline", PIPELINE), True),
    (role("events"), "codepipeline:StartPipelineExecution", arn("codepipeline", "application"), False),
    (role("sync-pipeline"), "codeconnections:UseConnection", CONNECTION, True),
    (role("stack-pipelines"), "codeconnections:UseConnection", CONNECTION, False),
    ("events.amazonaws.com", "sns:Publish", TOPIC, True),
    ("cloudwatch.amazonaws.com", "sns:Publish", TOPIC, False),
    (arn("iam", "root", ""), "s3:DeleteBucket", f"arn:aws:s3:::{SOURCE}", True),
]


@pytest.mark.parametrize(("who_asks", "action", "resource", "expected"), INSIDE)
def test_what_makes_no_call_is_checked_by_name(
    who_asks: str, action: str, resource: str, *, expected: bool
) -> None:
    answer = aws().call("check", principal_arn=who_asks, action=action, resource=resource)
    assert (answer is None) is expected
    if not expected:
        shown = action.replace("sns:", "SNS:")
        assert answer["denied"] == (
            f"User: {who_asks} is not authorized to perform: {shown} on resource: {resource}"
            f" because no identity-based policy allows the {shown} action"
        )


def test_everybody_is_of_the_account() -> None:
    assert {account_of(principal(name)) for name in ("sync", "reader", "both")} == {ACCOUNT}
