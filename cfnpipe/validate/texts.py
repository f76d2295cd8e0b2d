"""Values that CodePipeline takes as text only, in the configuration of actions and of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.nodes import known_part
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node


def unfit_text(node: Node, what: str, most: int) -> Iterator[Finding]:
    """Find a value that is not a string of 1 to `most` characters.

    CloudFormation makes text of numbers and booleans by itself: a warning. The length is that of the
    text as written, before CodePipeline resolves `#{...}` in it.
    """
    length = len(known_part(node.text or ""))
    if node.present and node.text is None:
        message = f"{what} must be a string, not {kind(node.value)}"
        yield Finding(message, node.pointer, "write it in quotes", severity=node.no_text)
    elif length > most:
        message = f"{what} has {length:,} characters; CodePipeline takes {most:,}"
        yield Finding(message, node.pointer, "shorten it")
    elif node.fixed == "":
        yield Finding(f"{what} is empty", node.pointer, "leave it out")
