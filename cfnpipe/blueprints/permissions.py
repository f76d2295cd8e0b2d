"""What each service role may do: one function a role, least privilege on exact ARNs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awacs.cloudformation
import awacs.codebuild
import awacs.codepipeline
import awacs.iam
import awacs.kms
import awacs.logs
import awacs.s3
import awacs.sns
from awacs.aws import ForAnyValueStringEquals, StringEquals, StringEqualsIfExists, StringLike
from troposphere import Ref, Sub

from cfnpipe import names
from cfnpipe.blueprints import parts, sources
from cfnpipe.model import INIT_STACKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from awacs.aws import Statement

    from cfnpipe.model import Environment

OURS = StringEquals("aws:ResourceAccount", Ref("AWS::AccountId"))
"""A bucket of this account: a name that somebody else took first is of no use."""
_WORK_ON = (
    "GetObject GetObjectTagging GetObjectVersion GetObjectVersionTagging"
    " PutObject PutObjectAcl PutObjectTagging"
)
"""What a pipeline asks of its artifacts, at least where a connection is its source (action reference of
CodeStarSourceConnection). The buckets know no ACLs, so that PutObjectAcl gives nothing to anybody."""


def sync_pipeline(environment: Environment) -> list[Statement]:
    """Return what the sync pipeline may do: fetch the checkout, run Validate and Sync."""
    return [
        *sources.read(environment),
        _artifacts(environment, _WORK_ON, names.sync_pipeline(environment.name)),
        _artifact_bucket(environment),
        _key(environment, "Decrypt GenerateDataKey", "s3"),
        _run(environment, "validate", "sync"),
    ]


def stack_pipelines(environment: Environment) -> list[Statement]:
    """Return what the pipelines of ordinary stacks may do, the init stacks being none of them."""
    init_stacks = [parts.stack_arn(environment, stack) for stack in INIT_STACKS]
    retired = [
        parts.stack_arn(environment, name) for name, stack in environment.stacks.items() if stack.retire
    ]
    others = [names.sync_pipeline(environment.name), *_init_pipelines(environment)]
    return [
        *_deploying(environment, [parts.stack_arn(environment)]),
        _run(environment, "protect"),
        pass_role([parts.role(environment, "stack-deployer")], "cloudformation"),
        parts.deny("LeaveInitStacks", [awacs.cloudformation.Action("*")], init_stacks),
        parts.deny("LeaveArtifacts", [awacs.s3.Action("*")], _artifact_arns(environment, others)),
        *_delete(retired),
    ]


def _delete(retired: Sequence[Sub]) -> list[Statement]:
    return [parts.allow("DeleteRetired", [awacs.cloudformation.DeleteStack], retired)] if retired else []


def init_pipelines(environment: Environment) -> list[Statement]:
    """Return what the pipelines of the init stacks may do: the same, and start the sync pipeline."""
    return [
        *_deploying(
            environment,
            [parts.stack_arn(environment, stack) for stack in INIT_STACKS],
            *_init_pipelines(environment),
        ),
        _run(environment, "protect", "resume"),
        pass_role([parts.role(environment, "init-deployer")], "cloudformation"),
    ]


def _init_pipelines(environment: Environment) -> list[str]:
    return [names.pipeline(environment.name, stack) for stack in INIT_STACKS]


def _deploying(environment: Environment, stacks: Sequence[Sub], *pipelines: str) -> list[Statement]:
    """Return what it takes to carry a bundle into stacks, with the artifacts of some pipelines or of all."""
    change = parts.actions(
        awacs.cloudformation,
        "CreateChangeSet DeleteChangeSet DescribeChangeSet DescribeStackEvents DescribeStacks"
        " ExecuteChangeSet TagResource UntagResource",
    )
    ours = StringEqualsIfExists("cloudformation:ChangeSetName", names.CHANGE_SET)
    return [
        *sources.s3_read(
            parts.bucket(environment, "source"), parts.bucket(environment, "source", "stacks/*")
        ),
        _artifacts(environment, _WORK_ON, *pipelines),
        _artifact_bucket(environment),
        _key(environment, "Decrypt GenerateDataKey", "s3", "sns"),
        parts.allow("ChangeStacks", change, stacks, ours),
        parts.allow("AskForReview", [awacs.sns.Publish], [parts.arn("sns", names.topic(environment.name))]),
    ]


def validate(environment: Environment) -> list[Statement]:
    """Return what Validate may do, where definitions run: read the checkout and write its log."""
    return _build(environment, "validate", names.sync_pipeline(environment.name))


def sync(environment: Environment) -> list[Statement]:
    """Return what Sync may do: write bundles, start stacks' pipelines, and see what became of them.

    It must not start its own pipeline: a start can name a commit that nobody merged.
    """
    bucket, bundles = parts.bucket(environment, "source"), parts.bucket(environment, "source", "stacks/*")
    look = parts.actions(awacs.s3, "ListBucket GetBucketVersioning")
    write = parts.actions(awacs.s3, "GetObject PutObject DeleteObject")
    start = awacs.codepipeline.StartPipelineExecution
    see = parts.actions(
        awacs.codepipeline,
        "GetPipelineExecution GetPipelineState ListActionExecutions ListPipelineExecutions",
    )
    own = names.sync_pipeline(environment.name)
    return [
        *_build(environment, "sync", own, key_use="Decrypt GenerateDataKey"),
        parts.allow("ListBundles", look, [bucket], OURS),
        parts.allow("WriteBundles", write, [bundles], OURS),
        parts.allow("StartPipelines", [start, *see], [parts.pipelines(environment)]),
        parts.deny("LeaveOwnPipeline", [start], [parts.arn("codepipeline", own)]),
    ]


def protect(environment: Environment) -> list[Statement]:
    """Return what Protect may do to a stack: say what must not happen to it."""
    guard = parts.actions(awacs.cloudformation, "SetStackPolicy UpdateTerminationProtection")
    return [
        *_build(environment, "protect"),
        parts.allow("ProtectStacks", guard, [parts.stack_arn(environment)]),
    ]


def resume(environment: Environment) -> list[Statement]:
    """Return what Resume may do: start the sync pipeline."""
    start, own = [awacs.codepipeline.StartPipelineExecution], names.sync_pipeline(environment.name)
    return [
        *_build(environment, "resume", *_init_pipelines(environment)),
        parts.allow("StartSync", start, [parts.arn("codepipeline", own)]),
    ]


def events(environment: Environment) -> list[Statement]:
    """Return what EventBridge may do: start this environment's pipelines."""
    start = [awacs.codepipeline.StartPipelineExecution]
    return [parts.allow("StartPipelines", start, [parts.pipelines(environment)])]


