"""What an intrinsic function will say, as far as that is known before deployment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cfnpipe.validate.document import at
from cfnpipe.validate.wording import scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = re.compile(r"\$\{(!?)([^${}]+)\}")
"""A variable in the text of `Fn::Sub`; with `!` it stands for itself."""


def resolved(value: Any, names: Mapping[str, str], mappings: Any) -> str | None:
    """Return the text that a value makes, or None if only CloudFormation can tell.

    `names`: the parameters and pseudo parameters that are known. `mappings`: the template's.
    """
    if not isinstance(value, dict):
        return scalar(value)
    found: str | None = None
    match list(value.items()):
        case [("Ref", str(name))]:
            found = names.get(name)
        case [("Fn::Sub", str(text))]:
            found = _substituted(text, names)
        case [("Fn::Sub", [str(text), dict(more)])]:
            found = _substituted(
                text, {**names, **{name: resolved(more[name], names, mappings) for name in more}}
            )
        case [("Fn::Join", [str(between), list(parts)])]:
            texts = [resolved(part, names, mappings) for part in parts]
            found = None if None in texts else between.join(text or "" for text in texts)
        case [("Fn::FindInMap", [*keys])]:
            path = [resolved(key, names, mappings) for key in keys]
            found = None if None in path else scalar(at(mappings, *(key or "" for key in path)))
    return found


def _substituted(text: str, names: Mapping[str, str | None]) -> str | None:
    """Return the text with its variables replaced, or None if one of them is not known."""
    if any(not literal and names.get(name) is None for literal, name in VARIABLE.findall(text)):
        return None
    return VARIABLE.sub(lambda found: f"${{{found[2]}}}" if found[1] else names[found[2]] or "", text)
