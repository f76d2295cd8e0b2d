"""Rules about IAM policies and builds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults import GONE, PROJECT, STATEMENTS, SUCCESS, TEST, Fault, fault, lines

IAM = (
    fault(
        "PassRole for every role",
        {f"{STATEMENTS}/0/Resource": "*"},
        (f"pass-role {STATEMENTS}/0/Resource: every role may be passed [name the roles]"),
    ),
    fault(
        "PassRole by a wildcard in a managed policy",
        {
            "/Resources/Admin": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": {
                            "Effect": "Allow",
                            "Action": ["s3:*", "iam:Pass*"],
                            "Resource": ["*"],
                            "Condition": {"StringNotEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
                        }
                    }
                },
            }
        },
        (
            "pass-role /Resources/Admin/Properties/PolicyDocument/Statement/Resource/0: "
            "every role may be passed"
            " [name the roles]"
        ),
        (
            "pass-role /Resources/Admin/Properties/PolicyDocument/Statement/Action/1: "
            "roles may be passed to every service"
            " [add Condition: StringEquals: iam:PassedToService: the service's name]"
        ),
    ),
    fault(
        "PassRole that is denied",
        {f"{STATEMENTS}/0/Effect": "Deny", f"{STATEMENTS}/0/Condition": GONE},
    ),
    fault(
        "PassRole under another condition",
        {
            f"{STATEMENTS}/0/Condition": {
                "StringLikeIfExists": {"iam:PassedToService": "*"},
                "Null": {"iam:PassedToService": "false"},
            }
        },
        (
            f"pass-role {STATEMENTS}/0/Action: "
            "roles may be passed to every service"
            " [add Condition: StringEquals: iam:PassedToService: the service's name]"
        ),
    ),
    fault(
        "PassRole under a condition that is chosen later",
        {f"{STATEMENTS}/0/Condition": {"Fn::If": ["Strict", {"Bool": {}}, {"Ref": "AWS::NoValue"}]}},
    ),
    fault(
        "roles as principals",
        {
            "/Resources/Key/Properties/KeyPolicy/Statement/0/Principal/AWS": [
                {"Fn::GetAtt": ["PipelineRole", "Arn"]},
                {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/reader"},
            ]
        },
        (
            "warning role-principal /Resources/Key/Properties/KeyPolicy/Statement/0/Principal/AWS/0: "
            "the policy names a role as principal, and loses it when the role is made again"
            " [name the account's root, with a condition on aws:PrincipalArn]"
        ),
        (
            "warning role-principal /Resources/Key/Properties/KeyPolicy/Statement/0/Principal/AWS/1: "
            "the policy names a role as principal, and loses it when the role is made again"
            " [name the account's root, with a condition on aws:PrincipalArn]"
        ),
    ),
    fault(
        "an empty buildspec",
        {f"{PROJECT}/Source/BuildSpec": " \n"},
        (
            f"empty-buildspec {PROJECT}/Source/BuildSpec: "
            "the buildspec is empty: CodeBuild runs the one in the checkout"
            " [write the buildspec into the template]"
        ),
    ),
    fault(
        "a buildspec of one line",
        {f"{PROJECT}/Source/BuildSpec": "buildspecs/check.yml"},
        (
            f"warning buildspec-elsewhere {PROJECT}/Source/BuildSpec: "
            "a buildspec of one line is taken for a path into the checkout"
            " [write a buildspec of several lines into the template]"
        ),
    ),
    fault(
        "no buildspec",
        {f"{PROJECT}/Source/BuildSpec": GONE},
        (
            f"warning buildspec-elsewhere {PROJECT}/Source: "
            "no buildspec: the build runs the one in the checkout"
            " [write a buildspec of several lines into the template]"
        ),
    ),
    fault(
        "buildspecs that are replaced",
        {
            f"{TEST}/Configuration/BuildspecOverride": "other.yml",
            f"{SUCCESS}/Rules/0/RuleTypeId/Provider": "CodeBuild",
            f"{SUCCESS}/Rules/0/Configuration": {"ProjectName": "checks", "BuildspecOverride": "other.yml"},
        },
        (
            f"buildspec-override {TEST}/Configuration/BuildspecOverride: "
            "BuildspecOverride replaces the buildspec that was reviewed with the project"
            " [change the project's buildspec]"
        ),
        (
            f"buildspec-override {SUCCESS}/Rules/0/Configuration/BuildspecOverride: "
            "BuildspecOverride replaces the buildspec that was reviewed with the project"
            " [change the project's buildspec]"
        ),
    ),
    fault(
        "a privileged build",
        {f"{PROJECT}/Environment/PrivilegedMode": True},
        (
            f"warning privileged-build {PROJECT}/Environment/PrivilegedMode: "
            "the build runs privileged"
            " [leave it out unless the build makes Docker images]"
        ),
    ),
)


@pytest.mark.parametrize("case", IAM, ids=lambda case: case.name)
def test_iam(case: Fault) -> None:
    assert lines(case.template()) == case.found


def _policy(characters: int, text: Any = "x") -> dict[str, Any]:
    """Return a policy of so many characters, white space aside; `text` stands for the last ones."""
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": ["", text], "Sid": "With some space"}
    document = {"Version": "2012-10-17", "Statement": statement}
    written = json.dumps(document, separators=(",", ":")).replace(" ", "")
    statement["Resource"] = ["x" * (characters - len(written)), text]
    return document


def _inline(*counts: int) -> dict[str, Any]:
    return {
        "Policies": [
            {"PolicyName": f"p{n}", "PolicyDocument": _policy(count)} for n, count in enumerate(counts)
        ]
    }


INLINE = "inline-policy-size /Resources/Any/Properties/Policies: at least {} characters of inline policies;"
SMALLER = "[use wildcards, or move statements into a managed policy]"
MANAGED = "managed-policy-size /Resources/Any/Properties/PolicyDocument:"
TWO = "[use wildcards, or make two policies of it]"
TRUST = "trust-policy-size /Resources/Any/Properties/AssumeRolePolicyDocument:"
SIZES = (
    ("AWS::IAM::ManagedPolicy", {"PolicyDocument": _policy(6144)}, None),
    (
        "AWS::IAM::ManagedPolicy",
        {"PolicyDocument": _policy(6145)},
        f"{MANAGED} at least 6,145 characters of managed policy; IAM takes 6,144 {TWO}",
    ),
    ("AWS::IAM::Role", _inline(5000, 5240), None),
    ("AWS::IAM::Role", _inline(5000, 5241), f"{INLINE.format('10,241')} IAM takes 10,240 {SMALLER}"),
    ("AWS::IAM::Group", _inline(5120), None),
    ("AWS::IAM::Group", _inline(5121), f"{INLINE.format('5,121')} IAM takes 5,120 {SMALLER}"),
    ("AWS::IAM::User", _inline(2048), None),
    ("AWS::IAM::User", _inline(1048, 1001), f"{INLINE.format('2,049')} IAM takes 2,048 {SMALLER}"),
    ("AWS::IAM::Role", {"AssumeRolePolicyDocument": _policy(2048)}, None),
    (
        "AWS::IAM::Role",
        {"AssumeRolePolicyDocument": _policy(2049)},
        f"{TRUST} at least 2,049 characters of trust policy; IAM takes 2,048 [use wildcards]",
    ),
)


@pytest.mark.parametrize(("kind", "properties", "found"), SIZES)
def test_policies_are_counted_as_iam_does(kind: str, properties: dict[str, Any], found: str | None) -> None:
    template = {"Resources": {"Any": {"Type": kind, "Properties": properties}}}
    assert lines(template) == ((found,) if found else ())


def test_a_policy_that_is_a_resource_counts_with_the_role() -> None:
    more = {"PolicyName": "more", "Roles": [{"Ref": "Role"}], "PolicyDocument": _policy(5241)}
    template = {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": _inline(5000)},
            "More": {"Type": "AWS::IAM::Policy", "Properties": more},
        }
    }
    found = INLINE.replace("/Any/", "/Role/").format("10,241")
    assert lines(template) == (f"{found} IAM takes 10,240 {SMALLER}",)


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ({"Ref": "AWS::Region"}, len("us-east-1")),
        ({"Fn::Sub": "${AWS::AccountId}:x"}, 2),
        ({"Ref": "Bucket"}, 0),
    ],
)
def test_only_known_parts_count(text: Any, characters: int) -> None:
    document = _policy(6146 - characters)
    document["Statement"]["Resource"][1] = text
    template = {
        "Resources": {"Any": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}}
    }
    found = f"{MANAGED} at least 6,145 characters of managed policy; IAM takes 6,144 {TWO}"
    assert lines(template) == (found,)
