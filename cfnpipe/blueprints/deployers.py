"""The two roles of CloudFormation: one for ordinary stacks, one for the stacks that are the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awacs.codebuild
import awacs.codeconnections
import awacs.codepipeline
import awacs.codestar_connections
import awacs.events
import awacs.iam
import awacs.kms
import awacs.logs
import awacs.s3
import awacs.sns
from awacs.aws import (
    Action,
    ArnLike,
    ForAnyValueStringLike,
    Null,
    StringEquals,
)

from cfnpipe import names
from cfnpipe.blueprints import parts, permissions, sources
from cfnpipe.model import INIT_STACKS, ConnectionSource

if TYPE_CHECKING:
    from awacs.aws import Statement
    from troposphere import Sub

    from cfnpipe.model import Environment

ANY = f"{names.PREFIX}_*"
"""Whatever cfnpipe owns, in this environment and in every other one of the account."""


def guard(environment: Environment) -> list[Statement]:
    """Return what the stack deployer must leave alone, whatever its managed policies allow.

    Everything that cfnpipe owns is denied by name, with every action, those of tomorrow included; and
    once more by its tag and by the key's alias, because pipelines of other environments and keys
    cannot be told by name. Attaching one of cfnpipe's policies to somebody is an action on that
    somebody, hence `LeavePeople`. A policy of the account's logs takes in the process's logs as well.
    """
    attach = parts.actions(
        awacs.iam,
        "AttachGroupPolicy AttachRolePolicy AttachUserPolicy"
        " DetachGroupPolicy DetachRolePolicy DetachUserPolicy",
    )
    alias = f"alias/{ANY}"
    return [
        parts.deny("LeaveByName", [Action("*")], _everything(environment)),
        parts.deny("LeaveByTag", [Action("*")], ["*"], Null(f"aws:ResourceTag/{names.OWNED}", "false")),
        parts.deny(
            "LeaveKeys", [awacs.kms.Action("*")], ["*"], ForAnyValueStringLike("kms:ResourceAliases", alias)
        ),
        parts.deny("LeavePeople", attach, ["*"], ArnLike("iam:PolicyARN", parts.iam(f"policy/{ANY}"))),
        parts.deny("LeaveLogs", parts.actions(awacs.logs, "DeleteAccountPolicy PutAccountPolicy"), ["*"]),
        *_leave_groups(environment),
        *_leave_connection(environment),
    ]


def _leave_groups(environment: Environment) -> list[Statement]:
    """Return the refusal of the groups that get policies, which may have a path before their name."""
    groups = sorted({group for groups in environment.access.groups.values() for group in groups})
    where = [parts.iam(f"group/{path}{group}") for group in groups for path in ("", "*/")]
    return [parts.deny("LeaveGroups", [awacs.iam.Action("*")], where)] if where else []


def _leave_connection(environment: Environment) -> list[Statement]:
    source = sources.source(environment)
    if not isinstance(source, ConnectionSource):
        return []
    every = [awacs.codeconnections.Action("*"), awacs.codestar_connections.Action("*")]
    return [parts.deny("LeaveConnection", every, sources.both_spellings(source.connection))]


def _everything(environment: Environment) -> list[Sub]:
    """Return patterns for everything with a name of cfnpipe's, in any region."""
    pipelines = names.pipeline(environment.name, "*")
    buckets = f"{names.PREFIX}-*"
    return [
        *(parts.iam(f"{kind}/{ANY}") for kind in ("role", "policy")),
        *(parts.arn("s3", pattern, region="", account="") for pattern in (buckets, f"{buckets}/*")),
        *(parts.arn("codepipeline", pattern, region="*") for pattern in (pipelines, f"{pipelines}/*")),
        parts.arn("codebuild", f"*/{ANY}", region="*"),
        parts.arn("events", f"rule/{ANY}", region="*"),
        parts.arn("sns", ANY, region="*"),
        parts.arn("kms", f"alias/{ANY}", region="*"),
        parts.arn("logs", f"log-group:{names.log_group(ANY)}", region="*"),
        *(parts.stack_arn(environment, stack) for stack in INIT_STACKS),
    ]


def init_deployer(environment: Environment) -> list[Statement]:
    """Return what it takes to create, change and remove what the init stacks hold, by their names.

    The actions are those that the resource types' handlers call (the permissions in their published
    schemas), for the properties that the init stacks use.
    """
    serving = [parts.role(environment, what) for what in SERVING]
    return [
        *identity(environment),
        permissions.pass_role(serving, "codebuild", "codepipeline", "events"),
        *_storage(environment),
        *_process(environment),
    ]


