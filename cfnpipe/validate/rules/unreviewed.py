"""Content that CloudFormation would fetch or run during deployment, and that no review has seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cfnpipe.validate.document import at, below, entries
from cfnpipe.validate.resolve import VARIABLE
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import scalar
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.subject import StackView

_UNVERSIONED = re.compile(r"\{\{resolve:ssm:([A-Za-z0-9_./-]+)\}\}")
_OWN = ("AWS::", "Custom::", "Alexa::")


def transform(view: StackView) -> Iterator[Finding]:
    """Find a macro, AWS's own included: it rewrites the template after its review."""
    hint = "write out what it would make; or ignore this rule for the stack, with the reason"
    for name in entries(view.template.get("Transform")):
        shown = scalar(name) or scalar(at(name, "Name")) or "Transform"
        yield Finding(
            f"the transform {quoted(shown)} changes the template during deployment", "/Transform", hint
        )
    for pointer, argument in view.calls("Fn::Transform"):
        shown = scalar(at(argument, "Name")) or "Fn::Transform"
        yield Finding(f"the transform {quoted(shown)} changes the template during deployment", pointer, hint)


def nested_template(view: StackView) -> Iterator[Finding]:
    """Find a nested stack or a stack set whose template is fetched from an address."""
    for logical_id, resource in view.resources("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet"):
        if at(resource, "Properties", "TemplateURL") is not None:
            yield Finding(
                f"{quoted(logical_id)} takes its template from an address, where it can change unseen",
                below("/Resources", logical_id, "Properties", "TemplateURL"),
                "make it a stack of its own in the configuration",
            )


def macro(view: StackView) -> Iterator[Finding]:
    """Find a macro that is made for others: their templates would change with its code."""
    for logical_id, _ in view.resources("AWS::CloudFormation::Macro"):
        yield Finding(
            f"{quoted(logical_id)} is a macro, which rewrites templates after their review",
            below("/Resources", logical_id),
            "make the templates in their definitions; or ignore this rule for the stack, with the reason",
        )


def custom_resource(view: StackView) -> Iterator[Finding]:
    """Find a custom resource that is run by something which is not made in a reviewed stack."""
    there = {logical_id for logical_id, _ in view.resources()}
    for logical_id, resource in view.resources():
        if (
            resource["Type"].startswith("Custom::")
            or resource["Type"] == "AWS::CloudFormation::CustomResource"
        ):
            token = at(resource, "Properties", "ServiceToken")
            if token is not None and not _made_here(token, there):
                yield Finding(
                    f"{quoted(logical_id)} runs code that is in no reviewed stack",
                    below("/Resources", logical_id, "Properties", "ServiceToken"),
                    "make the function here or import its ARN from the stack that makes it",
                )


def _made_here(token: Any, there: set[str]) -> bool:
    """Tell whether a service token is something of the template, or of another stack of the repository."""
    if isinstance(token, dict) and "Fn::ImportValue" in token:
        return True
    named = at(token, "Ref") or at(token, "Fn::GetAtt", 0) or at(token, "Fn::GetAtt") or ""
    text = at(token, "Fn::Sub")
    if isinstance(text, str) and (variable := VARIABLE.fullmatch(text)):
        named = variable[2]
    return isinstance(named, str) and named.partition(".")[0] in there


def registry_type(view: StackView) -> Iterator[Finding]:
    """Find a module or a third party's resource type: its code comes from a registry."""
    for logical_id, resource in view.resources():
        kind = resource["Type"]
        if kind.endswith("::MODULE") or ("::" in kind and not kind.startswith(_OWN)):
            yield Finding(
                f"{quoted(logical_id)} has the type {quoted(kind)}, whose code comes from a registry",
                below("/Resources", logical_id),
                "use types of AWS; or ignore this rule for the stack, with the reason",
            )


def unpinned_value(view: StackView) -> Iterator[Finding]:
    """Warn of a value from SSM without a version: it can change without a commit."""
    for name, declared in view.section("Parameters").items():
        if declared["Type"].startswith("AWS::SSM::Parameter::Value<"):
            yield _unpinned(quoted(name), below("/Parameters", name))
    for pointer, node in view.document.nodes:
        for found in _UNVERSIONED.findall(node) if isinstance(node, str) else ():
            yield _unpinned(quoted(found), pointer)


def _unpinned(what: str, pointer: str) -> Finding:
    return Finding(
        f"the value of {what} comes from SSM and can change without a commit",
        pointer,
        "name a version, {{resolve:ssm:NAME:1}}; or ignore this rule for the stack, with the reason",
        severity="warning",
    )
