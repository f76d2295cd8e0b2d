"""The calls of an environment's principals: all that their jobs take, and the ways around the process."""

from __future__ import annotations

import json
from typing import Any

from tests.environments import CONNECTION
from tests.gated_aws import ACCOUNT, REGION

NAME = "production-us"
TEMPLATE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
TAGS = [{"Key": "Owner", "Value": "platform"}]


def who(what: str) -> str:
    return f"cfnpipe_{NAME}_{what}"


def arn(service: str, resource: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


def role(what: str) -> str:
    return arn("iam", f"role/{who(what)}", "")


def policy(what: str) -> str:
    return arn("iam", f"policy/{who(what)}", "")


def bucket(what: str) -> str:
    return f"cfnpipe-{NAME}-{what}-{ACCOUNT}-{REGION}"


SOURCE, ARTIFACTS = bucket("source"), bucket("artifacts")
BUNDLE, CHECKOUT = "stacks/network/bundle.zip", "cfnpipe_sync_product/Checkout/a"
ARTIFACT, INIT_ARTIFACT = "network_production-u/Bundle/a", "access_production-us/Bundle/a"
GROUP = "/aws/codebuild/cfnpipe_production-us"
TOPIC = arn("sns", who("notify"))


def change_set(stack: str, deployer: str, **more: Any) -> dict[str, Any]:
    """A change, which behind the gate fails for an init stack: all here live on those."""
    return {
        "StackName": f"{NAME}-{stack}",
        "ChangeSetName": "cfnpipe",
        "ChangeSetType": "UPDATE" if stack == "network" else "CREATE",
        "TemplateBody": TEMPLATE,
        "RoleARN": role(deployer),
        "Tags": TAGS,
        **more,
    }


def named(stack: str) -> dict[str, str]:
    return {"StackName": f"{NAME}-{stack}", "ChangeSetName": "cfnpipe"}


def at(where: str, key: str, **more: Any) -> dict[str, Any]:
    return {"Bucket": where, "Key": key, **more}


def approval(pipeline: str, review: str) -> dict[str, Any]:
    result = {"summary": "read", "status": "Approved"}
    stage = {"pipelineName": f"{pipeline}_{NAME}", "stageName": "Deploy", "actionName": f"Approve-{review}"}
    return {**stage, "result": result, "token": "token"}


PIPELINE = f"network_{NAME}"
EVENT = {"logEvents": [{"timestamp": 1, "message": "a"}]}
Call = tuple[str, str, str, dict[str, Any]]
"""Who, service, call, arguments."""


def artifacts(name: str, key: str) -> list[Call]:
    """What CodePipeline asks of the artifacts that a pipeline works on."""
    read, written = at(ARTIFACTS, key), {"Body": b"zip", "Tagging": "a=b", "ACL": "private"}
    return [
        *((name, "s3", call, {"Bucket": ARTIFACTS}) for call in BUCKET_CALLS),
        (name, "s3", "put_object", {**read, **written}),
        *((name, "s3", call, read) for call in OBJECT_CALLS),
        *((name, "s3", call, {**read, "VersionId": "1"}) for call in OBJECT_CALLS),
    ]


BUCKET_CALLS = ("get_bucket_versioning", "get_bucket_location", "get_bucket_acl")
OBJECT_CALLS = ("get_object", "get_object_tagging")


def deployment(name: str, stack: str, deployer: str, key: str) -> list[Call]:
    """What a pipeline does with a stack, from its bundle to its protection."""
    bundle, there = at(SOURCE, BUNDLE), {"StackName": f"{NAME}-{stack}"}
    return [
        *((name, "s3", call, {"Bucket": SOURCE}) for call in BUCKET_CALLS),
        *((name, "s3", call, bundle) for call in OBJECT_CALLS),
        *((name, "s3", call, {**bundle, "VersionId": "1"}) for call in OBJECT_CALLS),
        *artifacts(name, key),
        (name, "cloudformation", "create_change_set", change_set(stack, deployer)),
        (name, "cloudformation", "describe_change_set", named(stack)),
        (name, "sns", "publish", {"TopicArn": TOPIC, "Message": "review"}),
        (name, "cloudformation", "execute_change_set", named(stack)),
        (name, "cloudformation", "delete_change_set", named(stack)),
        (name, "cloudformation", "describe_stacks", there),
        (name, "cloudformation", "describe_stack_events", there),
        (name, "codebuild", "start_build", {"projectName": who("protect")}),
        (name, "codebuild", "batch_get_builds", {"ids": [f"{who('protect')}:0"]}),
    ]


def build(name: str, artifact: str) -> list[Call]:
    """What every CodeBuild job does: take its input, write its log."""
    log = {"logGroupName": f"{GROUP}_{name}", "logStreamName": "s"}
    return [
        (name, "logs", "create_log_stream", log),
        (name, "logs", "put_log_events", {**log, **EVENT}),
        (name, "s3", "get_object", at(ARTIFACTS, artifact)),
        (name, "s3", "get_object", at(ARTIFACTS, artifact, VersionId="1")),
    ]


JOBS: list[Call] = [
    *artifacts("sync-pipeline", CHECKOUT),
    ("sync-pipeline", "codebuild", "start_build", {"projectName": who("validate")}),
    ("sync-pipeline", "codebuild", "start_build", {"projectName": who("sync")}),
    ("sync-pipeline", "codebuild", "batch_get_builds", {"ids": [f"{who('sync')}:0"]}),
    *deployment("stack-pipelines", "network", "stack-deployer", ARTIFACT),
    ("stack-pipelines", "cloudformation", "create_change_set", change_set("new", "stack-deployer")),
    *deployment("init-pipelines", "access", "init-deployer", INIT_ARTIFACT),
    ("init-pipelines", "codebuild", "start_build", {"projectName": who("resume")}),
    *build("validate", CHECKOUT),
    *build("sync", CHECKOUT),
    *build("resume", INIT_ARTIFACT),
    *build("protect", ARTIFACT),
    ("sync", "s3", "head_bucket", {"Bucket": SOURCE}),
    ("sync", "s3", "list_objects_v2", {"Bucket": SOURCE, "Prefix": "stacks/"}),
    ("sync", "s3", "get_bucket_versioning", {"Bucket": SOURCE}),
    ("sync", "s3", "head_object", at(SOURCE, BUNDLE, ChecksumMode="ENABLED")),
    ("sync", "s3", "head_object", at(SOURCE, "stacks/new/bundle.zip")),
    ("sync", "s3", "put_object", at(SOURCE, BUNDLE, Body=b"zip", IfMatch="etag")),
    ("sync", "s3", "put_object", at(SOURCE, "stacks/new/bundle.zip", Body=b"zip", IfNoneMatch="*")),
    ("sync", "s3", "delete_object", at(SOURCE, "stacks/old/bundle.zip", IfMatch="etag")),
    ("sync", "codepipeline", "start_pipeline_execution", {"name": PIPELINE}),
    ("sync", "codepipeline", "get_pipeline_state", {"name": PIPELINE}),
    ("sync", "codepipeline", "list_pipeline_executions", {"pipelineName": PIPELINE}),
    ("sync", "codepipeline", "list_action_executions", {"pipelineName": PIPELINE}),
    (
        "sync",
        "codepipeline",
        "get_pipeline_execution",
        {"pipelineName": PIPELINE, "pipelineExecutionId": "0" * 36},
    ),
    (
        "protect",
        "cloudformation",
        "set_stack_policy",
        {"StackName": f"{NAME}-network", "StackPolicyBody": "{}"},
    ),
    (
        "protect",
        "cloudformation",
        "update_termination_protection",
        {"StackName": f"{NAME}-network", "EnableTerminationProtection": True},
    ),
    ("resume", "codepipeline", "start_pipeline_execution", {"name": f"cfnpipe_sync_{NAME}"}),
    ("events", "codepipeline", "start_pipeline_execution", {"name": PIPELINE}),
    ("owner", "codepipeline", "put_approval_result", approval("network", "owners")),
    ("operator", "codepipeline", "start_pipeline_execution", {"name": PIPELINE}),
    (
        "operator",
        "codepipeline",
        "stop_pipeline_execution",
        {"pipelineName": PIPELINE, "pipelineExecutionId": "0" * 36},
    ),
    ("operator", "ec2", "reboot_instances", {"InstanceIds": ["i-1"]}),
    (
        "operator",
        "cloudfront",
        "create_invalidation",
        {
            "DistributionId": "E1",
            "InvalidationBatch": {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "1"},
        },
    ),
    ("reader", "cloudformation", "describe_stacks", {"StackName": f"{NAME}-network"}),
    ("reader", "cloudformation", "list_stacks", {}),
    ("reader", "codepipeline", "get_pipeline_state", {"name": PIPELINE}),
    ("reader", "codepipeline", "list_pipelines", {}),
    ("reader", "codebuild", "batch_get_projects", {"names": [who("sync")]}),
    ("reader", "logs", "get_log_events", {"logGroupName": f"{GROUP}_sync", "logStreamName": "s"}),
    ("reader", "ec2", "describe_instances", {}),
    ("reader", "iam", "list_roles", {}),
    ("reader", "iam", "get_role", {"RoleName": who("sync")}),
    ("reader", "sns", "list_topics", {}),
    ("reader", "kms", "list_keys", {}),
    ("reader", "s3", "list_buckets", {}),
]
"""Who, service, call, arguments: all that the rendered process calls."""


NOBODY, OWN, RESOURCES = "", "an identity-based", "a resource-based"
STACK = arn("cloudformation", f"stack/{NAME}-network/*")
SELF = {"name": f"cfnpipe_sync_{NAME}"}
OBJECT = f"arn:aws:s3:::{SOURCE}/{BUNDLE}"
REFUSALS: list[tuple[str, str, str, dict[str, Any], str, str, str]] = [
    # Pass a role, by every way to create something with it.
    (
        "stack-pipelines",
        "cloudformation",
        "create_change_set",
        change_set("network", "init-deployer"),
        "iam:PassRole",
        role("init-deployer"),
        NOBODY,
    ),
    (
        "stack-pipelines",
        "cloudformation",
        "create_stack",
        {"StackName": f"{NAME}-mine", "TemplateBody": TEMPLATE, "RoleARN": role("stack-deployer")},
        "cloudformation:CreateStack",
        arn("cloudformation", f"stack/{NAME}-mine/*"),
        NOBODY,
    ),
    (
        "stack-pipelines",
        "cloudformation",
        "create_change_set",
        change_set("network", "stack-deployer", ChangeSetName="mine"),
        "cloudformation:CreateChangeSet",
        STACK,
        NOBODY,
    ),
    (
        "stack-pipelines",
        "cloudformation",
        "create_change_set",
        change_set("access", "stack-deployer"),
        "cloudformation:CreateChangeSet",
        arn("cloudformation", f"stack/{NAME}-access/*"),
        OWN,
    ),
    (
        "stack-pipelines",
        "cloudformation",
        "delete_stack",
        {"StackName": f"{NAME}-network"},
        "cloudformation:DeleteStack",
        STACK,
        NOBODY,
    ),
    (
        "init-pipelines",
        "cloudformation",
        "create_change_set",
        change_set("network", "init-deployer"),
        "cloudformation:CreateChangeSet",
        STACK,
        NOBODY,
    ),
    (
        "reader",
        "cloudformation",
        "update_stack",
        {"StackName": f"{NAME}-network", "UsePreviousTemplate": True},
        "cloudformation:UpdateStack",
        STACK,
        NOBODY,
    ),
    (
        "operator",
        "cloudformation",
        "execute_change_set",
        named("network"),
        "cloudformation:ExecuteChangeSet",
        STACK,
        NOBODY,
    ),
    # Builds with another buildspec, and projects changed.
    (
        "operator",
        "codebuild",
        "start_build",
        {"projectName": who("sync"), "buildspecOverride": "{}"},
        "codebuild:StartBuild",
        arn("codebuild", f"project/{who('sync')}"),
        NOBODY,
    ),
    (
        "stack-pipelines",
        "codebuild",
        "start_build",
        {"projectName": who("sync")},
        "codebuild:StartBuild",
        arn("codebuild", f"project/{who('sync')}"),
        NOBODY,
    ),
    (
        "reader",
        "codebuild",
        "update_project",
        {"name": who("sync")},
        "codebuild:UpdateProject",
        arn("codebuild", f"project/{who('sync')}"),
        NOBODY,
    ),
    # Pipelines bent.
    (
        "sync",
        "codepipeline",
        "start_pipeline_execution",
        SELF,
        "codepipeline:StartPipelineExecution",
        arn("codepipeline", f"cfnpipe_sync_{NAME}"),
        OWN,
    ),
    (
        "operator",
        "codepipeline",
        "start_pipeline_execution",
        SELF,
        "codepipeline:StartPipelineExecution",
        arn("codepipeline", f"cfnpipe_sync_{NAME}"),
        OWN,
    ),
    (
        "resume",
        "codepipeline",
        "start_pipeline_execution",
        {"name": PIPELINE},
        "codepipeline:StartPipelineExecution",
        arn("codepipeline", PIPELINE),
        NOBODY,
    ),
    (
        "operator",
        "codepipeline",
        "enable_stage_transition",
        {"pipelineName": PIPELINE, "stageName": "Deploy", "transitionType": "Inbound"},
        "codepipeline:EnableStageTransition",
        arn("codepipeline", f"{PIPELINE}/Deploy"),
        NOBODY,
    ),
    (
        "operator",
        "codepipeline",
        "retry_stage_execution",
        {
            "pipelineName": PIPELINE,
            "stageName": "Deploy",
            "pipelineExecutionId": "0" * 36,
            "retryMode": "FAILED_ACTIONS",
        },
        "codepipeline:RetryStageExecution",
        arn("codepipeline", f"{PIPELINE}/Deploy"),
        NOBODY,
    ),
    (
        "operator",
        "codepipeline",
        "put_action_revision",
        {
            "pipelineName": PIPELINE,
            "stageName": "Source",
            "actionName": "Bundle",
            "actionRevision": {"revisionId": "1", "revisionChangeId": "1", "created": 1},
        },
        "codepipeline:PutActionRevision",
        arn("codepipeline", f"{PIPELINE}/Source/Bundle"),
        NOBODY,
    ),
    (
        "reader",
        "codepipeline",
        "put_job_success_result",
        {"jobId": "0" * 36},
        "codepipeline:PutJobSuccessResult",
        "*",
        NOBODY,
    ),
    (
        "owner",
        "codepipeline",
        "put_approval_result",
        approval("network", "operations"),
        "codepipeline:PutApprovalResult",
        arn("codepipeline", f"{PIPELINE}/Deploy/Approve-operations"),
        OWN,
    ),
    (
        "reader",
        "codepipeline",
        "put_approval_result",
        approval("network", "owners"),
        "codepipeline:PutApprovalResult",
        arn("codepipeline", f"{PIPELINE}/Deploy/Approve-owners"),
        NOBODY,
    ),
    # Objects and buckets: not even an administrator.
    (
        "administrator",
        "s3",
        "put_object",
        at(SOURCE, BUNDLE, Body=b"mine"),
        "s3:PutObject",
        f'"{OBJECT}"',
        RESOURCES,
    ),
    (
        "administrator",
        "s3",
        "put_bucket_policy",
        {"Bucket": SOURCE, "Policy": "{}"},
        "s3:PutBucketPolicy",
        f'"arn:aws:s3:::{SOURCE}"',
        RESOURCES,
    ),
    (
        "administrator",
        "s3",
        "put_bucket_notification_configuration",
        {"Bucket": SOURCE, "NotificationConfiguration": {}},
        "s3:PutBucketNotification",
        f'"arn:aws:s3:::{SOURCE}"',
        RESOURCES,
    ),
    (
        "sync",
        "s3",
        "delete_object",
        at(SOURCE, BUNDLE, VersionId="1"),
        "s3:DeleteObjectVersion",
        f'"{OBJECT}"',
        RESOURCES,
    ),
    (
        "validate",
        "s3",
        "put_object",
        at(ARTIFACTS, CHECKOUT, Body=b"mine"),
        "s3:PutObject",
        f'"arn:aws:s3:::{ARTIFACTS}/{CHECKOUT}"',
        RESOURCES,
    ),
    (
        "sync-pipeline",
        "s3",
        "get_object",
        at(ARTIFACTS, ARTIFACT),
        "s3:GetObject",
        f'"arn:aws:s3:::{ARTIFACTS}/{ARTIFACT}"',
        NOBODY,
    ),
    (
        "stack-pipelines",
        "s3",
        "get_object",
        at(ARTIFACTS, INIT_ARTIFACT),
        "s3:GetObject",
        f'"arn:aws:s3:::{ARTIFACTS}/{INIT_ARTIFACT}"',
        OWN,
    ),
    (
        "stack-pipelines",
        "s3",
        "get_object",
        at(SOURCE, "stacks/none/bundle.zip"),
        "s3:ListBucket",
        f'"arn:aws:s3:::{SOURCE}"',
        NOBODY,
    ),
    ("reader", "s3", "get_object", at(SOURCE, BUNDLE), "s3:GetObject", f'"{OBJECT}"', NOBODY),
    # Rules, topics, keys, connections, roles.
    (
        "reader",
        "events",
        "put_rule",
        {"Name": who("network"), "EventPattern": "{}"},
        "events:PutRule",
        arn("events", f"rule/{who('network')}"),
        NOBODY,
    ),
    (
        "reader",
        "events",
        "put_targets",
        {
            "Rule": who("network"),
            "Targets": [{"Id": "1", "Arn": arn("codepipeline", PIPELINE), "RoleArn": role("events")}],
        },
        "events:PutTargets",
        arn("events", f"rule/{who('network')}"),
        NOBODY,
    ),
    (
        "reader",
        "sns",
        "subscribe",
        {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "me@example.com"},
        "SNS:Subscribe",
        TOPIC,
        NOBODY,
    ),
    (
        "reader",
        "iam",
        "create_policy_version",
        {"PolicyArn": policy("approver_owners"), "PolicyDocument": "{}"},
        "iam:CreatePolicyVersion",
        policy("approver_owners"),
        NOBODY,
    ),
    (
        "reader",
        "iam",
        "set_default_policy_version",
        {"PolicyArn": policy("approver_owners"), "VersionId": "v1"},
        "iam:SetDefaultPolicyVersion",
        policy("approver_owners"),
        NOBODY,
    ),
    (
        "stack-pipelines",
        "iam",
        "update_assume_role_policy",
        {"RoleName": who("sync"), "PolicyDocument": "{}"},
        "iam:UpdateAssumeRolePolicy",
        role("sync"),
        NOBODY,
    ),
    (
        "sync",
        "iam",
        "put_role_policy",
        {"RoleName": who("sync"), "PolicyName": "p", "PolicyDocument": "{}"},
        "iam:PutRolePolicy",
        role("sync"),
        NOBODY,
    ),
    (
        "owner",
        "iam",
        "attach_user_policy",
        {"UserName": "owner", "PolicyArn": policy("approver_operations")},
        "iam:AttachUserPolicy",
        arn("iam", "user/owner", ""),
        NOBODY,
    ),
    (
        "stack-deployer",
        "iam",
        "attach_user_policy",
        {"UserName": "owner", "PolicyArn": policy("approver_operations")},
        "iam:AttachUserPolicy",
        arn("iam", "user/owner", ""),
        OWN,
    ),
    (
        "stack-deployer",
        "iam",
        "delete_role_permissions_boundary",
        {"RoleName": who("sync")},
        "iam:DeleteRolePermissionsBoundary",
        role("sync"),
        OWN,
    ),
    (
        "reader",
        "codeconnections",
        "get_connection",
        {"ConnectionArn": CONNECTION.replace(REGION, "eu-west-1")},
        "codeconnections:GetConnection",
        CONNECTION.replace(REGION, "eu-west-1"),
        NOBODY,
    ),
    (
        "operator",
        "ec2",
        "terminate_instances",
        {"InstanceIds": ["i-1"]},
        "ec2:TerminateInstances",
        arn("ec2", "instance/i-1"),
        NOBODY,
    ),
    (
        "reader",
        "logs",
        "delete_log_group",
        {"logGroupName": f"{GROUP}_sync"},
        "logs:DeleteLogGroup",
        arn("logs", f"log-group:{GROUP}_sync:log-stream:"),
        NOBODY,
    ),
]
"""Who, service, call, arguments, and what AWS's message says: the ways to get around the process."""
