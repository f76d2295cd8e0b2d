"""How large IAM policies are, counted as IAM counts them: without white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

What only deployment fills in does not count here, so that there are at least so many characters.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cfnpipe.validate.nodes import Node, known_part, resources
from cfnpipe.validate.rights import HOLDERS, inline
from cfnpipe.validate.subject import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.validate.subject import StackView

_MANAGED = 6_144
_INLINE = {"AWS::IAM::Group": 5_120, "AWS::IAM::Role": 10_240, "AWS::IAM::User": 2_048}
_TRUST = 2_048


def managed_policy_size(view: StackView) -> Iterator[Finding]:
    """Find a managed policy of more than 6,144 characters."""
    for _, properties in resources(view, "AWS::IAM::ManagedPolicy"):
        node = properties["PolicyDocument"]
        if (count := _characters(node)) > _MANAGED:
            hint = "use wildcards, or make two policies of it"
            yield Finding(_exceeded(count, "managed policy", _MANAGED), node.pointer, hint)


def inline_policy_size(view: StackView) -> Iterator[Finding]:
    """Find inline policies of a role with more than 10,240 characters together.

    Those of a group have at most 5,120, those of a user 2,048.
    """
    for kind in HOLDERS:
        for logical_id, properties in resources(view, kind):
            count = sum(_characters(document) for document in inline(view, logical_id, properties))
            if count > _INLINE[kind]:
                node = properties["Policies"] if properties["Policies"].present else properties
                hint = "use wildcards, or move statements into a managed policy"
                yield Finding(_exceeded(count, "inline policies", _INLINE[kind]), node.pointer, hint)


def trust_policy_size(view: StackView) -> Iterator[Finding]:
    """Find a role's trust policy of more than 2,048 characters."""
    for _, properties in resources(view, "AWS::IAM::Role"):
        node = properties["AssumeRolePolicyDocument"]
        if (count := _characters(node)) > _TRUST:
            yield Finding(_exceeded(count, "trust policy", _TRUST), node.pointer, "use wildcards")


def _exceeded(count: int, what: str, most: int) -> str:
    return f"at least {count:,} characters of {what}; IAM takes {most:,}"


def _characters(document: Node) -> int:
    """Return how many characters a policy has at least, as IAM counts them."""
    written = json.dumps(_spelled_out(document.value, document.names), separators=(",", ":"))
    return len(re.sub(r"\s", "", known_part(written))) if document.present else 0


def _spelled_out(value: Any, names: Mapping[str, str]) -> Any:
    text = Node(value, names=names).text
    if text is not None:
        return text
    if isinstance(value, dict):
        return {key: _spelled_out(inner, names) for key, inner in value.items()}
    return [_spelled_out(inner, names) for inner in value] if isinstance(value, list) else value
