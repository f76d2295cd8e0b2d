"""The configuration against the parameters that the template declares: which there are, and of what type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.document import below
from cfnpipe.validate.given import given, judged, takes_list
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import size
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.given import Given
    from cfnpipe.validate.subject import StackView

_MOST_BYTES = 4_096

_ID = "[0-9a-f]{8}([0-9a-f]{9})?"
_FORMS = {
    "Number": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "AWS::EC2::Image::Id": f"ami-{_ID}",
    "AWS::EC2::Instance::Id": f"i-{_ID}",
    "AWS::EC2::KeyPair::KeyName": r".{1,255}",
    "AWS::EC2::SecurityGroup::GroupName": r".{1,255}",
    "AWS::EC2::SecurityGroup::Id": f"sg-{_ID}",
    "AWS::EC2::Subnet::Id": f"subnet-{_ID}",
    "AWS::EC2::VPC::Id": f"vpc-{_ID}",
    "AWS::EC2::Volume::Id": f"vol-{_ID}",
    "AWS::Route53::HostedZone::Id": r"[A-Z0-9]{1,32}",
    "AWS::SSM::Parameter::Name": r"[A-Za-z0-9_./-]{1,2048}(:[A-Za-z0-9_.-]+)?",
}
"""What a value of each type looks like; the zone is checked against the region."""


def missing_parameter(view: StackView) -> Iterator[Finding]:
    """Find a parameter without a default that the configuration gives no value."""
    values = view.configuration.get("Parameters", {})
    for name, declared in view.section("Parameters").items():
        if name not in values and "Default" not in declared:
            yield Finding(
                f"the parameter {quoted(name)} ({declared['Type']}) has no value and no default",
                below("/Parameters", name),
                "write it under 'parameters', or give it a Default in the definition",
                view.configured("parameters"),
            )


def unknown_parameter(view: StackView) -> Iterator[Finding]:
    """Find a value for a parameter that the template does not have; CloudFormation refuses it."""
    known = view.section("Parameters")
    for name in view.configuration.get("Parameters", {}):
        if name not in known:
            where = view.configured("parameters", name)
            yield Finding(
                f"the template has no parameter {quoted(name)}", hint=choice(name, known), where=where
            )


def list_for_one_value(view: StackView) -> Iterator[Finding]:
    """Find a list in the configuration for a parameter that takes one value."""
    known = view.section("Parameters")
    for name, value in view.settings.parameters.items():
        if name in known and not isinstance(value, str) and not takes_list(known[name]["Type"]):
            yield Finding(
                f"{quoted(name)} takes one value ({known[name]['Type']}), not a list",
                below("/Parameters", name),
                "write one value, or make the parameter a CommaDelimitedList in the definition",
                view.configured("parameters", name),
            )


def list_element(view: StackView) -> Iterator[Finding]:
    """Find an element of a list that is empty, or that a comma would split in two."""
    for name, value in view.settings.parameters.items():
        for number, element in enumerate(() if isinstance(value, str) else value, start=1):
            wrong = "holds a comma, which separates elements" if "," in element else "is empty"
            if "," in element or not element.strip():
                yield Finding(
                    f"element {number} of {quoted(name)} {wrong}",
                    below("/Parameters", name),
                    "write each value as an element of its own",
                    view.configured("parameters", name),
                )


def parameter_type(view: StackView) -> Iterator[Finding]:
    """Find a value that is not of the parameter's type."""
    for each in judged(view):
        kind = each.type.removeprefix("List<").removesuffix(">") if each.listed else each.type
        if kind.startswith("AWS::SSM::Parameter::Value<"):
            kind = "AWS::SSM::Parameter::Name"
        for element in each.elements:
            if not _fits(kind, element, view.environment.region):
                yield _wrong(each, f"{quoted(each.name)} has the type {kind}, unlike {each.shown(element)}")


def _fits(kind: str, value: str, region: str) -> bool:
    if kind == "AWS::EC2::AvailabilityZone::Name":
        return value.startswith(region) and value != region
    return kind not in _FORMS or re.fullmatch(_FORMS[kind], value) is not None


def parameter_size(view: StackView) -> Iterator[Finding]:
    """Find a value of more bytes than CloudFormation takes (4,096)."""
    for each in given(view):
        if (bytes_ := size(each.value)) > _MOST_BYTES:
            yield _wrong(
                each, f"{quoted(each.name)} has {bytes_:,} bytes; CloudFormation takes {_MOST_BYTES:,}"
            )


def surrounding_space(view: StackView) -> Iterator[Finding]:
    """Warn of a value with space around it, which is seldom meant and hard to see."""
    for name, value in view.configuration.get("Parameters", {}).items():
        if value != value.strip():
            yield Finding(
                f"the value of {quoted(name)} begins or ends with space",
                below("/Parameters", name),
                "take the space away",
                view.configured("parameters", name),
                "warning",
            )


def _wrong(each: Given, message: str) -> Finding:
    return Finding(message, each.pointer, where=each.where)
