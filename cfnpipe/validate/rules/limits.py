"""What CloudFormation takes of each thing, with the counts.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.subject import StackView

_SECTIONS = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
_TEMPLATE = 1_000_000
_INLINE = 51_200
_DESCRIPTION = 1_024
_TAGS = 50
_POLICY = 16_384
_SPLIT = "split the stack in two"


def section_limit(view: StackView) -> Iterator[Finding]:
    """Find more than 500 resources, 200 parameters, 200 outputs or 200 mappings."""
    for section, most in _SECTIONS.items():
        if (count := len(view.section(section))) > most:
            yield Finding(_exceeded(count, section.lower(), most), f"/{section}", _SPLIT)


def template_size(view: StackView) -> Iterator[Finding]:
    """Find a template of more than 1,000,000 bytes, in the shortest form, in which it is deployed."""
    if (bytes_ := _deployed(view)) > _TEMPLATE:
        yield Finding(_exceeded(bytes_, "bytes as deployed", _TEMPLATE), hint=_SPLIT)


def bootstrap_size(view: StackView) -> Iterator[Finding]:
    """Find an `access` or `sync` of more than 51,200 bytes.

    They are deployed before there is a bucket, and that is what fits into a request to CloudFormation.
    """
    if view.init and view.name in ("access", "sync") and (bytes_ := _deployed(view)) > _INLINE:
        hint = "take out what was added to it, into a stack of its own"
        yield Finding(_exceeded(bytes_, "bytes as deployed, before there is a bucket", _INLINE), hint=hint)


def description_size(view: StackView) -> Iterator[Finding]:
    """Find a template's description of more than 1,024 bytes."""
    description = view.template.get("Description")
    if isinstance(description, str) and size(description) > _DESCRIPTION:
        message = _exceeded(size(description), "bytes of description", _DESCRIPTION)
        yield Finding(message, "/Description", "shorten the definition's docstring or Description")


def parameter_limit(view: StackView) -> Iterator[Finding]:
    """Find a configuration with more than 200 parameters."""
    if (count := len(view.configuration.get("Parameters", {}))) > _SECTIONS["Parameters"]:
        message = _exceeded(count, "parameters in the configuration", _SECTIONS["Parameters"])
        yield Finding(message, hint=_SPLIT, where=view.configured("parameters"))


def tag_limit(view: StackView) -> Iterator[Finding]:
    """Find more than 50 tags."""
    if (count := len(view.configuration.get("Tags", {}))) > _TAGS:
        where = view.configured("tags")
        yield Finding(_exceeded(count, "tags", _TAGS), hint="take some away", where=where)


def stack_policy_size(view: StackView) -> Iterator[Finding]:
    """Find a stack policy of more than 16,384 bytes."""
    policy = (view.protection or {}).get("StackPolicy")
    if policy is not None and (bytes_ := size(_compact(policy))) > _POLICY:
        message = _exceeded(bytes_, "bytes of stack policy", _POLICY)
        yield Finding(message, hint="use wildcards for resources", where=view.policy_place())


def _exceeded(count: int, what: str, most: int) -> str:
    return f"{count:,} {what}; CloudFormation takes {most:,}"


def _deployed(view: StackView) -> int:
    """Return the number of bytes of the template as it is deployed; at most those of its text."""
    text = view.rendered.template
    return size(text) if len(text) <= _INLINE else size(_compact(view.template))


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
