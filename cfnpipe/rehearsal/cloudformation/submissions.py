"""Change sets as they are made: when one is refused, what is wrong with it, and what is told of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.cloudformation import asked, changes, exports, validation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.rehearsal.service import Reply

_UNUSABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"}
"""How a stack stands that can only be deleted, or first has to be rolled back to the end."""


def create(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    """Create a change set: with its role, with values, and failed where AWS fails it."""
    if refused := _refusal(params):
        return refused
    before = _in_review(asked.said(params, "StackName"))
    answer = action(params)
    if asked.refused(answer):
        _restore(before)
        return answer
    change_set = asked.change_set(re.search(r"<Id>(.*?)</Id>", answer[2].decode())[1])  # type: ignore[index]
    answer = _same_stack(before, change_set, answer)
    stack = asked.stack(change_set["StackName"]) or {}
    change_set["_role"] = asked.said(params, "RoleARN")
    if change_set["ChangeSetType"] == "CREATE":
        stack["_role"] = change_set["_role"]
    _judge(change_set, stack)
    return answer


def _judge(change_set: dict[str, Any], stack: dict[str, Any]) -> None:
    """Say how a change set ends: what is missing, what is wrong, or what it changes."""
    missing = exports.missing(
        change_set["_template"],
        stack["StackName"],
        change_set["_resolved_params"],
        changes.conditions(change_set),
    )
    if missing:
        _fail(change_set, f"No export named {missing[0]} found.")
    elif not change_set["Changes"] and changes.only_outputs(change_set, stack):
        change_set.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")
    else:
        changes.tell_values(change_set, stack)
        if change_set["Status"] == "CREATE_COMPLETE" and (reason := validation.reason(change_set, stack)):
            _fail(change_set, reason)


def _fail(change_set: dict[str, Any], reason: str) -> None:
    change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=reason, Changes=[])


def _refusal(params: Mapping[str, Any]) -> Reply | None:
    """Refuse a change set of a stack that another operation is at, or that a failed one left unusable."""
    name, change_set = asked.said(params, "StackName"), asked.said(params, "ChangeSetName")
    stack = asked.there(name)
    status = stack["StackStatus"] if stack else "REVIEW_IN_PROGRESS"
    if stack is None or status == "REVIEW_IN_PROGRESS":
        return None
    if asked.said(params, "ChangeSetType") == "CREATE":
        again = f"already exists and cannot be created again with the changeSet [{change_set}]."
        return asked.refusal("ValidationError", f"Stack [{name}] {again}")
    if status in _UNUSABLE or status.endswith("IN_PROGRESS"):
        message = f"Stack:{stack['StackId']} is in {status} state and can not be updated."
        return asked.refusal("ValidationError", message)
    return None


def _in_review(name: str) -> dict[str, Any] | None:
    """Return a stack that has had nothing but change sets; ministack makes another in its place for each."""
    found = asked.stack(name)
    return found if found and found["StackStatus"] == "REVIEW_IN_PROGRESS" else None


def _restore(stack: dict[str, Any] | None) -> None:
    from ministack.services import cloudformation

    if stack:
        cloudformation._stacks[stack["StackName"]] = stack
        cloudformation._stack_events.setdefault(stack["StackId"], [])


def _same_stack(before: dict[str, Any] | None, change_set: dict[str, Any], answer: Reply) -> Reply:
    """Let a change set be of the stack that is there, and say so."""
    from ministack.services import cloudformation

    other = change_set["StackId"]
    if before is None or other == before["StackId"]:
        return answer
    _restore(before)
    cloudformation._stack_events.pop(other, None)
    change_set["StackId"] = before["StackId"]
    status, headers, body = answer
    return status, headers, body.replace(other.encode(), before["StackId"].encode())
