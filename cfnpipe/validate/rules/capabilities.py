"""What CloudFormation asks to have acknowledged before it makes or changes a stack.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.document import at, below
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.subject import StackView

_IAM = {
    "AWS::IAM::AccessKey": None,
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::GroupPolicy": None,
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": None,
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::RolePolicy": None,
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserPolicy": None,
    "AWS::IAM::UserToGroupAddition": None,
}
"""The property that names a resource, for the types of IAM that need to be acknowledged."""


def missing_capability(view: StackView) -> Iterator[Finding]:
    """Find resources of IAM, or a transform, that the stack's `capabilities` do not acknowledge."""
    if view.init:  # Their pipelines bring the capabilities along.
        return
    needed: dict[str, str] = {}
    for logical_id, resource in view.resources(*_IAM):
        named = _IAM[resource["Type"]]
        custom = named is not None and at(resource, "Properties", named) is not None
        needed.setdefault("CAPABILITY_NAMED_IAM" if custom else "CAPABILITY_IAM", logical_id)
    if "Transform" in view.template or view.calls("Fn::Transform"):
        needed["CAPABILITY_AUTO_EXPAND"] = "Transform"
    given = set(view.settings.capabilities)
    if "CAPABILITY_NAMED_IAM" in {*given, *needed}:
        needed.pop("CAPABILITY_IAM", None)
    for capability, because in needed.items():
        if capability not in given:
            yield Finding(
                f"{quoted(because)} needs {capability} to be acknowledged",
                below("/Resources", because) if because != "Transform" else "",
                f"write 'capabilities: [{capability}]' for the stack",
                view.configured("capabilities"),
            )
