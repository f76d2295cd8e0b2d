"""What went wrong in a stack operation, in one line for the person who can mend it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.errors import CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cfnpipe.model import Place
    from cfnpipe.model.deployment import Deployed, Event

_CONSEQUENCES = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "The following resource(s) failed",
)
"""How CloudFormation begins the reasons of what failed only because something else did."""
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS")
"""The statuses of a stack with which an operation begins; its rollback belongs to it."""
_ROLLBACKS = ("ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS")
"""Those with which a rollback begins, and begins again when it is continued."""


class DeploymentFailed(CfnpipeError):
    """CloudFormation could not make a change set, or could not execute one."""

    exit_code = 1


def first(events: Sequence[Event]) -> Event | None:
    """Return the event of the first resource that failed by itself. `events`: oldest first."""
    failed = [event for event in events if event.failed]
    causes = [event for event in failed if not event.reason.startswith(_CONSEQUENCES)]
    return next(iter(causes or failed), None)


def latest(stack: Deployed, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events that led to a stack's status. `events`: of the stack, oldest first.

    They are those of its last operation, with its rollback. A rollback that failed is looked at alone: what
    keeps it from its end is to be mended before it can be continued, not what it was begun for.
    """
    beginnings = _ROLLBACKS if stack.status.endswith("ROLLBACK_FAILED") else _BEGINNINGS
    begun = (
        number
        for number, event in reversed(list(enumerate(events)))
        if event.of(stack) and event.status in beginnings
    )
    return events[next(begun, 0) :]


def explained(
    what: str, events: Sequence[Event], lines: Mapping[str, Place], *, reason: str = "", hint: str = ""
) -> DeploymentFailed:
    """Return the error that says what failed and why.

    `what`: what could not be done, in words. `events`: of this operation, oldest first. `lines`: where each
    resource was made, by its pointer. `reason`: what is said if no event tells it. `hint`: what to do next.
    """
    cause = first(events)
    if cause is None:
        return DeploymentFailed(f"{what}: {reason or 'CloudFormation gives no reason'}", hint=hint)
    return DeploymentFailed(f"{what}: {told(cause)}", where=place(cause, lines), hint=hint)


def told(cause: Event) -> str:
    """Return in words which resource failed, and why."""
    kind = f" ({cause.type})" if cause.type else ""
    return f"{cause.logical}{kind}: {cause.reason or cause.status}"


def place(cause: Event, lines: Mapping[str, Place]) -> Place | None:
    """Return where the resource was made that failed, if that is known."""
    return lines.get(f"/Resources/{cause.logical}")
