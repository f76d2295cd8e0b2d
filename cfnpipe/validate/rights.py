"""The IAM policies of a template: which there are, to whom they belong, and what they allow."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cfnpipe.validate.nodes import known_part, resources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

HOLDERS = ("AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User")
"""What has inline policies."""
_ATTACHED = {
    "AWS::IAM::GroupPolicy": ("GroupName",),
    "AWS::IAM::ManagedPolicy": ("Groups", "Roles", "Users"),
    "AWS::IAM::Policy": ("Groups", "Roles", "Users"),
    "AWS::IAM::RolePolicy": ("RoleName",),
    "AWS::IAM::UserPolicy": ("UserName",),
}
"""Policies that are resources, with the properties that say to whom they belong."""
_REFERENCE = re.compile(r"\$\{(\w+)\}")


def documents(view: StackView) -> Iterator[Node]:
    """Yield every identity policy."""
    for _, properties in resources(view, *HOLDERS):
        yield from _own(properties)
    for _, properties in resources(view, *_ATTACHED):
        yield properties["PolicyDocument"]


def inline(view: StackView, logical_id: str, properties: Node) -> Iterator[Node]:
    """Yield the inline policies of a group, role or user, those that are resources included."""
    yield from _own(properties)
    for kind in _ATTACHED:
        if kind != "AWS::IAM::ManagedPolicy":
            yield from _attached(view, kind, logical_id)


def statements_of(view: StackView, role: str) -> list[Node] | None:
    """Return the statements of every policy of a role; None if one of them is not in the template."""
    properties = dict(resources(view, "AWS::IAM::Role"))[role]
    managed = dict(resources(view, "AWS::IAM::ManagedPolicy"))
    arns = properties["ManagedPolicyArns"]
    named = [_referenced(arn) for arn in arns.elements()]
    if arns.is_intrinsic or not set(named) <= set(managed):
        return None
    policies = [*inline(view, role, properties), *_attached(view, "AWS::IAM::ManagedPolicy", role)]
    policies += [managed[name]["PolicyDocument"] for name in named]
    return [statement for policy in policies for statement in policy["Statement"].each()]


def allows(statements: Iterable[Node], action: str) -> bool:
    """Return whether one of the statements allows an action, or may do so as far as it is known."""
    return any(
        statement.is_intrinsic
        or (
            statement["Effect"].fixed != "Deny"
            and (
                statement["NotAction"].present
                or any(matches(name, action) for name in statement["Action"].each())
            )
        )
        for statement in statements
    )


def matches(name: Node, action: str) -> bool:
    """Return whether the name of an action, maybe with wildcards, can mean an action."""
    text = name.text or "*"
    pattern = text if known_part(text) == text else "*"
    return fnmatchcase(action.lower(), pattern.lower())


def assumable(role: Node, service: str) -> bool:
    """Return whether a service may assume a role, as far as its trust policy is known."""
    principals = [
        statement["Principal"]
        for statement in role["AssumeRolePolicyDocument"]["Statement"].each()
        if statement["Effect"].fixed != "Deny"
    ]
    services = [name.fixed for principal in principals for name in principal["Service"].each()]
    unknown = not principals or any(not principal.is_object for principal in principals)
    return unknown or None in services or service in services


def _own(properties: Node) -> Iterator[Node]:
    for policy in properties["Policies"].elements():
        yield policy["PolicyDocument"]


def _attached(view: StackView, kind: str, logical_id: str) -> Iterator[Node]:
    for _, properties in resources(view, kind):
        holders = (holder for key in _ATTACHED[kind] for holder in properties[key].each())
        if logical_id in map(_referenced, holders):
            yield properties["PolicyDocument"]


def _referenced(node: Node) -> str:
    match = _REFERENCE.fullmatch(node.text or "")
    return match[1] if match else ""
