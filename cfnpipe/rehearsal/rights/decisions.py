"""Second step of the gate: whether a principal may do something, by what the local server holds now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.rights import inventory
from cfnpipe.rehearsal.rights.evaluate import Request, Verdict, account_of, judge

if TYPE_CHECKING:
    from cfnpipe.rehearsal.rights.conditions import Context
    from cfnpipe.rehearsal.rights.evaluate import Statement


class Denied(Exception):
    """IAM refuses something; the text is AWS's message."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def check(
    principal_arn: str,
    action: str,
    resource: str,
    context: Context | None = None,
    *,
    policy: Any = None,
) -> None:
    """Return if a principal may do something, in the account and region that the server works in now.

    `principal_arn`: the ARN of a role, of a role's session, of a user or of an account's root, which may
    do everything; or a service, which may do what the resource's policy gives it. `context`: what the
    request says besides what is known of the principal and the resource. Raise `Denied` if it may not.
    """
    if inventory.is_root(principal_arn):
        return
    service = not principal_arn.startswith("arn:")
    held = inventory.held_by_service() if service else inventory.held(principal_arn)
    known = {**held.facts, **inventory.facts(resource), **_always(principal_arn, resource), **(context or {})}
    request = Request(principal_arn, action, resource, known)
    found = inventory.statements(policy) if policy else inventory.policy_of(resource)
    there = _with_resource(found, action)
    verdict = judge(request, held.identity, there, held.boundary)
    if verdict.decision != "allow":
        raise Denied(message(request, verdict))


def _always(principal: str, resource: str) -> Context:
    return {
        "aws:RequestedRegion": inventory.region(),
        "aws:ResourceAccount": inventory.owner(resource) or account_of(principal),
        "aws:SecureTransport": "true",
    }


def _with_resource(policy: list[Statement] | None, action: str) -> list[Statement] | None:
    """Return a resource's policy; a role's trust says something about assuming the role only."""
    trust = policy is not None and all("Resource" not in each for each in policy)
    return None if trust and not action.startswith("sts:") else policy


def message(request: Request, verdict: Verdict) -> str:
    """Return AWS's message about a refusal. S3 puts the resource in quotes; STS gives no reason."""
    service = request.action.partition(":")[0]
    action = request.action.replace("sns:", "SNS:", 1)
    resource = f'"{request.resource}"' if service == "s3" else request.resource
    reason = "" if service == "sts" else f" {verdict.reason}".replace("sns:", "SNS:")
    return f"User: {request.principal} is not authorized to perform: {action} on resource: {resource}{reason}"
