"""What went wrong in a stack operation, in one line for the person who can mend it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.errors import CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cfnpipe.model import Place
    from cfnpipe.model.deployment import Event

_CONSEQUENCES = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "The following resource(s) failed",
)
"""How CloudFormation begins the reasons of what failed only because something else did."""


class DeploymentFailed(CfnpipeError):
    """CloudFormation could not make a change set, or could not execute one."""

    exit_code = 1


def first(events: Sequence[Event]) -> Event | None:
    """Return the event of the first resource that failed by itself. `events`: oldest first."""
    failed = [event for event in events if event.failed]
    causes = [event for event in failed if not event.reason.startswith(_CONSEQUENCES)]
    return next(iter(causes or failed), None)


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
    place = lines.get(f"/Resources/{cause.logical}")
    told = (
        f"{cause.logical} ({cause.type}): {cause.reason}"
        if cause.type
        else f"{cause.logical}: {cause.reason}"
    )
    return DeploymentFailed(f"{what}: {told}", where=place, hint=hint)
