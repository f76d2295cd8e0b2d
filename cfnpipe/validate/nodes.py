"""Looking into a template: values with their place, and text of which only parts are known.

Rules judge what is written and leave alone what CloudFormation decides later. Looking for something
that is not there gives an empty node, never an error. Text is spelled with the parameters' values in
it, and with `${...}` where only deployment can tell.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cfnpipe.validate.document import below

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.model import Severity
    from cfnpipe.validate.subject import StackView

UNKNOWN = "${?}"
"""Stands in spelled text for an intrinsic function that says nothing about its value."""
_UNKNOWN_PART = re.compile(r"\$\{[^}]*\}")
_INTEGER = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True)
class Node:
    """A JSON value and where it stands."""

    value: Any = None
    pointer: str = ""
    """The JSON Pointer (RFC 6901) into the template."""
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The values of parameters and pseudo parameters, as far as they are known."""
    in_text: bool = False
    """Whether it is JSON in a text: what is in it has the pointer of the text."""

    def __getitem__(self, key: str) -> Node:
        """Return what an object holds under `key`; an empty node if it holds nothing or is not an object."""
        return self.inner(self.value.get(key) if self.is_object else None, key)

    @property
    def is_intrinsic(self) -> bool:
        """Whether it is `Ref` or `Fn::...`: CloudFormation decides its value."""
        if not isinstance(self.value, dict) or len(self.value) != 1:
            return False
        (key,) = self.value
        return key == "Ref" or bool(key.startswith("Fn::"))

    @property
    def is_object(self) -> bool:
        """Whether it is an object whose keys are known."""
        return isinstance(self.value, dict) and not self.is_intrinsic

    @property
    def present(self) -> bool:
        """Whether there is a value at all."""
        return self.value is not None and self.value != {"Ref": "AWS::NoValue"}

    @property
    def text(self) -> str | None:
        """The text with `${...}` for unknown parts; None if it is not text."""
        return _spelled(self.value, self.names)

    @property
    def fixed(self) -> str | None:
        """The text, if all of it is known."""
        text = self.text
        return text if text is not None and known_part(text) == text else None

    @property
    def number(self) -> int | None:
        """The whole number, also if it is written as text, which CloudFormation takes as well."""
        text = self.fixed
        if text is not None:
            return int(text) if _INTEGER.fullmatch(text) else None
        is_number = isinstance(self.value, int) and not isinstance(self.value, bool)
        return self.value if is_number else None

    @property
    def no_text(self) -> Severity:
        """How bad it is in the place of text: CloudFormation writes numbers and booleans as text."""
        return "warning" if isinstance(self.value, bool | int | float) else "error"

    @property
    def says_true(self) -> bool:
        """Whether it is true, as a boolean or as text."""
        return self.value is True or (self.fixed or "").lower() == "true"

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Yield key and value of an object."""
        if self.is_object:
            for key in self.value:
                yield key, self[key]

    def elements(self) -> Iterator[Node]:
        """Yield the elements of a list; where there is a choice, those of both outcomes."""
        for branch in self.branches():
            if isinstance(branch.value, list):
                for position, value in enumerate(branch.value):
                    yield from branch.inner(value, position).branches()

    def each(self) -> Iterator[Node]:
        """Yield the elements of a list, or the value itself: IAM takes both."""
        if isinstance(self.value, list):
            yield from self.elements()
        elif self.present:
            yield self

    def branches(self) -> Iterator[Node]:
        """Yield the value; for `Fn::If` what either outcome gives; nothing for `AWS::NoValue`."""
        choice = self.value.get("Fn::If") if self.is_intrinsic else None
        if isinstance(choice, list):
            for position, value in list(enumerate(choice))[1:]:
                yield from self.inner(value, "Fn::If", position).branches()
        elif self.present:
            yield self

    def parsed(self) -> Node:
        """Return the JSON that the text holds, 0 for unknown parts outside strings; else an empty node."""
        text = self.text or ""
        for attempt in (text, _UNKNOWN_PART.sub("0", text)):
            with suppress(ValueError, RecursionError):
                return replace(self, value=json.loads(attempt, strict=False), in_text=True)
        return replace(self, value=None)

    def inner(self, value: Any, *keys: str | int) -> Node:
        """Return a value that stands at some keys inside it."""
        pointer = self.pointer if self.in_text else below(self.pointer, *keys)
        return Node(value, pointer, self.names, self.in_text)


def resources(view: StackView, *types: str) -> Iterator[tuple[str, Node]]:
    """Yield logical id and properties of the resources of the given types, in the template's order."""
    for logical_id, resource in view.resources(*types):
        pointer = below("/Resources", logical_id, "Properties")
        yield logical_id, Node(resource.get("Properties"), pointer, view.known)


def known_part(text: str) -> str:
    """Return spelled text without its unknown parts."""
    return _UNKNOWN_PART.sub("", text)


def differ(one: Node, other: Node) -> bool:
    """Return whether two texts are different for certain, whatever their unknown parts are."""
    first, second = one.text, other.text
    if first is None or second is None or first == second:
        return False
    return _UNKNOWN_PART.findall(first) == _UNKNOWN_PART.findall(second) and UNKNOWN not in first


def _spelled(value: Any, names: Mapping[str, str]) -> str | None:
    """Return text with `${...}` where its parts are not known; None for what is not text.

    `{"Ref": "Bucket"}` is `${Bucket}` and `Fn::GetAtt` is `${Role.Arn}`, so that equal spellings are
    equal values, unless they contain `UNKNOWN`.
    """
    if not isinstance(value, dict):
        return value if isinstance(value, str) else None
    spelled = None
    match list(value.items()):
        case [("Ref", str(name))]:
            spelled = names.get(name, f"${{{name}}}")
        case [("Fn::GetAtt", str(name))]:
            spelled = f"${{{name}}}"
        case [("Fn::GetAtt", [str(resource), str(attribute)])]:
            spelled = f"${{{resource}.{attribute}}}"
        case [("Fn::Sub", str(text))]:
            spelled = _substituted(text, names)
        case [("Fn::Sub", [str(text), dict(more)])]:
            inner = {name: _spelled(each, names) or UNKNOWN for name, each in more.items()}
            spelled = _substituted(text, {**names, **inner})
        case [("Fn::Join", [str(between), list(parts)])]:
            spelled = between.join(_spelled(part, names) or UNKNOWN for part in parts)
        case [(str(name), _)] if name == "Ref" or name.startswith("Fn::"):
            spelled = UNKNOWN
    return spelled


def _substituted(text: str, names: Mapping[str, str]) -> str:
    return _UNKNOWN_PART.sub(lambda part: names.get(part.group()[2:-1], part.group()), text)
