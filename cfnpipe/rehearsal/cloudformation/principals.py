"""Principals, which are looked up when a policy that names them is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation

_DOCUMENTS = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicInlinePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueueInlinePolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
}
"""Where resource types have the policy that says who may use the resource."""
_REFUSALS = {
    "KMS": "Policy contains a statement with one or more invalid principals.",
    "S3": "Invalid principal in policy",
    "SNS": "Invalid parameter: Policy Error: PrincipalNotFound",
    "SQS": "Invalid value for the parameter Policy.",
}
"""What the services say to a principal that is not there; IAM names it."""
_LINKED = "role/aws-service-role/"
"""Roles that services make for themselves, which no template has."""


def check(operation: ResourceOperation) -> str | None:
    """Refuse a policy that names a principal which is not there.

    Only principals of the stack's own account are looked up: which other accounts there are is not known.
    """
    if operation.does == "delete":
        return None
    document = operation.properties.get(_DOCUMENTS.get(operation.type, ""))
    for arn in _principals(document):
        if not _there(arn):
            return _refusal(operation.type.split("::")[1], arn)
    return None


def _refusal(service: str, arn: str) -> str:
    name = service.capitalize()
    said = _REFUSALS.get(service, f'Invalid principal in policy: "AWS":"{arn}"')
    return f"{said} (Service: {name}, Status Code: 400, HandlerErrorCode: InvalidRequest)"


def _principals(policy: Any) -> Iterator[str]:
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal") or statement.get("NotPrincipal")
        named = principal.get("AWS", []) if isinstance(principal, dict) else []
        yield from [named] if isinstance(named, str) else named


def _there(principal: str) -> bool:
    """Return whether a principal is there, or cannot be looked up: another account's, an id, everybody."""
    from ministack.core.responses import get_account_id
    from ministack.services import iam

    parts = principal.split(":", 5)
    if parts[0] != "arn" or parts[4] != get_account_id() or parts[5].startswith(_LINKED):
        return True
    kind, _, name = parts[5].partition("/")
    known = {"role": iam._roles, "user": iam._users}.get(kind)
    if known is None:
        return True
    found = known.get(name.rpartition("/")[2])
    return found is not None and found.get("Arn") == principal
