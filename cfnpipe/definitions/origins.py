"""Which line of the engineers' code made each part of a template."""

from __future__ import annotations

import functools
from inspect import currentframe
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

Origin = tuple[str, int]
"""A file's absolute path and a line."""

_ATTRIBUTE = "_cfnpipe_origin"


def record(directory: str) -> None:
    """Make troposphere's objects remember the innermost line below `directory` that made them.

    That is the line of a helper where a helper makes them. It stands in the object's `__dict__`, which
    troposphere never renders; conditions and mappings, which are plain values, are noted on the template.
    """
    from troposphere import BaseAWSObject, Template

    nearest = functools.partial(_nearest, f"{directory}/")
    BaseAWSObject.__init__ = _noting_itself(BaseAWSObject.__init__, nearest)
    Template.add_condition = _noting_name(Template.add_condition, "Conditions", nearest)
    Template.add_mapping = _noting_name(Template.add_mapping, "Mappings", nearest)


def of(thing: Any) -> Origin | None:
    """Return where an object of troposphere was made."""
    origin: Origin | None = getattr(thing, "__dict__", {}).get(_ATTRIBUTE)
    return origin


def lines(template: Any) -> dict[str, Origin]:
    """Return where the parts of a template were made, by JSON Pointer: `/Resources/Vpc`."""
    parts = {
        pointer(section, title): of(part)
        for section in ("Parameters", "Resources", "Outputs")
        for title, part in getattr(template, section.lower()).items()
    }
    parts.update(getattr(template, "__dict__", {}).get(_ATTRIBUTE, {}))
    return {where: origin for where, origin in parts.items() if origin is not None}


def pointer(*keys: object) -> str:
    """Return a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def _nearest(prefix: str) -> Origin | None:
    frame: FrameType | None = currentframe()
    while frame is not None:
        if frame.f_code.co_filename.startswith(prefix):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def _noting_itself(
    original: Callable[..., None], nearest: Callable[[], Origin | None]
) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it takes the place of one
        self.__dict__[_ATTRIBUTE] = nearest()
        original(self, *args, **kwargs)

    return __init__


def _noting_name(
    original: Callable[..., Any], section: str, nearest: Callable[[], Origin | None]
) -> Callable[..., Any]:
    @functools.wraps(original)
    def add(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        self.__dict__.setdefault(_ATTRIBUTE, {}).setdefault(pointer(section, name), nearest())
        return original(self, name, *args, **kwargs)

    return add
