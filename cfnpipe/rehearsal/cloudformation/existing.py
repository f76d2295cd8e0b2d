"""Names that are taken: what a stack would create under a name of its own, and is there already.

AWS refuses to create it; ministack takes some of it over as if the stack had made it. Early validation says it
before, where it can.
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
    name = _taken(operation)
    if name is None:
        return None
    return (
        f"Resource of type '{operation.type}' with identifier '{name}' already exists."
        " (HandlerErrorCode: AlreadyExists)"
    )


def _taken(operation: ResourceOperation) -> str | None:
    """Return the name that a resource would have, if that is taken; nothing where CloudFormation names it."""
    from ministack.core.responses import get_account_id
    from ministack.services import iam

    given = operation.properties
    if operation.type == "AWS::IAM::ManagedPolicy":
        policy = given.get("ManagedPolicyName", "")
        arn = f"arn:aws:iam::{get_account_id()}:policy{given.get('Path', '/')}{policy}"
        return arn if policy and arn in iam._policies else None
    name = identifiers.name(operation.type, given)
    return name if name and identifiers.taken(operation.type, name) else None
