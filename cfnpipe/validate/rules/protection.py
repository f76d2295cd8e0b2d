"""Stack policies: their shape, and whether what they name is in the template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from cfnpipe.model import Place
from cfnpipe.validate.document import below, entries
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import kind
from cfnpipe.wording import choice, meant, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.validate.subject import StackView

_KEYS = ("Effect", "Action", "NotAction", "Principal", "Resource", "NotResource", "Condition", "Sid")
_ACTIONS = ("Update:Modify", "Update:Replace", "Update:Delete", "Update:*")
_RESOURCE = "LogicalResourceId/"


def stack_policy_in_configuration(view: StackView) -> Iterator[Finding]:
    """Find a stack policy inside the configuration: change sets do not apply it, and others own it."""
    if "StackPolicy" in view.configuration:
        yield Finding(
            "the configuration holds a StackPolicy, which change sets do not apply",
            hint="write it to a file below config/ and name it under 'protection'",
            where=Place(view.file("configuration.json")),
        )


def stack_policy(view: StackView) -> Iterator[Finding]:
    """Find a stack policy that CloudFormation refuses, or in which a word is misspelt."""
    for message, pointer, hint in _wrong_policy((view.protection or {}).get("StackPolicy")):
        yield Finding(message, f"/StackPolicy{pointer}", hint, view.policy_place())


def stack_policy_resource(view: StackView) -> Iterator[Finding]:
    """Find a stack policy that names a resource which the template does not have."""
    there = dict(view.resources())
    for pointer, statement in _statements((view.protection or {}).get("StackPolicy")):
        for key in ("Resource", "NotResource"):
            for name in _named(statement.get(key)):
                if not any(fnmatchcase(each, name.replace("[", "[[]")) for each in there):
                    yield Finding(
                        f"the stack policy names {quoted(name)}, which the template does not have",
                        f"/StackPolicy{pointer}/{key}",
                        choice(name, there),
                        view.policy_place(),
                    )


def stack_policy_without_allow(view: StackView) -> Iterator[Finding]:
    """Warn of a stack policy that allows nothing: what no statement allows is denied."""
    policy = (view.protection or {}).get("StackPolicy")
    statements = [statement for _, statement in _statements(policy)]
    if statements and not any(statement.get("Effect") == "Allow" for statement in statements):
        hint = 'add {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}'
        message = "the stack policy allows nothing, so that no change of the stack can succeed"
        yield Finding(message, "/StackPolicy", hint, view.policy_place(), "warning")


def _statements(policy: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the pointer below the policy and the statement, of those that are objects."""
    if isinstance(policy, dict):
        for number, statement in enumerate(entries(policy.get("Statement"))):
            if isinstance(statement, dict):
                yield below("/Statement", number), statement


def _named(resources: Any) -> Iterator[str]:
    """Yield the logical ids, perhaps with wildcards, that a statement names."""
    for resource in entries(resources):
        if isinstance(resource, str) and resource.startswith(_RESOURCE):
            yield resource.removeprefix(_RESOURCE)


_Wrong = tuple[str, str, str]
"""Message, pointer below the policy, and hint."""


def _wrong_policy(policy: Any) -> Iterator[_Wrong]:
    if policy is None:
        return
    for key in policy:
        if key not in ("Statement", "Version"):
            yield f"a stack policy has no {quoted(key)}", below("", key), choice(key, ["Statement"])
    if not entries(policy.get("Statement")):
        yield "the stack policy has no Statement", "", "write a list of statements"
    for number, statement in enumerate(entries(policy.get("Statement"))):
        pointer = below("/Statement", number)
        if isinstance(statement, dict):
            yield from ((message, pointer, hint) for message, hint in _wrong_statement(statement))
        else:
            yield f"a statement must be an object, not {kind(statement)}", pointer, "write an object"


def _wrong_statement(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in statement:
        if key not in _KEYS:
            yield f"a statement of a stack policy has no {quoted(key)}", choice(key, _KEYS)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield (
            "a statement needs the Effect Allow or Deny",
            meant(str(statement.get("Effect")), ["Allow", "Deny"]),
        )
    if statement.get("Principal") != "*":
        yield 'a statement needs "Principal": "*"', "a stack policy holds for everybody"
    yield from _wrong_actions(statement)
    yield from _wrong_resources(statement)


def _wrong_actions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    actions = [action for key in ("Action", "NotAction") for action in entries(statement.get(key))]
    if not actions:
        yield "a statement needs an Action", f"one of {', '.join(_ACTIONS)}"
    for action in actions:
        if action not in _ACTIONS:
            yield f"a stack policy knows no action {quoted(str(action))}", choice(str(action), _ACTIONS)


def _wrong_resources(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    resources = [resource for key in ("Resource", "NotResource") for resource in entries(statement.get(key))]
    if not resources:
        yield "a statement needs a Resource", f"{_RESOURCE}NAME or *"
    for resource in resources:
        if not isinstance(resource, str) or not (resource == "*" or resource.startswith(_RESOURCE)):
            yield f"a stack policy has no resource {quoted(str(resource))}", f"write {_RESOURCE}NAME or *"
