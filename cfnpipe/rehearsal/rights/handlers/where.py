"""On which resources an operation needs its permissions: on itself, and on what its properties name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.rights.calls import Check
from cfnpipe.rehearsal.rights.handlers.operation import Operation, known, on, on_itself, own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SERVICE_ROLES = {
    "AWS::CodeBuild::Project": ("ServiceRole",),
    "AWS::CodePipeline::Pipeline": ("RoleArn",),
}
"""The property with the role that is handed over, where not every role in the properties is."""
_RECEIVERS = {"ecs": "ecs-tasks"}
"""The service that a role is handed to, where it is not the one of the type."""


def checks(operation: Operation, action: str) -> list[Check]:
    """Return where an operation needs an action; nothing where its properties give it no object."""
    if special := _SPECIAL.get((operation.type, action)) or _EVERYWHERE.get(action):
        return special(operation, action)
    if not (known(action) or {}).get("Resources"):
        return on(operation, action, "*")
    return on_itself(operation, action)


def _roles(operation: Operation) -> list[str]:
    names = _SERVICE_ROLES.get(operation.type)
    given = {name: operation.properties.get(name) for name in names} if names else operation.properties
    return list(dict.fromkeys(each for each in _texts(given) if ":iam::" in each and ":role/" in each))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def _pass_role(operation: Operation, action: str) -> list[Check]:
    """Return that the roles in the properties may be handed to the service; nothing is handed to delete."""
    receiver = f"{_RECEIVERS.get(operation.service, operation.service)}.amazonaws.com"
    roles = [] if operation.does in ("delete", "read") else _roles(operation)
    return [Check(action, role, {"iam:PassedToService": receiver}) for role in roles]


def _get_role(operation: Operation, action: str) -> list[Check]:
    return [Check(action, role) for role in _roles(operation)]


def _policies(operation: Operation, action: str) -> list[Check]:
    """Return that a role's managed policies may be attached or detached, each by its ARN."""
    arns = operation.both("ManagedPolicyArns")
    return [each for arn in arns for each in on_itself(operation, action, **{"iam:PolicyARN": arn})]


def _members(name: str, kind: str, **context: str) -> Callable[[Operation, str], list[Check]]:
    """Return what asks for an action on each role, group or user that a property names."""

    def find(operation: Operation, action: str) -> list[Check]:
        managed = operation.type == "AWS::IAM::ManagedPolicy"
        policy = {"iam:PolicyARN": own(operation, action)} if managed else {}
        arns = [operation.arn("iam", f"{kind}/{each}", everywhere=True) for each in operation.both(name)]
        return on(operation, action, *arns, **policy, **context)

    return find


def _topics(operation: Operation, action: str) -> list[Check]:
    return on(operation, action, *operation.both("Topics"))


def _alias(operation: Operation, action: str) -> list[Check]:
    """Return that an alias and the keys that it had and gets may be changed."""
    keys = [
        key if key.startswith("arn:") else operation.arn("kms", f"key/{key}")
        for key in operation.both("TargetKeyId")
    ]
    return [Check(action, resource) for resource in [own(operation, action), *keys]]


def _stages(operation: Operation, action: str) -> list[Check]:
    pipeline = own(operation, action)
    stages = [each["StageName"] for each in operation.both("DisableInboundStageTransitions")]
    return on(operation, action, *(f"{pipeline}/{each}" for each in stages), **operation.itself)


def _connections(operation: Operation, action: str) -> list[Check]:
    arns = [
        each for each in _texts(operation.properties.get("Stages")) if "connections:" in each.split("/")[0]
    ]
    return [Check(action, arn) for arn in dict.fromkeys(arns) if arn.startswith("arn:")]


_EVERYWHERE: dict[str, Callable[[Operation, str], list[Check]]] = {
    "codestar-connections:PassConnection": _connections,
    "iam:GetRole": _get_role,
    "iam:PassRole": _pass_role,
}
_MANAGED, _INLINE, _ADDITION = "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"
_SPECIAL: dict[tuple[str, str], Callable[[Operation, str], list[Check]]] = {
    ("AWS::IAM::Role", "iam:AttachRolePolicy"): _policies,
    ("AWS::IAM::Role", "iam:DetachRolePolicy"): _policies,
    ("AWS::IAM::Role", "iam:GetRole"): on_itself,
    **{
        (kind, f"iam:{verb}{what}Policy"): _members(f"{what}s", what.lower())
        for kind, verbs in ((_MANAGED, ("Attach", "Detach")), (_INLINE, ("Put", "Delete", "Get")))
        for verb in verbs
        for what in ("Role", "Group", "User")
    },
    **{
        (_ADDITION, action): _members("GroupName", "group")
        for action in ("iam:AddUserToGroup", "iam:RemoveUserFromGroup")
    },
    **{("AWS::KMS::Alias", f"kms:{verb}Alias"): _alias for verb in ("Create", "Delete", "Update")},
    ("AWS::IAM::InstanceProfile", "iam:PassRole"): _members(
        "Roles", "role", **{"iam:PassedToService": "ec2.amazonaws.com"}
    ),
    ("AWS::SNS::TopicPolicy", "sns:SetTopicAttributes"): _topics,
    **{
        ("AWS::CodePipeline::Pipeline", f"codepipeline:{verb}StageTransition"): _stages
        for verb in ("Disable", "Enable")
    },
}
"""Actions whose resource is not the type's own."""
