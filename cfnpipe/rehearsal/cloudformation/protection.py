"""Stack policies: which resources an update of a stack may not touch."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.cloudformation.events import Events
    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation


def check(operation: ResourceOperation) -> str | None:
    """Return why a stack's policy forbids to change or to replace a resource; nothing if it allows it.

    Only updates are held to it: no creation, no rollback, and no deletion of the stack.
    """
    stack = _stacks()[operation.stack]
    if (
        stack["StackStatus"] != "UPDATE_IN_PROGRESS"
        or not operation.physical_id
        or operation.does == "delete"
    ):
        return None
    action = "Update:Replace" if operation.does == "create" else "Update:Modify"
    return refusal(stack, action, operation.logical_id, operation.type)


def check_removals(events: Events, stack: str, titles: set[str]) -> None:
    """Raise `ValueError` if the stack's policy forbids to delete what an update leaves out."""
    there = _stacks()[stack]
    for title in sorted(titles):
        kind = there["_resources"][title]["ResourceType"]
        if reason := refusal(there, "Update:Delete", title, kind):
            events.fail(stack, title, kind, reason)
            raise ValueError(reason)


def refusal(stack: Mapping[str, Any], action: str, title: str, kind: str) -> str | None:
    """Return why a stack's policy forbids an action; once there is one, it forbids what it does not allow."""
    text = stack.get("_policy_during_update") or stack.get("_stack_policy")
    if not text:
        return None
    statements = json.loads(text)["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    matching = [
        (number, each["Effect"])
        for number, each in enumerate(statements, 1)
        if _matches(each, action, title, kind)
    ]
    denials = [number for number, effect in matching if effect == "Deny"]
    if denials:
        return (
            f"Action denied by stack policy: Statement [#{denials[0]}] does not allow [{action}] "
            f"for resource [LogicalResourceId/{title}];"
        )
    return None if matching else "Action not allowed by stack policy"


def _matches(statement: Mapping[str, Any], action: str, title: str, kind: str) -> bool:
    resource = f"LogicalResourceId/{title}"
    return (
        _names(statement, "Action", action)
        and _names(statement, "Resource", resource)
        and all(
            _any(values, kind) for test in statement.get("Condition", {}).values() for values in test.values()
        )
    )


def _names(statement: Mapping[str, Any], what: str, value: str) -> bool:
    if f"Not{what}" in statement:
        return not _any(statement[f"Not{what}"], value)
    return _any(statement.get(what, []), value)


def _any(patterns: Any, value: str) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(value.lower(), pattern.lower()) for pattern in listed)


def _stacks() -> Any:
    from ministack.services import cloudformation

    return cloudformation._stacks