def identity(environment: Environment) -> list[Statement]:
    """Return what it takes to create, change and remove the roles and policies of `access`."""
    ours = parts.iam(f"policy/{names.owned(environment.name, '*')}")
    role = parts.actions(
        awacs.iam,
        "AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy"
        " ListAttachedRolePolicies ListRolePolicies ListRoleTags PutRolePolicy TagRole UntagRole"
        " UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
    )
    policy = parts.actions(
        awacs.iam,
        "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion"
        " ListEntitiesForPolicy ListPolicyVersions",
    )
    group = parts.actions(awacs.iam, "AttachGroupPolicy DetachGroupPolicy")
    return [
        parts.allow("Roles", role, [parts.role(environment, "*")]),
        parts.allow("Policies", policy, [ours]),
        parts.allow("Groups", group, [parts.iam("group/*")], ArnLike("iam:PolicyARN", ours)),
    ]


SERVING = (
    "sync-pipeline",
    "stack-pipelines",
    "init-pipelines",
    "validate",
    "sync",
    "protect",
    "resume",
    "events",
)
"""The roles that pipelines, projects and rules are given; the deployers are handed out by pipelines only."""


def _storage(environment: Environment) -> list[Statement]:
    tag = "cfnpipe:environment"
    bucket = [
        *parts.actions(
            awacs.s3, "CreateBucket DeleteBucket DeleteBucketPolicy ListBucket ListTagsForResource"
        ),
        *map(awacs.s3.Action, ("GetBucket*", "Get*Configuration", "PutBucket*", "Put*Configuration")),
        *parts.actions(awacs.s3, "TagResource UntagResource"),
    ]
    key = parts.actions(
        awacs.kms,
        "CreateAlias DeleteAlias DescribeKey DisableKey DisableKeyRotation EnableKey EnableKeyRotation"
        " GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy ScheduleKeyDeletion TagResource"
        " UntagResource UpdateAlias UpdateKeyDescription",
    )
    keys = [parts.arn("kms", "key/*")]
    alias = parts.actions(awacs.kms, "CreateAlias DeleteAlias UpdateAlias")
    aliases = [parts.arn("kms", names.key_alias(environment.name))]
    create = parts.actions(awacs.kms, "CreateKey TagResource")
    return [
        parts.allow("Buckets", bucket, [parts.bucket(environment, "*")]),
        parts.allow("Key", key, keys, StringEquals(f"aws:ResourceTag/{tag}", environment.name)),
        parts.allow("NewKey", create, ["*"], StringEquals(f"aws:RequestTag/{tag}", environment.name)),
        parts.allow("Alias", alias, aliases),
        parts.allow("Lists", _lists(), ["*"]),
    ]


def _lists() -> list[Action]:
    """Return the lists that handlers go through; they know no resource and show names only."""
    return [
        *parts.actions(awacs.kms, "ListAliases ListKeys"),
        *parts.actions(awacs.logs, "DescribeIndexPolicies DescribeLogGroups DescribeResourcePolicies"),
        awacs.s3.ListAllMyBuckets,
        awacs.sns.ListTopics,
    ]


def _process(environment: Environment) -> list[Statement]:
    name = names.owned(environment.name, "*")
    topic = parts.actions(
        awacs.sns,
        "CreateTopic DeleteTopic GetDataProtectionPolicy GetSubscriptionAttributes GetTopicAttributes"
        " ListSubscriptionsByTopic ListTagsForResource SetSubscriptionAttributes SetTopicAttributes"
        " Subscribe TagResource Unsubscribe UntagResource",
    )
    log_group = parts.actions(
        awacs.logs,
        "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey"
        " GetDataProtectionPolicy ListTagsForResource PutRetentionPolicy TagResource UntagResource",
    )
    project = parts.actions(awacs.codebuild, "BatchGetProjects CreateProject DeleteProject UpdateProject")
    rule = parts.actions(
        awacs.events,
        "DeleteRule DescribeRule ListTagsForResource ListTargetsByRule PutRule PutTargets RemoveTargets"
        " TagResource UntagResource",
    )
    pipeline = parts.actions(
        awacs.codepipeline,
        "CreatePipeline DeletePipeline DisableStageTransition EnableStageTransition GetPipeline"
        " GetPipelineState ListTagsForResource StartPipelineExecution TagResource UntagResource"
        " UpdatePipeline",
    )
    pipelines = [parts.pipelines(environment), parts.pipelines(environment, action="/*")]
    logs = parts.arn("logs", f"log-group:{names.log_group(name)}")
    return [
        parts.allow("Topics", topic, [parts.arn("sns", name)]),
        parts.allow("LogGroups", log_group, [logs]),
        parts.allow("Projects", project, [parts.project(environment, "*")]),
        parts.allow("Rules", rule, [parts.arn("events", f"rule/{name}")]),
        parts.allow("Pipelines", pipeline, pipelines),
        *_pass_connection(environment),
    ]


def _pass_connection(environment: Environment) -> list[Statement]:
    source = sources.source(environment)
    if not isinstance(source, ConnectionSource):
        return []
    hand_on = [awacs.codeconnections.PassConnection, awacs.codestar_connections.PassConnection]
    return [parts.allow("PassConnection", hand_on, sources.both_spellings(source.connection))]
