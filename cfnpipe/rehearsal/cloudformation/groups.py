"""IAM groups of stacks: ministack's IAM has groups, and only its CloudFormation does not.

A record would not do here: the policies that a stack attaches to a group count for its members.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TYPE = "AWS::IAM::Group"

Made = tuple[str, dict[str, Any]]
"""The group's name and its attributes."""


def install() -> None:
    """Teach ministack the resource type."""
    from ministack.services.cloudformation import provisioners

    handlers = {"create": _create, "update": _update, "delete": _delete}
    provisioners._RESOURCE_HANDLERS[TYPE] = handlers
    provisioners._REPLACING_PROPERTIES[TYPE] = ("GroupName",)


def _create(title: str, properties: Mapping[str, Any], stack: str) -> Made:
    from ministack.services import iam
    from ministack.services.cloudformation import provisioners

    name = properties.get("GroupName") or provisioners._physical_name(stack, title, max_len=128)
    if name in iam._groups:
        raise ValueError(f"{name} already exists")
    _ask(iam._create_group, GroupName=name, Path=properties.get("Path", "/"))
    _give(name, properties)
    return _made(name)


def _update(name: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str) -> Made:
    from ministack.services import iam

    del stack
    _take(name, old)
    group, path = iam._groups[name], new.get("Path", "/")
    group.update(Path=path, Arn=f"{group['Arn'].partition(':group/')[0]}:group{path}{name}")
    _give(name, new)
    return _made(name)


def _delete(name: str, properties: Mapping[str, Any]) -> None:
    from ministack.services import iam

    _take(name, properties)
    _ask(iam._delete_group, GroupName=name)


def _give(name: str, properties: Mapping[str, Any]) -> None:
    from ministack.services import iam

    for arn in properties.get("ManagedPolicyArns", ()):
        _ask(iam._attach_group_policy, GroupName=name, PolicyArn=arn)
    for policy in properties.get("Policies", ()):
        document = json.dumps(policy["PolicyDocument"])
        _ask(iam._put_group_policy, GroupName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)


def _take(name: str, properties: Mapping[str, Any]) -> None:
    from ministack.services import iam

    for arn in properties.get("ManagedPolicyArns", ()):
        _ask(iam._detach_group_policy, GroupName=name, PolicyArn=arn)
    for policy in properties.get("Policies", ()):
        _ask(iam._delete_group_policy, GroupName=name, PolicyName=policy["PolicyName"])


def _made(name: str) -> Made:
    from ministack.services import iam

    return name, {"Arn": iam._groups[name]["Arn"]}


def _ask(operation: Callable[[Mapping[str, str]], Any], **said: str) -> None:
    """Ask ministack's IAM as its API would; raise `ValueError` with what it says if it refuses."""
    from xml.etree import ElementTree as ET

    status, _, body = operation(said)
    if status >= 400:  # noqa: PLR2004 - HTTP's first refusal
        raise ValueError(ET.fromstring(body).findtext(".//{*}Message"))  # noqa: S314 - ministack wrote it