def _build(
    environment: Environment, project: str, *pipelines: str, key_use: str = "Decrypt"
) -> list[Statement]:
    """Return what every CodeBuild job needs: its input and its log."""
    log_group = names.log_group(names.owned(environment.name, project))
    write = parts.actions(awacs.logs, "CreateLogStream PutLogEvents")
    return [
        parts.allow("WriteLog", write, [parts.arn("logs", f"log-group:{log_group}:*")]),
        _artifacts(environment, "GetObject GetObjectVersion", *pipelines),
        _key(environment, key_use, "s3"),
    ]


def _artifacts(environment: Environment, listed: str, *pipelines: str) -> Statement:
    """Return access to the artifacts of some pipelines, or of all."""
    where = _artifact_arns(environment, pipelines) or [parts.bucket(environment, "artifacts", "*")]
    return parts.allow("Artifacts", parts.actions(awacs.s3, listed), where, OURS)


def _artifact_arns(environment: Environment, pipelines: Sequence[str]) -> list[Sub]:
    prefixes = [names.artifact_prefix(pipeline) for pipeline in pipelines]
    return [parts.bucket(environment, "artifacts", f"{prefix}/*") for prefix in prefixes]


def _artifact_bucket(environment: Environment) -> Statement:
    """Return what CodePipeline asks of the bucket itself."""
    where = [parts.bucket(environment, "artifacts")]
    return parts.allow("ArtifactBucket", sources.READ_BUCKET, where, OURS)


def _key(environment: Environment, listed: str, *services: str) -> Statement:
    """Return the use of the environment's key through other services; `sync` makes the key later."""
    return parts.allow(
        "UseKey",
        parts.actions(awacs.kms, listed),
        [parts.arn("kms", "key/*")],
        ForAnyValueStringEquals("kms:ResourceAliases", names.key_alias(environment.name)),
        StringLike(
            "kms:ViaService", [Sub(f"{service}.${{AWS::Region}}.amazonaws.com*") for service in services]
        ),
    )


def _run(environment: Environment, *projects: str) -> Statement:
    """Return the permission to run CodeBuild projects and to wait for them."""
    run = parts.actions(awacs.codebuild, "StartBuild BatchGetBuilds")
    return parts.allow("RunBuilds", run, [parts.project(environment, project) for project in projects])


def pass_role(where: Sequence[Sub], *services: str) -> Statement:
    """Return the permission to hand roles to AWS services, and to no other."""
    receivers = [f"{service}.amazonaws.com" for service in services]
    return parts.allow(
        "PassRole", [awacs.iam.PassRole], where, StringEquals("iam:PassedToService", receivers)
    )
