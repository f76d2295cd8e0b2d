"""What CloudFormation is about to do to a resource, and the ARNs that this is about."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from cfnpipe.rehearsal.rights.calls import Check
from cfnpipe.rehearsal.rights.patterns import several

Kind = Literal["create", "read", "update", "delete"]


@dataclass(frozen=True)
class Operation:
    """One operation on one resource, with its references filled in."""

    type: str
    """`AWS::IAM::Role`."""
    does: Kind
    properties: dict[str, Any]
    """As the template has them; for a deletion those that the resource has."""
    account: str
    region: str
    previous: dict[str, Any] = field(default_factory=dict)
    """For an update: what the resource has now."""
    physical_id: str = ""
    """Empty while the resource is not there."""
    tags: dict[str, str] = field(default_factory=dict)
    """What the stack gives to each of its resources."""

    @property
    def service(self) -> str:
        """The service's name in the type: `iam`."""
        return self.type.split("::")[1].lower()

    def arn(self, service: str, resource: str, *, everywhere: bool = False) -> str:
        """Return an ARN in the stack's account and region, or in none where a service is `everywhere`."""
        return f"arn:aws:{service}:{'' if everywhere else self.region}:{self.account}:{resource}"

    def uses(self, names: tuple[str, ...]) -> bool:
        """Return whether one of some properties is given now or was before."""
        return any(name in given for name in names for given in (self.properties, self.previous))

    def both(self, name: str) -> list[Any]:
        """Return the values of a property that are given now or were before, each once."""
        found = [
            each for given in (self.properties, self.previous) for each in several(given.get(name) or [])
        ]
        return [each for index, each in enumerate(found) if each not in found[:index]]

    @property
    def request(self) -> dict[str, Any]:
        """The tags that the operation gives, as the context of its requests says them."""
        new = self._new_tags
        tags = {f"aws:RequestTag/{key}": value for key, value in new.items()}
        return tags | {"aws:TagKeys": sorted(new)} if new else {}

    @property
    def itself(self) -> dict[str, Any]:
        """The tags of the resource; what is made just now has its own from the first moment."""
        has = self._new_tags if self.does == "create" else _flat(self.previous.get("Tags")) or self._new_tags
        return {f"aws:ResourceTag/{key}": value for key, value in has.items()}

    @property
    def _new_tags(self) -> dict[str, str]:
        return self.tags | _flat(self.properties.get("Tags"))


def _flat(tags: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags} if isinstance(tags, list) else dict(tags or {})


_OWN = {
    "AWS::CodeBuild::Project": ("codebuild", "project/{}", "Name"),
    "AWS::CodePipeline::Pipeline": ("codepipeline", "{}", "Name"),
    "AWS::Events::Rule": ("events", "rule/{}", "Name"),
    "AWS::IAM::AccessKey": ("iam", "user/{}", "UserName"),
    "AWS::IAM::Group": ("iam", "group/{}", "GroupName"),
    "AWS::IAM::GroupPolicy": ("iam", "group/{}", "GroupName"),
    "AWS::IAM::ManagedPolicy": ("iam", "policy/{}", "ManagedPolicyName"),
    "AWS::IAM::Role": ("iam", "role/{}", "RoleName"),
    "AWS::IAM::RolePolicy": ("iam", "role/{}", "RoleName"),
    "AWS::IAM::User": ("iam", "user/{}", "UserName"),
    "AWS::IAM::UserPolicy": ("iam", "user/{}", "UserName"),
    "AWS::KMS::Alias": ("kms", "{}", "AliasName"),
    "AWS::KMS::Key": ("kms", "key/{}", ""),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}", "LogGroupName"),
    "AWS::Logs::LogStream": ("logs", "log-group:{}", "LogGroupName"),
    "AWS::Logs::MetricFilter": ("logs", "log-group:{}", "LogGroupName"),
    "AWS::Logs::SubscriptionFilter": ("logs", "log-group:{}", "LogGroupName"),
    "AWS::S3::Bucket": ("s3", "{}", "BucketName"),
    "AWS::S3::BucketPolicy": ("s3", "{}", "Bucket"),
    "AWS::SNS::Subscription": ("sns", "{}", "TopicArn"),
    "AWS::SNS::Topic": ("sns", "{}", "TopicName"),
    "AWS::SNS::TopicInlinePolicy": ("sns", "{}", "TopicArn"),
}
"""For each type: the service and the resource in the ARN that its actions are about, and the property that
names it. What is part of something else (a policy in a role, a filter of a log group) is asked for there."""


def own(operation: Operation, action: str) -> str:
    """Return the ARN of the resource itself, in the form that an action knows."""
    if operation.type not in _OWN:
        return _by_reference(operation, action)
    service, resource, naming = _OWN[operation.type]
    named = operation.properties.get(naming) or operation.physical_id or NEW
    if named.startswith("arn:"):
        return str(named)
    if service == "s3":
        return f"arn:aws:s3:::{named}"
    path = (operation.properties.get("Path") or "/")[1:] if service == "iam" else ""
    return operation.arn(service, resource.format(path + named), everywhere=service == "iam")


NEW = "made-by-cloudformation"
"""Stands for a name that CloudFormation makes up."""


@cache
def reference() -> dict[str, Any]:
    """Return the service authorization reference that cfn-lint carries."""
    text = files("cfnlint").joinpath("data/AdditionalSpecs/Policies.json").read_text("utf-8")
    return dict(json.loads(text))


def known(action: str) -> dict[str, Any] | None:
    """Return what the reference says about an action; None for one that IAM does not have."""
    service, _, name = action.lower().partition(":")
    found = reference().get(service, {}).get("Actions", {}).get(name)
    return found if found is None else dict(found)


def _by_reference(operation: Operation, action: str) -> str:
    """Return the ARN of a resource of any other type, by the formats that its action's reference lists."""
    service, kinds = action.partition(":")[0], (known(action) or {}).get("Resources") or []
    if operation.physical_id.startswith(f"arn:aws:{service}:"):
        return operation.physical_id
    named = operation.type.rpartition("::")[2].lower()
    kind = next((each for each in kinds if each.replace("-", "") == named), kinds[0] if kinds else "")
    formats = reference().get(service, {}).get("Resources", {}).get(kind, {}).get("ARNFormats") or ["*"]
    filled = formats[0].replace(".*", operation.physical_id.rpartition("/")[2] or NEW)
    for name, value in (("Partition", "aws"), ("Region", operation.region), ("Account", operation.account)):
        filled = filled.replace(f"${{{name}}}", value)
    return str(filled)


def on(operation: Operation, action: str, *resources: str, **context: Any) -> list[Check]:
    """Return that an action must be allowed on each of some resources."""
    return [Check(action, resource, operation.request | context) for resource in resources]


def on_itself(operation: Operation, action: str, **context: Any) -> list[Check]:
    """Return that an action must be allowed on the resource of the operation."""
    return on(operation, action, own(operation, action), **operation.itself, **context)
