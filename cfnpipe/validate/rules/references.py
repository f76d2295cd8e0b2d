"""References inside a template that cfn-lint does not follow, and templates with nothing in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.subject import StackView


def empty_template(view: StackView) -> Iterator[Finding]:
    """Find a template with an empty `Resources`; CloudFormation makes no stack of it."""
    if view.template.get("Resources") == {}:
        hint = "add a resource to the template; is it the template of the module that you filled?"
        yield Finding("the template has no resources", "/Resources", hint)


def unknown_mapping(view: StackView) -> Iterator[Finding]:
    """Find `Fn::FindInMap` with a map or a key that the template does not have."""
    mappings = view.section("Mappings")
    for pointer, argument in view.calls("Fn::FindInMap"):
        match argument:
            case [str(name), *_] if name not in mappings:
                yield Finding(f"there is no mapping {quoted(name)}", pointer, choice(name, mappings))
            case [str(name), str(first), second]:  # With a fourth element there is a default.
                yield from _unknown_key(pointer, mappings[name], first, second)


def _unknown_key(pointer: str, mapping: Any, first: str, second: Any) -> Iterator[Finding]:
    if first not in mapping:
        yield Finding(f"the mapping has no key {quoted(first)}", pointer, choice(first, mapping))
    elif isinstance(second, str) and isinstance(mapping[first], dict) and second not in mapping[first]:
        message = f"{quoted(first)} in the mapping has no key {quoted(second)}"
        yield Finding(message, pointer, choice(second, mapping[first]))


def null_value(view: StackView) -> Iterator[Finding]:
    """Find a null in a resource's properties, which CloudFormation refuses."""
    for pointer, node in view.document.nodes:
        if node is None and pointer.startswith("/Resources/") and "/Properties/" in pointer:
            hint = 'leave the property out, or write Ref("AWS::NoValue")'
            yield Finding("null stands for a value", pointer, hint)
