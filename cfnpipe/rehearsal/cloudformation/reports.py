"""DescribeEvents: what happened in each operation at a stack, and what was found wrong with a change set.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cfnpipe.rehearsal.cloudformation import asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cfnpipe.rehearsal.service import Reply

_BEGINNINGS = {f"{does}_IN_PROGRESS": f"{does}_STACK" for does in ("CREATE", "UPDATE", "DELETE")}
"""Statuses of a stack with which an operation begins, and what the operation is then called."""
_FAULTS = {"VALIDATION_ERROR", "PROVISIONING_ERROR"}


def describe(_action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    """Answer the request, newest event first; ministack knows the events of few operations."""
    from ministack.services.cloudformation import helpers

    found = _events(asked.said(params, "StackName"), asked.said(params, "ChangeSetName"))
    if isinstance(found, tuple):
        return found
    if operation := asked.said(params, "OperationId"):
        found = [each for each in found if each["OperationId"] == operation]
    if asked.said(params, "Filters.FailedEvents").lower() == "true":
        found = [each for each in found if each["EventType"] in _FAULTS]
    page, following, error = helpers._page(found[::-1], params, "DescribeEvents")
    if error:
        return error  # type: ignore[no-any-return]
    members = "".join(f"<member>{_written(each)}</member>" for each in page)
    told = f"<OperationEvents>{members}</OperationEvents>{following}"
    return helpers._xml(  # type: ignore[no-any-return]
        200, "DescribeEventsResponse", f"<DescribeEventsResult>{told}</DescribeEventsResult>"
    )


def _events(stack: str, change_set: str) -> list[dict[str, Any]] | Reply:
    """Return the events of a change set or of a stack, or of all stacks, oldest first; or a refusal."""
    from ministack.services import cloudformation
    from ministack.services.cloudformation import changesets

    if change_set:
        there = asked.stack(stack)
        _, found = changesets._find_change_set(change_set, there["StackName"] if there else stack)
        if found is None:
            return asked.refusal("ChangeSetNotFound", f"ChangeSet [{change_set}] does not exist")
        return [*found.get("_faults", ())]
    if not stack:
        return [event for each in cloudformation._stacks.values() for event in _of_stack(each)]
    if there := asked.stack(stack):
        return [*_of_stack(there)]
    return asked.refusal("ValidationError", f"Stack [{stack}] does not exist")


def _of_stack(stack: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what was found wrong with a stack's change sets and templates, then what happened to it."""
    from ministack.services import cloudformation

    yield from stack.get("_faults", ())
    yield from (e for e in stack.get("_operation_events") or () if e["EventType"] == "VALIDATION_ERROR")
    operation, kind = "", ""
    for event in cloudformation._stack_events.get(stack["StackId"], ()):
        status = event["ResourceStatus"]
        if event["PhysicalResourceId"] == stack["StackId"] and status in _BEGINNINGS:
            operation, kind = event["EventId"], _BEGINNINGS[status]
        if operation:
            failed = status.endswith("_FAILED")
            yield {
                **event,
                "OperationId": operation,
                "OperationType": kind,
                "EventType": "PROVISIONING_ERROR" if failed else "STACK_EVENT",
            }


def _written(event: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{escape(str(value))}</{name}>"
        for name, value in event.items()
        if value and name not in {"StackName", "ClientRequestToken"}
    )
