"""The tags of a stack, which CloudFormation passes on to its resources.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.subject import StackView

_STRANGE = re.compile(r"[^\w\s.:/=+@-]")
"""What most services refuse in a tag; `\\w` and `\\s` are Unicode's."""


def tag_key(view: StackView) -> Iterator[Finding]:
    """Find a tag's key that AWS refuses: with `aws:` in front, or of other characters."""
    for key in view.configuration.get("Tags", {}):
        where = view.configured("tags", key)
        if key.lower().startswith("aws:"):
            message = f"the tag {quoted(key)} begins with 'aws:', which AWS keeps for itself"
            yield Finding(message, hint="choose another key", where=where)
        elif strange := _STRANGE.search(key):
            message = f"the tag {quoted(key)} holds {quoted(strange[0])}"
            yield Finding(message, hint="use letters, digits, space and _.:/=+-@", where=where)


def tag_value(view: StackView) -> Iterator[Finding]:
    """Find a tag's value of characters that AWS refuses."""
    for key, value in view.configuration.get("Tags", {}).items():
        if strange := _STRANGE.search(value):
            message = f"the value of the tag {quoted(key)} holds {quoted(strange[0])}"
            hint = "use letters, digits, space and _.:/=+-@"
            yield Finding(message, hint=hint, where=view.configured("tags", key))


def tag_case(view: StackView) -> Iterator[Finding]:
    """Warn of two tags whose keys differ only in case, which some services take for one."""
    seen: dict[str, str] = {}
    for key in view.configuration.get("Tags", {}):
        other = seen.setdefault(key.lower(), key)
        if other != key:
            message = f"the tags {quoted(other)} and {quoted(key)} differ only in case"
            where = view.configured("tags", key)
            yield Finding(message, hint="keep one of them", where=where, severity="warning")
