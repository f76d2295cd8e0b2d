"""Principals, which IAM looks up when a policy that names them is written or attached."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation


def check(operation: ResourceOperation) -> str | None:
    """Refuse a role that trusts a principal which is not there, and a managed policy for one.

    Only principals of the stack's own account are looked up: which other accounts there are is not known.
    """
    if operation.does == "delete":
        return None
    if operation.type == "AWS::IAM::ManagedPolicy":
        return _nobody(operation.properties)
    if operation.type != "AWS::IAM::Role":
        return None
    for arn in _principals(operation.properties.get("AssumeRolePolicyDocument")):
        if not _there(arn):
            return (
                f'Invalid principal in policy: "AWS":"{arn}" (Service: Iam, Status Code: 400, '
                "HandlerErrorCode: InvalidRequest)"
            )
    return None


def _nobody(policy: Mapping[str, Any]) -> str | None:
    from ministack.services import iam

    known = {"role": iam._roles, "user": iam._users, "group": iam._groups}
    for kind, there in known.items():
        for name in policy.get(f"{kind.title()}s", ()):
            if name not in there:
                return f"The {kind} with name {name} cannot be found."
    return None


def _principals(policy: Any) -> Iterator[str]:
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        named = principal.get("AWS", []) if isinstance(principal, dict) else []
        yield from [named] if isinstance(named, str) else named


def _there(arn: str) -> bool:
    from ministack.core.responses import get_account_id
    from ministack.services import iam

    parts = arn.split(":", 5)
    if parts[0] != "arn" or parts[4] != get_account_id():
        return True
    kind, _, name = parts[5].partition("/")
    known = {"role": iam._roles, "user": iam._users}.get(kind)
    if known is None:
        return True
    found = known.get(name.rpartition("/")[2])
    return found is not None and found.get("Arn") == arn
