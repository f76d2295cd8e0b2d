"""Managed policies and their holders: IAM looks each of the two up when one gets the other."""

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
    """Refuse a managed policy for nobody, and a holder of one that is not there."""
    if operation.does == "delete":
        return None
    if operation.type == "AWS::IAM::ManagedPolicy":
        return _nobody(operation.properties)
    return _nothing(operation.properties) if operation.type in _HOLDERS else None


def _nobody(policy: Mapping[str, Any]) -> str | None:
    from ministack.services import iam

    known = {"role": iam._roles, "user": iam._users, "group": iam._groups}
    for kind, there in known.items():
        for name in policy.get(f"{kind.title()}s", ()):
            if name not in there:
                return f"The {kind} with name {name} cannot be found."
    return None


def _nothing(holder: Mapping[str, Any]) -> str | None:
    boundary = holder.get("PermissionsBoundary")
    wanted = [("Policy", arn) for arn in holder.get("ManagedPolicyArns") or ()]
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
