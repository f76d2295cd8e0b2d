"""What CloudFormation's handlers may do with the role of a stack, or with the caller's rights if it has none.

Operation ▶ the permissions that its type's schema lists ▶ those that its properties need ▶ the resources
they are about ▶ whether the principal has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.rights import inventory
from cfnpipe.rehearsal.rights.decisions import Denied, check
from cfnpipe.rehearsal.rights.handlers.needs import needed
from cfnpipe.rehearsal.rights.handlers.operation import NEW, Operation
from cfnpipe.rehearsal.rights.handlers.where import checks

if TYPE_CHECKING:
    from cfnpipe.rehearsal.rights.calls import Check

__all__ = ["Operation", "handler_denials", "handler_denied"]


def handler_denied(principal: str, operation: Operation) -> str | None:
    """Return AWS's message about the first permission that an operation lacks; None if it has all.

    `principal`: the stack's role, or whoever changes a stack without one.
    """
    return next(iter(handler_denials(principal, operation)), None)


def handler_denials(principal: str, operation: Operation) -> list[str]:
    """Return the messages about all permissions that an operation lacks."""
    with inventory.scope(operation.account, operation.region):
        asked = [each for action in needed(operation) for each in checks(operation, action)]
        return [said for each in asked if (said := _denied(principal, each, operation))]


def _key_policy(operation: Operation) -> Any:
    """Return the policy of a key that is made now, or else KMS's default.

    It stands for that of a key that another resource uses, too: which key that is is not looked up here.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    root = {"AWS": f"arn:aws:iam::{operation.account}:root"}
    default = {"Statement": [{"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}]}
    return operation.properties.get("KeyPolicy", default)


def _denied(principal: str, asked: Check, operation: Operation) -> str | None:
    new = asked.resource.endswith(f":key/{NEW}")
    foreign = ":key/" in asked.resource and operation.type != "AWS::KMS::Key"
    own_policy = _key_policy(operation) if new or foreign else None
    try:
        check(principal, asked.action, asked.resource, asked.context, policy=own_policy)
    except Denied as denied:
        return denied.message
    return None
