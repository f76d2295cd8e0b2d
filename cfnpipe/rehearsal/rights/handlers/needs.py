"""Which permissions an operation needs: those of the type's schema, without what its properties do not use.

A schema lists under `handlers` all that its handler may ever call. What belongs to a property is needed
only by a resource that has it, or had it before; the tables say which. What IAM's reference does not
know (`s3:REST.PUT.OBJECT`) is no action, and nobody can be given it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cfnpipe.rehearsal.rights.handlers.operation import known
from cfnpipe.rehearsal.rights.patterns import matches

if TYPE_CHECKING:
    from cfnpipe.rehearsal.rights.handlers.operation import Operation

_ONLY_WITH: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS::CodePipeline::Pipeline": {
        "codepipeline:*StageTransition": ("DisableInboundStageTransitions",),
        "codepipeline:StartPipelineExecution": ("RestartExecutionOnUpdate",),
    },
    "AWS::IAM::ManagedPolicy": {
        "iam:*GroupPolicy": ("Groups",),
        "iam:*RolePolicy": ("Roles",),
        "iam:*UserPolicy": ("Users",),
    },
    "AWS::IAM::Role": {
        "iam:*RolePermissionsBoundary": ("PermissionsBoundary",),
    },
    "AWS::KMS::Key": {
        "kms:*ableKey": ("Enabled",),
        "kms:*ableKeyRotation": ("EnableKeyRotation",),
    },
    "AWS::Logs::LogGroup": {
        "firehose:TagDeliveryStream": ("DataProtectionPolicy",),  # Where findings of the policy go.
        "logs:*KmsKey": ("KmsKeyId",),
        "logs:CreateLogDelivery": ("DataProtectionPolicy",),
        "logs:DeleteDataProtectionPolicy": ("DataProtectionPolicy",),
        "logs:DeleteIndexPolicy": ("FieldIndexPolicies",),
        "logs:DeleteResourcePolicy": ("ResourcePolicyDocument",),
        "logs:PutBearerTokenAuthentication": ("BearerTokenAuthenticationEnabled",),
        "logs:PutDataProtectionPolicy": ("DataProtectionPolicy",),
        "logs:PutIndexPolicy": ("FieldIndexPolicies",),
        "logs:PutLogGroupDeletionProtection": ("DeletionProtectionEnabled",),
        "logs:PutResourcePolicy": ("ResourcePolicyDocument",),
    },
    "AWS::S3::Bucket": {
        "iam:PassRole": ("ReplicationConfiguration",),
        "s3:*AccelerateConfiguration": ("AccelerateConfiguration",),
        "s3:*AnalyticsConfiguration": ("AnalyticsConfigurations",),
        "s3:*BucketAbac": ("AbacStatus",),
        "s3:*BucketCORS": ("CorsConfiguration",),
        "s3:*BucketMetadata*TableConfiguration": ("MetadataConfiguration", "MetadataTableConfiguration"),
        "s3:*BucketObjectLockConfiguration": ("ObjectLockConfiguration", "ObjectLockEnabled"),
        "s3:*BucketWebsite": ("WebsiteConfiguration",),
        "s3:*IntelligentTieringConfiguration": ("IntelligentTieringConfigurations",),
        "s3:*InventoryConfiguration": ("InventoryConfigurations",),
        "s3:*MetricsConfiguration": ("MetricsConfigurations",),
        "s3:*ReplicationConfiguration": ("ReplicationConfiguration",),
        "s3:DeleteObject": ("MetadataTableConfiguration",),  # No other property of a bucket's is an object.
        "s3:GetBucketAcl": ("AccessControl", "LoggingConfiguration"),
        "s3:PutBucketAcl": ("AccessControl",),
        "s3:PutObjectAcl": ("AccessControl",),
        "s3tables:*": ("MetadataConfiguration", "MetadataTableConfiguration"),
    },
    "AWS::SNS::Subscription": {
        "iam:*Role": ("SubscriptionRoleArn",),
    },
    "AWS::SNS::Topic": {
        "iam:*Role": ("DeliveryStatusLogging",),
        "sns:PutDataProtectionPolicy": ("DataProtectionPolicy",),
        "sns:Subscribe": ("Subscription",),
        "sns:Unsubscribe": ("Subscription",),
    },
}
"""For each type: what its handler calls only for a resource with one of the properties."""

_OF_OLD_KIND = {
    "AWS::CodeBuild::Project": {
        "create": ("codebuild:CreateProject", "iam:PassRole"),
        "read": ("codebuild:BatchGetProjects",),
        "update": ("codebuild:BatchGetProjects", "codebuild:UpdateProject", "iam:PassRole"),
        "delete": ("codebuild:BatchGetProjects", "codebuild:DeleteProject"),
    },
    "AWS::IAM::UserToGroupAddition": {
        "create": ("iam:AddUserToGroup",),
        "read": (),
        "update": ("iam:AddUserToGroup", "iam:RemoveUserFromGroup"),
        "delete": ("iam:RemoveUserFromGroup",),
    },
}
"""Types of an old kind, whose schemas list no handlers: what their services' APIs have for it."""


@cache
def listed(kind: str, does: str) -> tuple[str, ...]:
    """Return what a type's schema lists for an operation, or for its tags (`does` being `tagging`).

    Types of an old kind need what their tables say, or the action with the type's name, if there is one.
    Types that are not AWS's (`Custom::...`) need nothing.
    """
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

    if kind in _OF_OLD_KIND:
        return _OF_OLD_KIND[kind].get(does, ())
    if not kind.startswith("AWS::"):
        return ()
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    except ResourceNotFoundError:
        return ()
    handlers = schema.get("handlers") or _by_name(kind)
    listing = schema.get("tagging", {}) if does == "tagging" else handlers.get(does, {})
    return tuple(listing.get("permissions", ()))


def _by_name(kind: str) -> dict[str, dict[str, list[str]]]:
    _, service, name = kind.split("::")
    verbs = {"create": "Create", "read": "Describe", "update": "Update", "delete": "Delete"}
    return {does: {"permissions": [f"{service.lower()}:{verb}{name}"]} for does, verb in verbs.items()}


def needed(operation: Operation) -> list[str]:
    """Return the actions that an operation needs. What is made or changed is tagged, and read afterwards."""
    changes = operation.does in ("create", "update")
    tags = ("tagging",) if changes and operation.uses(("Tags",)) else ()
    also = (*tags, "read") if changes else ()
    every = [each for does in (operation.does, *also) for each in listed(operation.type, does)]
    only = _ONLY_WITH.get(operation.type, {})
    return [
        action
        for action in dict.fromkeys(every)
        if known(action) is not None
        and all(operation.uses(names) for pattern, names in only.items() if matches(pattern, action))
    ]
