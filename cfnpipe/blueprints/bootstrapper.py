"""What whoever runs `deploy-init` may do, where that is not somebody who may do everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awacs.cloudformation
import awacs.codeconnections
import awacs.codepipeline
import awacs.codestar_connections
import awacs.s3
from troposphere import encode_to_dict

from cfnpipe import names
from cfnpipe.blueprints import deployers, parts, permissions, sources
from cfnpipe.model import BY_HAND, ConnectionSource

if TYPE_CHECKING:
    from awacs.aws import Statement

    from cfnpipe.model import Environment


def policy(environment: Environment, partition: str) -> dict[str, Any]:
    """Return the policy of a person, as JSON values without any intrinsic function.

    `partition`: `aws`, `aws-cn`, `aws-us-gov`. Raise `BadInput` for an environment without a source.
    """
    pseudo = {
        "AWS::AccountId": str(environment.account),
        "AWS::Partition": partition,
        "AWS::Region": environment.region,
    }
    written = encode_to_dict(parts.document(*statements(environment)))
    return dict(_filled(written, pseudo))


def statements(environment: Environment) -> list[Statement]:
    """Return what it takes to make `access` and `sync`, to repair them, and to watch what follows.

    `access` is made without a role, so the rights of its role's handlers are the caller's own; those are
    what the init deployer has for them afterwards.
    """
    return [
        *_stacks(environment),
        *deployers.identity(environment),
        permissions.pass_role([parts.role(environment, "init-deployer")], "cloudformation"),
        *_watch(environment),
    ]


def _stacks(environment: Environment) -> list[Statement]:
    change = parts.actions(
        awacs.cloudformation,
        "CancelUpdateStack ContinueUpdateRollback CreateChangeSet DeleteChangeSet DeleteStack"
        " ExecuteChangeSet RollbackStack SetStackPolicy TagResource UntagResource"
        " UpdateTerminationProtection",
    )
    look = parts.actions(
        awacs.cloudformation,
        "DescribeChangeSet DescribeEvents DescribeStackEvents DescribeStacks GetStackPolicy GetTemplate"
        " ListChangeSets",
    )
    made = [parts.stack_arn(environment, stack) for stack in BY_HAND]
    # DescribeEvents is asked for a change set alone, by its ARN, and need not be taken for its stack's.
    change_sets = parts.arn("cloudformation", f"changeSet/{names.CHANGE_SETS_BY_HAND}*")
    return [
        parts.allow("ChangeStacks", change, made),
        parts.allow("SeeStacks", look, [*made, parts.stack_arn(environment, "pipelines"), change_sets]),
    ]


def _watch(environment: Environment) -> list[Statement]:
    run = parts.actions(awacs.codepipeline, "GetPipelineState ListPipelineExecutions StartPipelineExecution")
    sync = parts.arn("codepipeline", names.sync_pipeline(environment.name))
    bundle = parts.bucket(environment, "source", names.bundle_key("pipelines"))
    return [
        parts.allow("WatchPipelines", run, [sync, parts.pipelines(environment, "pipelines")]),
        parts.allow("SeeBundle", [awacs.s3.GetObject], [bundle], permissions.OURS),
        parts.allow(
            "MissBundle", [awacs.s3.ListBucket], [parts.bucket(environment, "source")], permissions.OURS
        ),
        *_connection(environment),
    ]


def _connection(environment: Environment) -> list[Statement]:
    source = sources.source(environment)
    if not isinstance(source, ConnectionSource):
        return []
    look = [awacs.codeconnections.GetConnection, awacs.codestar_connections.GetConnection]
    return [parts.allow("SeeConnection", look, sources.both_spellings(source.connection))]


def _filled(value: Any, pseudo: dict[str, str]) -> Any:
    """Return a value of a template with its pseudo parameters filled in; there are no others in policies."""
    match value:
        case {"Ref": name}:
            return pseudo[name]
        case {"Fn::Sub": str(text)}:
            for name, known in pseudo.items():
                text = text.replace(f"${{{name}}}", known)
            return text
        case dict():
            return {key: _filled(each, pseudo) for key, each in value.items()}
        case list():
            return [_filled(each, pseudo) for each in value]
    return value
