"""What the state of a stack means for whoever wants to change it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfnpipe.model.deployment import Deployed, Event

Route = Literal["create", "update", "follow", "clear", "stuck"]
"""What can be done now: a change set that creates or updates; wait, because an operation runs; delete what a
failed first attempt left, which holds nothing; or nothing, before somebody has decided."""

_ROUTES: dict[str, Route] = {
    "REVIEW_IN_PROGRESS": "create",
    "CREATE_COMPLETE": "update",
    "UPDATE_COMPLETE": "update",
    "UPDATE_ROLLBACK_COMPLETE": "update",
    "IMPORT_COMPLETE": "update",
    "IMPORT_ROLLBACK_COMPLETE": "update",
    "DELETE_COMPLETE": "create",
    "ROLLBACK_COMPLETE": "clear",
}
"""By CloudFormation's stack status (Stack status codes, CloudFormation User Guide). A stack that is
REVIEW_IN_PROGRESS has a change set that nobody executed, and no resources; one in ROLLBACK_COMPLETE can only
be deleted."""


def route(stack: Deployed | None) -> Route:
    """Return what can be done with a stack, or with its name if there is none."""
    if stack is None:
        return "create"
    if stack.status in _ROUTES:
        return _ROUTES[stack.status]
    return "follow" if stack.status.endswith("_IN_PROGRESS") else "stuck"


def way_out(stack: Deployed, region: str, events: Sequence[Event] = ()) -> str:
    """Return the command that leads out of a state which nobody leaves by himself.

    What failed to be created is rolled back, not deleted: a deletion keeps what has the policy
    RetainExceptOnCreate, and the next creation would find its name taken (DeletionPolicy, CloudFormation
    User Guide).
    CloudFormation does each of them with the role that the stack has, if it has one.
    `events`: those of the stack, which tell what could not be deleted.
    """
    where = f"--stack-name {stack.name} --region {region}"
    if stack.status in ("UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"):
        return f"aws cloudformation continue-update-rollback {where}"
    if stack.status in ("CREATE_FAILED", "UPDATE_FAILED"):
        return f"aws cloudformation rollback-stack {where}"
    if stack.status == "DELETE_FAILED" and (kept := undeleted(stack, events)):
        return f"aws cloudformation delete-stack {where} --retain-resources {' '.join(kept)}"
    return f"aws cloudformation delete-stack {where}"


def undeleted(stack: Deployed, events: Sequence[Event]) -> list[str]:
    """Return the logical ids of what the last deletion of a stack could not delete, sorted."""
    last: dict[str, Event] = {event.logical: event for event in events if not event.of(stack)}
    return sorted(each.logical for each in last.values() if each.status == "DELETE_FAILED")
