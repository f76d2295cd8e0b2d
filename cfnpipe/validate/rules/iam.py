"""IAM policies: who may pass roles, and whom resource policies name.

https://docs.aws.amazon.com/IAM/latest/UserGuide/ has the pages that the rules name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.nodes import resources
from cfnpipe.validate.rights import documents, matches
from cfnpipe.validate.subject import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_PASSED_TO = re.compile(r"((ForAnyValue|ForAllValues):)?String(Equals|Like)(IgnoreCase)?")
_RESOURCE_POLICIES = {
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
}


def pass_role(view: StackView) -> Iterator[Finding]:
    """Find a right to pass every role, or to pass roles to every service.

    A role that is passed to a service lends its rights to whoever may use the service: `iam:PassRole`
    on `*`, or without the condition `iam:PassedToService`, can be every right that any role has
    (id_roles_use_passrole).
    """
    for document in documents(view):
        for statement in document["Statement"].each():
            granting = [action for action in statement["Action"].each() if _passes_roles(action)]
            if statement["Effect"].fixed == "Allow" and granting:
                for resource in statement["Resource"].each():
                    if resource.fixed == "*":
                        yield Finding("every role may be passed", resource.pointer, "name the roles")
                if not _names_service(statement["Condition"]):
                    yield Finding(
                        "roles may be passed to every service",
                        granting[0].pointer,
                        "add Condition: StringEquals: iam:PassedToService: the service's name",
                    )


def _passes_roles(action: Node) -> bool:
    return (action.fixed or "").lower().startswith("iam:") and matches(action, "iam:PassRole")


def _names_service(condition: Node) -> bool:
    if condition.is_intrinsic:
        return True
    return any(
        key.lower() == "iam:passedtoservice"
        for operator, keys in condition.entries()
        if _PASSED_TO.fullmatch(operator)
        for key, _ in keys.entries()
    )


def role_principal(view: StackView) -> Iterator[Finding]:
    """Warn of a resource policy that names a role as its principal.

    AWS keeps the role's unique id: a role that is deleted and made again under the same name has no
    access, and the policy cannot be made before the role is there
    (reference_policies_elements_principal).
    """
    roles = {f"${{{logical_id}.Arn}}" for logical_id, _ in resources(view, "AWS::IAM::Role")}
    for kind, key in _RESOURCE_POLICIES.items():
        for _, properties in resources(view, kind):
            for statement in properties[key]["Statement"].each():
                for principal in statement["Principal"]["AWS"].each():
                    text = principal.text or ""
                    if text in roles or ":role/" in text:
                        yield Finding(
                            "the policy names a role as principal, and loses it when the role is made again",
                            principal.pointer,
                            "name the account's root, with a condition on aws:PrincipalArn",
                            severity="warning",
                        )
