"""From rendered files to what is handed to CloudFormation, and whether that is there already. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cfnpipe import names, stacks
from cfnpipe.model.deployment import ResourceChange, Submission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.model import RenderedStack, Stack
    from cfnpipe.model.deployment import Deployed

INLINE = 51_200
"""So many bytes of a template may be sent along (CloudFormation quotas); longer ones are read from S3."""


def submission(stack: RenderedStack, settings: Stack, role: str = "") -> Submission:
    """Return what deploys a rendered stack. `role`: the ARN of CloudFormation's role, if it has one."""
    configuration = json.loads(stack.configuration)
    protection: Mapping[str, Any] = json.loads(stack.protection) if stack.protection else {}
    policy = protection.get("StackPolicy")
    return Submission(
        stack=names.cloudformation_stack(stack.environment, stack.stack),
        template=stacks.compact(stack.template),
        parameters=configuration["Parameters"],
        tags=configuration["Tags"],
        capabilities=settings.capabilities,
        role=role,
        policy=json.dumps(policy, sort_keys=True) if policy else "",
        protected=bool(protection.get("TerminationProtection")),
    )


def size(wanted: Submission) -> int:
    """Return the bytes of a template as they are counted."""
    return len(wanted.template.encode())


def additions(wanted: Submission) -> tuple[ResourceChange, ...]:
    """Return what creating a stack adds: every resource of its template, conditions aside."""
    listed = json.loads(wanted.template)["Resources"].items()
    return tuple(ResourceChange("Add", logical, resource["Type"]) for logical, resource in sorted(listed))


def current(wanted: Submission, there: Deployed, template: Any) -> bool:
    """Tell whether a stack is for certain what is wanted: template, values of all parameters, tags.

    `template`: the stack's own, as JSON values. A value that CloudFormation does not tell (NoEcho, or taken
    from Parameter Store) leaves it uncertain; then a change set has to say.
    """
    declared = json.loads(wanted.template)
    return (
        declared == template
        and _values(declared, wanted.parameters) == dict(there.parameters)
        and dict(wanted.tags) == dict(there.tags)
    )


def _values(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str | None]:
    """Return the value of each parameter; None, which equals nothing, where it is not told."""
    return {name: _value(name, declared, given) for name, declared in template.get("Parameters", {}).items()}


def _value(name: str, declared: Mapping[str, Any], given: Mapping[str, str]) -> str | None:
    hidden = str(declared.get("NoEcho", "")).lower() == "true" or "AWS::SSM::" in declared["Type"]
    return None if hidden else given.get(name, _text(declared.get("Default")))


def _text(default: Any) -> str | None:
    """Return a default as CloudFormation tells it."""
    if isinstance(default, bool):
        return str(default).lower()
    return None if default is None else str(default)
