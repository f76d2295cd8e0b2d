"""Values of parameters against what the template allows.

For a list each element counts, as CloudFormation has it for `AllowedValues` and `AllowedPattern`.
Values with a dynamic reference are known only during deployment and left alone.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from cfnpipe.validate import patterns
from cfnpipe.validate.document import below, entries
from cfnpipe.validate.given import judged
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import scalar
from cfnpipe.wording import listed, meant, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cfnpipe.validate.given import Given
    from cfnpipe.validate.subject import StackView


def allowed_values(view: StackView) -> Iterator[Finding]:
    """Find a value that is none of the parameter's AllowedValues."""
    for each in judged(view):
        allowed = [
            text for text in map(scalar, entries(each.declared.get("AllowedValues"))) if text is not None
        ]
        for element in each.elements if allowed and each.value not in allowed else ():
            if element not in allowed and not _equal(each, element, allowed):
                message = f"{quoted(each.name)} takes one of {listed(allowed)}, not {each.shown(element)}"
                yield _wrong(each, message, meant(element, allowed))


def allowed_pattern(view: StackView) -> Iterator[Finding]:
    """Find a value that the parameter's AllowedPattern does not match as a whole.

    CloudFormation reads the pattern as Java does; one that means nothing here is not judged.
    """
    for each in judged(view):
        pattern = _pattern(each.declared)
        for element in patterns.unlike(pattern, tuple(each.elements)) or ():
            message = f"{quoted(each.name)} must match {quoted(pattern)}, unlike {each.shown(element)}"
            yield _wrong(each, message, _advice(each))


def slow_pattern(view: StackView) -> Iterator[Finding]:
    """Find an AllowedPattern that needs more than a second for the values.

    The time that such a pattern needs doubles with each character. CloudFormation would try it too, and
    cfn-lint on the default.
    """
    values = {each.name: each.elements for each in judged(view)}
    for name, declared in view.section("Parameters").items():
        pattern, default = _pattern(declared), scalar(declared.get("Default")) or ""
        if patterns.unlike(pattern, (*values.get(name, ()), default)) is None:
            message = f"{quoted(pattern)} of {quoted(name)} is not decided after a second"
            pointer = below("/Parameters", name, "AllowedPattern")
            yield Finding(message, pointer, "repeat nothing that repeats itself: (a+)+ is a+")


def _pattern(declared: Mapping[str, Any]) -> str:
    """Return a parameter's pattern; one that anything matches where it has none."""
    pattern = declared.get("AllowedPattern")
    return pattern if isinstance(pattern, str) else "(?s).*"


def parameter_length(view: StackView) -> Iterator[Finding]:
    """Find a String that is shorter than MinLength or longer than MaxLength."""
    for each in judged(view):
        if each.type == "String":
            low, high = (_number(each.declared.get(key)) for key in ("MinLength", "MaxLength"))
            if _outside(Decimal(len(each.value)), low, high):
                message = f"{quoted(each.name)} takes {_span(low, high)} characters, not {len(each.value)}"
                yield _wrong(each, message, _advice(each))


def parameter_range(view: StackView) -> Iterator[Finding]:
    """Find a Number below MinValue or above MaxValue."""
    for each in judged(view):
        value = _number(each.value)
        if each.type == "Number" and value is not None:
            low, high = (_number(each.declared.get(key)) for key in ("MinValue", "MaxValue"))
            if _outside(value, low, high):
                message = f"{quoted(each.name)} takes {_span(low, high)}, not {each.shown(each.value)}"
                yield _wrong(each, message, _advice(each))


def _wrong(each: Given, message: str, hint: str = "") -> Finding:
    return Finding(message, each.pointer, hint, each.where)


def _advice(each: Given) -> str:
    """Return what the template's author says about the constraint."""
    return scalar(each.declared.get("ConstraintDescription")) or ""


def _equal(each: Given, element: str, allowed: Sequence[str]) -> bool:
    """Tell whether a number is among `allowed`, written differently: `1.0` for `1`."""
    number = _number(element) if each.type in ("Number", "List<Number>") else None
    return number is not None and number in map(_number, allowed)


def _number(value: Any) -> Decimal | None:
    """Return a number, also one that is written as a string; None for anything else."""
    text = scalar(value)
    try:
        number = Decimal(text) if text is not None and not isinstance(value, bool) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _outside(value: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def _span(low: Decimal | None, high: Decimal | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"
