"""Names that are taken: what a stack would create under a name of its own, and is there already.

AWS refuses to create it; ministack takes some of it over as if the stack had made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.rehearsal.cloudformation import identifiers

if TYPE_CHECKING:
    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation


def check(operation: ResourceOperation) -> str | None:
    """Return why a resource cannot be created: one of that type has its name already."""
    if operation.does != "create" or operation.physical_id:
        return None
    name = _identifier(operation)
    if not name or not identifiers.taken(operation.type, name):
        return None
    return (
        f"Resource of type '{operation.type}' with identifier '{name}' already exists."
        " (HandlerErrorCode: AlreadyExists)"
    )


def _identifier(operation: ResourceOperation) -> str:
    """Return what will identify a resource; empty where CloudFormation names it."""
    from ministack.core.responses import get_account_id

    given = operation.properties
    if operation.type == "AWS::IAM::ManagedPolicy" and "ManagedPolicyName" in given:
        name = f"{given.get('Path', '/')}{given['ManagedPolicyName']}"
        return f"arn:aws:iam::{get_account_id()}:policy{name}"
    return identifiers.name(operation.type, given)
