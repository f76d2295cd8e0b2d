"""Input transformers: what a rule makes of an event before it tells its target.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cfnpipe.validate.nodes import resources
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_PREDEFINED = "aws.events."
"""So begin the placeholders that EventBridge fills by itself, such as `<aws.events.rule-name>`."""


def input_placeholder(view: StackView) -> Iterator[Finding]:
    """Find a placeholder that no path defines, a path that is not used, or one that is not a path.

    EventBridge refuses the first when the stack is deployed; the second is mostly a slip of the pen.
    """
    for transformer in _transformers(view):
        template, paths = transformer["InputTemplate"], transformer["InputPathsMap"]
        if template.fixed is not None and not paths.is_intrinsic:
            yield from _placeholders(template, dict(paths.entries()))


def _placeholders(template: Node, paths: dict[str, Node]) -> Iterator[Finding]:
    used = dict.fromkeys(_PLACEHOLDER.findall(template.fixed or ""))
    for name in used:
        if name not in paths and not name.startswith(_PREDEFINED):
            message = f"the input template has <{name}>, which no path defines"
            yield Finding(message, template.pointer, choice(name, paths))
    for name, path in paths.items():
        if name not in used:
            message = f"the input template does not use {quoted(name)}"
            yield Finding(
                message, path.pointer, f"write {quoted(f'<{name}>')} into it, or leave the path out"
            )
        if not (path.fixed or "$").startswith("$"):
            yield Finding(
                f"{quoted(path.fixed or '')} is not a path into an event", path.pointer, "begin it with $."
            )


def input_template(view: StackView) -> Iterator[Finding]:
    """Find an input template that begins like JSON and is not, whatever its placeholders become.

    EventBridge refuses it when the stack is deployed. A placeholder inside quotes is always safe.
    """
    for transformer in _transformers(view):
        template = transformer["InputTemplate"]
        begins = (template.text or "").lstrip().startswith(("{", "["))
        if begins and not filled(template).present:
            yield Finding(
                "the input template is not JSON", template.pointer, "mind its commas, brackets and quotes"
            )


def filled(template: Node) -> Node:
    """Return the JSON of an input template, 0 for placeholders outside strings; else an empty node."""
    quoted_only = template.parsed()
    if quoted_only.present:
        return quoted_only
    return replace(template, value=_PLACEHOLDER.sub("0", template.text or "")).parsed()


def _transformers(view: StackView) -> Iterator[Node]:
    for _, rule in resources(view, "AWS::Events::Rule"):
        for target in rule["Targets"].elements():
            yield target["InputTransformer"]
