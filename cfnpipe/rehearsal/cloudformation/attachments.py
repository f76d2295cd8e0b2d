"""Managed policies, which IAM looks up when somebody gets one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation

_HOLDERS = {"AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User"}
_ACTIONS = ("AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy")
_LOST = "does not exist or is not attachable."


def install() -> None:
    """Have IAM's own actions refuse what is not there."""
    from ministack.services import iam

    for action in _ACTIONS:
        iam._IAM_HANDLERS[action] = _attaching(iam._IAM_HANDLERS[action])


def check(operation: ResourceOperation) -> str | None:
    """Refuse a role, a user or a group with a managed policy or a boundary that is not there."""
    if operation.does == "delete" or operation.type not in _HOLDERS:
        return None
    boundary = operation.properties.get("PermissionsBoundary")
    wanted = [("Policy", arn) for arn in operation.properties.get("ManagedPolicyArns") or ()]
    wanted += [("Scope ARN:", boundary)] if boundary else []
    for word, arn in wanted:
        if not _attachable(arn):
            return f"{word} {arn} {_LOST} (Service: Iam, Status Code: 404, HandlerErrorCode: NotFound)"
    return None


def _attachable(arn: str) -> bool:
    """Return whether a policy is there. All of AWS's own count as there: ministack knows few of them."""
    from ministack.services import iam

    return ":iam::aws:policy/" in arn or arn in iam._policies


def _attaching(attach: Callable[..., Any]) -> Callable[..., Any]:
    def attaching(params: Mapping[str, Any]) -> Any:
        from ministack.services import iam

        arn = iam._p(params, "PolicyArn")
        if _attachable(arn):
            return attach(params)
        return iam._error(404, "NoSuchEntity", f"Policy {arn} {_LOST}", ns="iam")

    return attaching
