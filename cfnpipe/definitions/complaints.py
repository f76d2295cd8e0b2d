"""What troposphere objects to, in the words of the person who wrote the definition.

Each function looks at an exception and the calls it came through, and returns an `Explanation` or None.
Most of troposphere's own texts name its classes by their Python path and not the line; what is needed
to say it better stands in the variables of its functions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cfnpipe.definitions import origins
from cfnpipe.definitions.explanation import Explanation, text
from cfnpipe.definitions.load import kind
from cfnpipe.wording import meant

if TYPE_CHECKING:
    from cfnpipe.definitions.trail import Trail


def unknown_property(error: BaseException, trail: Trail) -> Explanation | None:
    """Explain a property that the class does not have."""
    at = trail.inside("__setattr__") or trail.inside("__getattr__")
    if at is None or not isinstance(error, AttributeError) or at["name"] in at["self"].props:
        return None
    thing, name = at["self"], at["name"]
    known = sorted(thing.props)
    message = f"{type(thing).__name__} has no property '{name}'"
    return Explanation("unknown-property", message, meant(name, known) or f"it has {', '.join(known)}", name)


def unset_property(_: BaseException, trail: Trail) -> Explanation | None:
    """Explain a property that is read before it is set."""
    at = trail.inside("__getattr__")
    if at is None:
        return None
    return Explanation("definition-error", f"{_label(at['self'])}: {at['name']} is not set")


def wrong_type(_: BaseException, trail: Trail) -> Explanation | None:
    """Explain a value of another type than the property has."""
    raised, at = trail.inside("_raise_type"), trail.inside("__setattr__")
    if raised is None or at is None:
        return None
    found = "a list with " if raised["value"] is not at["value"] else ""
    message = f"{_label(at['self'])}: {at['name']} must be {_types(raised['expected_type'])}"
    wrong = raised["value"]
    return Explanation(
        "wrong-type",
        f"{message}, found {found}{kind(wrong)}",
        _instead(wrong, raised["expected_type"]),
        at["name"],
    )


def refused_value(error: BaseException, trail: Trail) -> Explanation | None:
    """Explain a value that troposphere's check of one property refuses."""
    at = trail.inside("__setattr__")
    if at is None or not isinstance(error, (ValueError, TypeError, AttributeError)):
        return None
    expected, _ = at["self"].props.get(at["name"], ("", False))
    check = getattr(expected, "__name__", "")
    words = text(error) or f"{kind(at['value'])} does not pass the check '{check}'"
    return Explanation("invalid-value", f"{_label(at['self'])}: {at['name']}: {words}", keyword=at["name"])


def missing_property(_: BaseException, trail: Trail) -> Explanation | None:
    """Explain a property without which the class makes no sense."""
    at = trail.inside("_validate_props")
    if at is None:
        return None
    return Explanation(
        "missing-property", f"{_label(at['self'])} needs the property '{at['k']}'", thing=at["self"]
    )


def refused_object(error: BaseException, trail: Trail) -> Explanation | None:
    """Explain an object that troposphere's check of its class refuses when it is rendered."""
    thing = trail.rendered()
    if thing is None or trail.inside("validate") is None:
        return None
    words = text(error).removeprefix(f"{type(thing).__name__}: ")
    return Explanation("invalid-value", f"{_label(thing)}: {words}", thing=thing)


def missing_name(error: BaseException, _: Trail) -> Explanation | None:
    """Explain a resource, parameter or output without its name."""
    if not isinstance(error, TypeError) or "required positional argument: 'title'" not in text(error):
        return None
    return Explanation(
        "bad-name", "its name is missing", 'the first argument is the logical id: VPC("Vpc", ...)'
    )


def bad_name(_: BaseException, trail: Trail) -> Explanation | None:
    """Explain a name that CloudFormation does not take: other than letters and digits, or too long."""
    at = trail.inside("validate_title")
    if at is None:
        return None
    name, kind_of = str(at["self"].title), type(at["self"]).__name__
    better = re.sub(r"[^a-zA-Z0-9]", "", name)
    if better == name:
        return Explanation("bad-name", f"{kind_of}: a name has at most 255 characters, found {len(name)}")
    message = f"{kind_of}: a name has letters and digits only, found '{name}'"
    return Explanation("bad-name", message, f"write '{better}'" if better else "")


def duplicate_name(_: BaseException, trail: Trail) -> Explanation | None:
    """Explain a second part of a template with the same name."""
    at, part = trail.inside("handle_duplicate_key"), trail.inside("_update")
    if at is None:
        return None
    first = origins.of(part["d"].get(at["key"])) if part else None
    where = f"templates{first[0].removeprefix(trail.directory)}:{first[1]}" if first else ""
    hint = f"the first one is made at {where}" if where else ""
    return Explanation("duplicate-name", f"the name '{at['key']}' is taken", hint)


def too_many(error: BaseException, trail: Trail) -> Explanation | None:
    """Explain more resources, parameters, outputs or mappings than a template may have."""
    at = re.fullmatch(r"Maximum (?:number of )?(\w+) (\d+) reached", text(error))
    if at is None or not trail.calls or trail.is_own(trail.calls[-1]):
        return None
    return Explanation("too-many", f"a template has at most {at[2]} {at[1]}", "make two stacks of it")


def old_method(error: BaseException, _: Trail) -> Explanation | None:
    """Explain a method of Template that troposphere has renamed: `add_version`, now `set_version`."""
    from troposphere import Template

    if not isinstance(error, AttributeError) or not isinstance(error.obj, Template):
        return None
    new = f"set_{str(error.name).removeprefix('add_')}"
    if not hasattr(Template, new):
        new = ""
    hint = f"write {new}" if new else meant(str(error.name), dir(Template))
    gone = " any more" if new else ""
    return Explanation(
        "old-troposphere" if new else "definition-error", f"Template has no '{error.name}'{gone}", hint
    )


COMPLAINTS = (
    unknown_property,
    unset_property,
    wrong_type,
    refused_value,
    missing_property,
    refused_object,
    missing_name,
    bad_name,
    duplicate_name,
    too_many,
    old_method,
)
"""In this order: an earlier one is the more precise where two fit."""


def _label(thing: Any) -> str:
    title = getattr(thing, "title", None)
    return f"{type(thing).__name__} '{title}'" if title else type(thing).__name__


def _types(expected: Any) -> str:
    if isinstance(expected, list):
        return f"a list of {_types(tuple(expected))}"
    if isinstance(expected, tuple):
        return " or ".join(_types(one) for one in expected)
    return getattr(expected, "__name__", str(expected))


def _instead(value: Any, expected: Any) -> str:
    """Return what to write for a dict where troposphere has a class."""
    first = expected[0] if isinstance(expected, (list, tuple)) else expected
    if isinstance(value, dict) and hasattr(first, "props"):
        return f"write {first.__name__}(...) with its properties"
    return ""
