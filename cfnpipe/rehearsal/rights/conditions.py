"""Third step of a decision: whether a statement's condition holds for a request.

What each operator means, and what a key that the request lacks does to it, is told in "IAM JSON policy
elements: Condition operators" of the IAM User Guide.
"""

from __future__ import annotations

import ipaddress
import operator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.rights import patterns
from cfnpipe.rehearsal.rights.patterns import several

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Context = dict[str, Any]
"""What a request says about itself, its principal and its resource: a text or a list of texts for a key."""


def _moment(text: str) -> float:
    return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()


def _ordered(
    convert: Callable[[str], Any], compare: Callable[[Any, Any], bool]
) -> Callable[[str, str], bool]:
    return lambda wanted, found: compare(convert(found), convert(wanted))


def _inside(wanted: str, found: str) -> bool:
    return ipaddress.ip_address(found) in ipaddress.ip_network(wanted, strict=False)


_ORDER = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda wanted, found: wanted.lower() == found.lower(),
    "StringLike": patterns.matches,
    "ArnEquals": patterns.matches,
    "ArnLike": patterns.matches,
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "IpAddress": _inside,
    **{f"Numeric{name}": _ordered(float, compare) for name, compare in _ORDER.items()},
    **{f"Date{name}": _ordered(_moment, compare) for name, compare in _ORDER.items()},
}


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether all tests of a condition hold. Raise `KeyError` for an operator that AWS has not."""
    known = {name.lower(): value for name, value in context.items() if value is not None}
    return all(
        _test(name, known.get(key.lower()), several(wanted), known)
        for name, tests in condition.items()
        for key, wanted in tests.items()
    )


def _test(name: str, found: Any, wanted: Sequence[Any], context: Context) -> bool:
    quantifier, _, plain = name.rpartition(":")
    if plain == "Null":
        return (found is None) == (_text(wanted[0]) == "true")
    base = plain.removesuffix("IfExists")
    negated, compare = "Not" in base, _COMPARE[base.replace("Not", "", 1)]
    if found is None:
        return negated or base != plain or quantifier == "ForAllValues"
    as_meant = str if base.startswith("Arn") or base.endswith("Like") else patterns.plain
    filled = [patterns.filled(_text(value), context) for value in wanted]
    tested = [as_meant(text) for text in filled if text is not None]
    hits = [any(compare(each, _text(value)) for each in tested) != negated for value in several(found)]
    return any(hits) if quantifier == "ForAnyValue" else all(hits)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
