"""The service roles: who may take each of them on, and what for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awacs.sts
from awacs.aws import Allow, ArnLike, Principal, Statement, StringEquals
from troposphere import Ref
from troposphere.iam import Policy, Role

from cfnpipe import names
from cfnpipe.blueprints import deployers, parts, permissions

if TYPE_CHECKING:
    from collections.abc import Callable

    from awacs.aws import ConditionElement

    from cfnpipe.model import Environment

_DUTIES: dict[str, tuple[str, str, Callable[[Environment], list[Statement]]]] = {
    "sync-pipeline": ("codepipeline", "Runs the sync pipeline", permissions.sync_pipeline),
    "stack-pipelines": ("codepipeline", "Runs the pipelines of ordinary stacks", permissions.stack_pipelines),
    "init-pipelines": ("codepipeline", "Runs the pipelines of the init stacks", permissions.init_pipelines),
    "validate": ("codebuild", "Renders and compares, and may write nothing", permissions.validate),
    "sync": ("codebuild", "Writes bundles and starts pipelines", permissions.sync),
    "protect": ("codebuild", "Sets stack policies and termination protection", permissions.protect),
    "resume": ("codebuild", "Starts the sync pipeline", permissions.resume),
    "events": ("events", "Starts pipelines when what they watch changes", permissions.events),
    "stack-deployer": ("cloudformation", "Changes ordinary stacks, never the process", deployers.guard),
    "init-deployer": ("cloudformation", "Changes the init stacks", deployers.init_deployer),
}
"""For each role: the service that takes it on, what it does, what it may do."""
ROLES = tuple(_DUTIES)


def title(what: str) -> str:
    """Return the logical id of a role, which is also what its export is called: `SyncPipelineRole`."""
    return f"{names.logical_id(what)}Role"


def roles(environment: Environment) -> list[Role]:
    """Return every service role of an environment."""
    return [_role(environment, what) for what in ROLES]


def _role(environment: Environment, what: str) -> Role:
    service, does, allowed = _DUTIES[what]
    policy = Policy(PolicyName="permissions", PolicyDocument=parts.document(*allowed(environment)))
    return Role(
        title(what),
        RoleName=names.owned(environment.name, what),
        Description=f"{does}. Environment {environment.name}.",
        AssumeRolePolicyDocument=parts.document(_trust(service, *_callers(environment, what, service))),
        Policies=[policy],
        Tags=parts.tags(environment, "access"),
        **_managed_policies(environment, what),
    )


def _managed_policies(environment: Environment, what: str) -> dict[str, Any]:
    """Return the policies of the configuration, which are the stack deployer's alone."""
    chosen = [_in_partition(arn) for arn in environment.access.deployer_policies]
    return {"ManagedPolicyArns": chosen} if what == "stack-deployer" and chosen else {}


def _in_partition(arn: str) -> Any:
    """Return a managed policy's ARN; those of AWS are in every partition."""
    _, _, rest = arn.partition(":iam::aws:")
    return parts.arn("iam", rest, region="", account="aws") if rest else arn


def _trust(service: str, *when: ConditionElement) -> Statement:
    return Statement(
        Sid="Trust",
        Effect=Allow,
        Principal=Principal("Service", f"{service}.amazonaws.com"),
        Action=[awacs.sts.AssumeRole],
        **parts.condition(*when),
    )


def _callers(environment: Environment, what: str, service: str) -> list[ConditionElement]:
    """Return who the service must act for, where its documentation says that it tells.

    CodePipeline and CloudFormation are not known to send the keys, and a wrong condition would stop
    every pipeline; who may pass their roles is limited instead.
    """
    callers = {
        "codebuild": parts.project(environment, what),
        "events": parts.arn("events", f"rule/{names.owned(environment.name, '*')}"),
    }
    if service not in callers:
        return []
    account = StringEquals("aws:SourceAccount", Ref("AWS::AccountId"))
    return [account, ArnLike("aws:SourceArn", callers[service])]
