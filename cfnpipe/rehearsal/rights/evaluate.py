"""What IAM would decide: policies of the principal, of the resource, and the boundary, for one request.

It follows "Policy evaluation logic" of the IAM User Guide for requests within one account. What an
organization adds (service and resource control policies) and session policies are not here. Nothing in
this module knows where policies come from, so that tests of templates and the rehearsal decide alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cfnpipe.rehearsal.rights import patterns
from cfnpipe.rehearsal.rights.conditions import holds
from cfnpipe.rehearsal.rights.patterns import matches, several

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cfnpipe.rehearsal.rights.conditions import Context

Decision = Literal["allow", "deny", "none"]
"""`deny` is explicit; `none` is what nobody allows, and refused as well."""
Statement = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """Somebody wants to do something."""

    principal: str
    """The ARN of a role, a role's session or a user, or a service: `events.amazonaws.com`."""
    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """A decision, and why."""

    decision: Decision
    reason: str = ""
    """How AWS's message ends: `because no identity-based policy allows the s3:GetObject action`. Empty
    where the request is allowed."""


def decide(
    request: Request,
    identity: Iterable[Statement],
    resource: Iterable[Statement] | None = None,
    boundary: Iterable[Statement] | None = None,
) -> Decision:
    """Decide by the principal's own policies, the resource's policy and the boundary, if there are any."""
    return judge(request, identity, resource, boundary).decision


def judge(
    request: Request,
    identity: Iterable[Statement],
    resource: Iterable[Statement] | None = None,
    boundary: Iterable[Statement] | None = None,
) -> Verdict:
    """Decide, and say why.

    The resource's policy allows by itself whom it names; whom it names by the account's root may do
    what IAM allows. Only keys, and roles that are to be assumed, need that; for everything else IAM's
    word suffices. A boundary allows nothing, and takes away what it does not allow; what a resource's
    policy gives to a user or a session by name is out of its reach.
    """
    own = _applying(identity, request)
    bound = None if boundary is None else _applying(boundary, request)
    there = _applying(resource or (), request)
    for statements, kind in ((own, "an identity-based"), (there, "a resource-based")):
        if any(_says("Deny", each, request) for each in statements):
            return Verdict("deny", f"with an explicit deny in {kind} policy")
    if any(_says("Deny", each, request) for each in bound or ()):
        return Verdict("deny", "with an explicit deny in a permissions boundary")
    return _allowance(request, own, there, bound)


def _allowance(
    request: Request, own: Sequence[Statement], there: Sequence[Statement], bound: Sequence[Statement] | None
) -> Verdict:
    given = [each for each in there if _says("Allow", each, request)]
    bounded = bound is None or any(each["Effect"] == "Allow" for each in bound)
    if any(bounded or _out_of_reach(each, request.principal) for each in given):
        return Verdict("allow")
    handed_over = not _alone(request) or any(map(_hands_over, there))
    allowed = any(each["Effect"] == "Allow" for each in own) and handed_over
    if allowed and bounded:
        return Verdict("allow")
    if allowed or given:
        return Verdict("none", f"because no permissions boundary allows the {request.action} action")
    kind = "identity-based" if handed_over else "resource-based"
    return Verdict("none", f"because no {kind} policy allows the {request.action} action")


def _alone(request: Request) -> bool:
    """Return whether the resource's policy must agree, whatever IAM says."""
    return ":key/" in request.resource or (
        request.action == "sts:AssumeRole" and ":role/" in request.resource
    )


def _applying(statements: Iterable[Statement], request: Request) -> list[Statement]:
    context = {name.lower(): value for name, value in request.context.items()}
    return [
        statement
        for statement in statements
        if _listed(statement, "Action", request.action.lower(), str.lower, context)
        and (
            ("Resource" not in statement and "NotResource" not in statement)
            or _listed(statement, "Resource", request.resource, str, context)
        )
        and holds(statement.get("Condition", {}), request.context)
    ]


def _listed(statement: Statement, key: str, value: str, form: Any, context: Context) -> bool:
    negated = f"Not{key}" in statement
    listed = [patterns.filled(each, context) for each in several(statement[f"Not{key}" if negated else key])]
    return any(each is not None and matches(form(each), value) for each in listed) != negated


def _says(effect: str, statement: Statement, request: Request) -> bool:
    return bool(statement["Effect"] == effect and _means(statement, request.principal, effect))


def _means(statement: Statement, principal: str, effect: str) -> bool:
    """Return whether a statement is about somebody; one without principals is about whose policy it is in.

    An account's root is everybody in it where something is denied, and where something is allowed the
    account, which IAM speaks for.
    """
    if "NotPrincipal" in statement:
        return not _named(statement["NotPrincipal"], principal, whole_account=True)
    return "Principal" not in statement or _named(
        statement["Principal"], principal, whole_account=effect == "Deny"
    )


def _named(said: Any, principal: str, *, whole_account: bool) -> bool:
    names = _principals(said)
    account = account_of(principal)
    whole = (
        {account, f"{partition_of(principal)}:iam::{account}:root"} if account and whole_account else set()
    )
    return bool(names & ({"*", principal, role_of(principal)} | whole))


def _out_of_reach(statement: Statement, principal: str) -> bool:
    """Return whether a boundary does not limit what a statement of a resource's policy gives."""
    names = _principals(statement.get("Principal", {}))
    return principal in names and (":user/" in principal or ":assumed-role/" in principal)


def _principals(said: Any) -> set[str]:
    return {"*"} if said == "*" else {name for names in said.values() for name in several(names)}


def _hands_over(statement: Statement) -> bool:
    said = statement.get("Principal", {})
    names = several(said.get("AWS", ())) if isinstance(said, dict) else []
    return statement["Effect"] == "Allow" and any(
        name.endswith(":root") or (name.isdigit() and len(name) == len("111122223333")) for name in names
    )


def account_of(arn: str) -> str:
    """Return the account of a principal's ARN; empty for a service."""
    return arn.split(":")[4] if arn.startswith("arn:") else ""


def partition_of(arn: str) -> str:
    """Return how an ARN begins: `arn:aws`."""
    return ":".join(arn.split(":")[:2])


def role_of(arn: str) -> str:
    """Return the ARN of the role that a session is of; any other ARN as it is.

    A role's path is in no session's ARN; roles with a path must be looked up.
    """
    before, found, rest = arn.partition(":assumed-role/")
    return f"{before.replace(':sts:', ':iam:')}:role/{rest.split('/')[0]}" if found else arn
