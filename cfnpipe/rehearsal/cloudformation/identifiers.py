"""Which names are taken, and by what: CloudFormation looks before it creates what has a name of its own.

It looks when it validates a change set, and once more when it creates a resource; ministack takes some of
what is there over as if the stack had made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.cloudformation import schemas

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation


def check(operation: ResourceOperation) -> str | None:
    """Return why a resource cannot be created: one of that type has its name already."""
    if operation.does != "create" or operation.physical_id:
        return None
    identifier = _identifier(operation)
    if not identifier or not taken(operation.type, identifier):
        return None
    return (
        f"Resource of type '{operation.type}' with identifier '{identifier}' already exists."
        " (HandlerErrorCode: AlreadyExists)"
    )


def _identifier(operation: ResourceOperation) -> str:
    """Return what will identify a resource; empty where CloudFormation names it."""
    from ministack.core.responses import get_account_id

    given = operation.properties
    if operation.type == "AWS::IAM::ManagedPolicy" and "ManagedPolicyName" in given:
        path = f"{given.get('Path', '/')}{given['ManagedPolicyName']}"
        return f"arn:aws:iam::{get_account_id()}:policy{path}"
    return name(operation.type, given)


def name(kind: str, defined: Mapping[str, Any]) -> str:
    """Return what identifies a resource, if its template says it; empty where its service makes that up."""
    identifier = schemas.identifier(kind)
    found = defined.get(identifier[0]) if len(identifier) == 1 else None
    return found if isinstance(found, str) else ""


def taken(kind: str, identifier: str) -> bool:
    """Return whether there is a resource of a type with an identifier, in a stack or outside of all."""
    return identifier in _outside(kind) or any(
        each["ResourceType"] == kind and each["PhysicalResourceId"] == identifier
        for stack in _stacks().values()
        for each in stack["_resources"].values()
    )


def _outside(kind: str) -> Container[str]:
    """Return the names that a service knows itself; none for a type that it keeps no names of here."""
    from ministack.services import cloudwatch_logs, codebuild, dynamodb, iam, kms, lambda_svc, s3

    match kind:
        case "AWS::S3::Bucket":
            return set(s3._buckets)
        case "AWS::KMS::Alias":
            return {arn.split(":", 5)[5] for arn in kms._aliases}
    known: dict[str, Container[str]] = {
        "AWS::CodeBuild::Project": codebuild._projects,
        "AWS::DynamoDB::Table": dynamodb._tables,
        "AWS::IAM::Group": iam._groups,
        "AWS::IAM::InstanceProfile": iam._instance_profiles,
        "AWS::IAM::ManagedPolicy": iam._policies,
        "AWS::IAM::Role": iam._roles,
        "AWS::IAM::User": iam._users,
        "AWS::Lambda::Function": lambda_svc._functions,
        "AWS::Logs::LogGroup": cloudwatch_logs._log_groups,
    }
    return known.get(kind, ())


def _stacks() -> Any:
    from ministack.services import cloudformation

    return cloudformation._stacks
