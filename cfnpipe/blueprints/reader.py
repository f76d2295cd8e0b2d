"""The reader's policy: an allow-list of metadata.

AWS's ReadOnlyAccess reads objects, parameters and messages, and SecurityAudit reads environment
variables and user data; both read pipeline jobs, credentials included. What is left out here on
purpose, beside every content: launch templates, launch configurations and spot requests (user data),
VPN connections (shared keys), task definitions and functions (environment), distributions (the
headers that origins take for a password), logs other than the process's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import awacs.acm
import awacs.autoscaling
import awacs.cloudformation
import awacs.cloudwatch
import awacs.codebuild
import awacs.codepipeline
import awacs.dynamodb
import awacs.ec2
import awacs.ecr
import awacs.ecs
import awacs.elasticache
import awacs.elasticloadbalancing
import awacs.events
import awacs.iam
import awacs.kms
import awacs.logs
import awacs.rds
import awacs.route53
import awacs.s3
import awacs.sns
import awacs.sqs
import awacs.tag

from cfnpipe import names
from cfnpipe.blueprints import parts

if TYPE_CHECKING:
    from types import ModuleType

    from awacs.aws import Statement

    from cfnpipe.model import Environment

_ACCOUNT: tuple[tuple[ModuleType, str], ...] = (
    (awacs.acm, "DescribeCertificate ListCertificates"),
    (awacs.autoscaling, "DescribeAutoScalingGroups DescribePolicies DescribeScalingActivities"),
    (awacs.cloudformation, "ListExports ListImports ListStacks"),
    (awacs.cloudwatch, "DescribeAlarmHistory DescribeAlarms GetMetricData GetMetricStatistics ListMetrics"),
    (awacs.codebuild, "ListProjects"),
    (awacs.codepipeline, "ListPipelines"),
    (awacs.dynamodb, "DescribeTable ListTables"),
    (
        awacs.ec2,
        (
            "DescribeAddresses DescribeAvailabilityZones DescribeImages DescribeInstanceStatus"
            " DescribeInstances DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls"
            " DescribeNetworkInterfaces DescribeRegions DescribeRouteTables DescribeSecurityGroupRules"
            " DescribeSecurityGroups DescribeSnapshots DescribeSubnets DescribeTags DescribeVolumes"
            " DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs"
        ),
    ),
    (awacs.ecr, "DescribeImages DescribeRepositories ListImages"),
    (awacs.ecs, "DescribeClusters DescribeServices ListClusters ListServices ListTasks"),
    (awacs.elasticache, "DescribeCacheClusters DescribeEvents DescribeReplicationGroups"),
    (
        awacs.elasticloadbalancing,
        ("DescribeListeners DescribeLoadBalancers DescribeTargetGroups DescribeTargetHealth"),
    ),
    (awacs.events, "DescribeRule ListRules"),
    (
        awacs.iam,
        (
            "GetGroup GetPolicy GetPolicyVersion GetRole GetRolePolicy ListAttachedGroupPolicies"
            " ListAttachedRolePolicies ListEntitiesForPolicy ListGroups ListPolicies ListPolicyVersions"
            " ListRolePolicies ListRoles"
        ),
    ),
    (awacs.kms, "DescribeKey GetKeyPolicy GetKeyRotationStatus ListAliases ListKeys"),
    (awacs.logs, "DescribeLogGroups DescribeLogStreams"),
    (
        awacs.rds,
        ("DescribeDBClusters DescribeDBInstances DescribeDBSnapshots DescribeDBSubnetGroups DescribeEvents"),
    ),
    (awacs.route53, "ListHostedZones ListResourceRecordSets"),
    (
        awacs.s3,
        (
            "GetBucketLocation GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging"
            " GetBucketVersioning GetEncryptionConfiguration GetLifecycleConfiguration ListAllMyBuckets"
        ),
    ),
    (awacs.sns, "GetTopicAttributes ListSubscriptionsByTopic ListTopics"),
    (awacs.sqs, "GetQueueAttributes ListQueues"),
    (awacs.tag, "GetResources"),
)
"""What is seen of the whole account."""


def statements(environment: Environment) -> list[Statement]:
    """Return what readers see: the account's metadata, and of this environment's process everything."""
    seen = [action for service, listed in _ACCOUNT for action in parts.actions(service, listed)]
    stack = parts.actions(
        awacs.cloudformation,
        "DescribeChangeSet DescribeChangeSetHooks DescribeEvents DescribeStackEvents DescribeStackResource"
        " DescribeStackResources DescribeStacks GetStackPolicy GetTemplate GetTemplateSummary"
        " ListChangeSets ListStackResources",
    )
    pipeline = parts.actions(
        awacs.codepipeline,
        "GetPipeline GetPipelineExecution GetPipelineState ListActionExecutions ListPipelineExecutions"
        " ListTagsForResource",
    )
    build = parts.actions(awacs.codebuild, "BatchGetBuilds BatchGetProjects ListBuildsForProject")
    log = parts.actions(awacs.logs, "FilterLogEvents GetLogEvents")
    versions = parts.actions(awacs.s3, "ListBucket ListBucketVersions")
    logs = f"log-group:{names.log_group(names.owned(environment.name, '*'))}"
    return [
        parts.allow("SeeAccount", seen, ["*"]),
        parts.allow("SeeStacks", stack, [parts.stack_arn(environment)]),
        parts.allow("SeePipelines", pipeline, [parts.pipelines(environment)]),
        parts.allow("SeeBuilds", build, [parts.project(environment, "*")]),
        parts.allow("SeeBuildLogs", log, [parts.arn("logs", logs)]),
        parts.allow("SeeBundles", versions, [parts.bucket(environment, "source")]),
    ]
