"""The policies for people: what they may still do when only the pipelines change anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awacs.cloudfront
import awacs.codepipeline
import awacs.ec2
from troposphere.iam import ManagedPolicy

from cfnpipe import names
from cfnpipe.blueprints import parts, reader
from cfnpipe.model import INIT_STACKS

if TYPE_CHECKING:
    from awacs.aws import Statement

    from cfnpipe.model import Environment


def policies(environment: Environment) -> list[ManagedPolicy]:
    """Return the reader's, the operator's and each approver's policy."""
    sees = "Sees the process and what runs, no contents and no secrets"
    runs = "Starts and stops instances and pipelines, invalidates CloudFront caches"
    return [
        _policy(environment, "reader", sees, reader.statements(environment)),
        _policy(environment, "operator", runs, operator(environment)),
        *(_approver(environment, review) for review in environment.review),
    ]


def title(review: str) -> str:
    """Return the logical id of an approver's policy, which is also what its export is called."""
    return names.logical_id(f"approver-{review}")


def _approver(environment: Environment, review: str) -> ManagedPolicy:
    gives = f"Gives or refuses the approval {review} in every pipeline, and no other approval"
    return _policy(environment, f"approver_{review}", gives, approver(environment, review))


def _policy(environment: Environment, what: str, does: str, allowed: list[Statement]) -> ManagedPolicy:
    """Return a policy for people.

    Its name and description stay as they are: IAM changes neither, so that CloudFormation would make
    a second policy with a name that is taken.
    """
    groups = list(environment.access.groups.get(what.removeprefix("approver_"), ()))
    return ManagedPolicy(
        names.logical_id(what.replace("_", "-")),
        ManagedPolicyName=names.owned(environment.name, what),
        Description=f"{does}. Environment {environment.name}.",
        PolicyDocument=parts.document(*allowed),
        **({"Groups": groups} if groups else {}),
    )


def operator(environment: Environment) -> list[Statement]:
    """Return what operators may do: nothing of it changes what is deployed, or an approval follows.

    Starting a pipeline of the process is not among it: a start can name a commit that nobody merged, or
    an old version of `access`. Nor is retrying a stage that asks: it would ask for the approval that was
    refused only, and take the others as they were given.
    """
    power = parts.actions(awacs.ec2, "RebootInstances StartInstances StopInstances")
    cache = parts.actions(awacs.cloudfront, "CreateInvalidation GetInvalidation ListInvalidations")
    run = parts.actions(awacs.codepipeline, "StartPipelineExecution StopPipelineExecution")
    start, retry = awacs.codepipeline.StartPipelineExecution, awacs.codepipeline.RetryStageExecution
    own = names.sync_pipeline(environment.name)
    distributions = parts.arn("cloudfront", "distribution/*", region="")
    process = [parts.arn("codepipeline", own), *(parts.pipelines(environment, each) for each in INIT_STACKS)]
    return [
        parts.allow("PowerInstances", power, [parts.arn("ec2", "instance/*")]),
        parts.allow("InvalidateCaches", cache, [distributions]),
        parts.allow("RunPipelines", run, [parts.pipelines(environment)]),
        parts.allow("RetrySync", [retry], [parts.arn("codepipeline", f"{own}/*")]),
        parts.deny("LeaveProcess", [start], process),
    ]


def approver(environment: Environment, review: str) -> list[Statement]:
    """Return the right to one approval, and the refusal of all others.

    Whoever holds two of these policies can give neither approval: two reviews need two people.
    """
    give = [awacs.codepipeline.PutApprovalResult]
    others = [_approval(environment, other) for other in environment.review if other != review]
    refusal = [parts.deny("LeaveOtherApprovals", give, others)] if others else []
    return [parts.allow("Approve", give, [_approval(environment, review)]), *refusal]


def _approval(environment: Environment, review: str) -> object:
    return parts.pipelines(environment, action=f"/{names.DEPLOY}/{names.approval(review)}")
