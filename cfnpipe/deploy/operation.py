"""Stack operations: followed to their end, event by event."""

from __future__ import annotations

import secrets
import shlex
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cfnpipe import names
from cfnpipe.errors import CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cfnpipe.aws.cloudformation import Stacks
    from cfnpipe.deploy.dialogue import Dialogue
    from cfnpipe.model.deployment import Deployed, Event


def unique() -> str:
    """Return a name that no change set has had: when it was made, to the second, and eight letters."""
    return f"{names.CHANGE_SETS_BY_HAND}{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Cloud:
    """CloudFormation in one account and region, and the patience with which it is asked."""

    stacks: Stacks
    region: str
    sleep: Callable[[float], None] = time.sleep
    """Called with seconds between two questions."""
    name: Callable[[], str] = unique
    """Makes the name of a change set."""
    profile: str | None = None
    """The profile that was named for this run, so that the next command can name it too."""

    @property
    def credentials(self) -> str:
        """The option that names the profile in a command, with a space before it; empty without one."""
        return f" --profile {shlex.quote(self.profile)}" if self.profile else ""


class Interrupted(CfnpipeError):
    """Somebody pressed Ctrl-C while an operation ran."""

    exit_code = 130


_PAUSE = 2.0
"""Seconds between two questions about an operation."""

_GOING = (None, "Delete", "Snapshot")
"""The values of DeletionPolicy with which a resource goes when its stack is deleted."""

_DOUBTS = 15
"""How often a stack is looked at, after a call that begins an operation, before its status alone says that it
is at rest: DescribeStacks may be behind the call, and behind the events."""


def last_event(cloud: Cloud, stack: Deployed | None) -> str:
    """Return the id of a stack's last event; empty if it has none."""
    events = cloud.stacks.events(stack.id) if stack else []
    return events[-1].id if events else ""


def follow(
    cloud: Cloud, stack: Deployed, dialogue: Dialogue, after: str = "", *, begun: bool = False
) -> tuple[Deployed | None, list[Event]]:
    """Show what happens to a stack until no operation runs; return what it is then, and the events.

    `after`: the id of the last event before. `begun`: whether an operation was begun a moment ago. The stack
    is None if it was deleted. Raise `Interrupted` on Ctrl-C, with the operation left to run on, or ended, as
    the answer to that question was.

    Nothing limits this in time: some resources take hours, CloudFormation itself ends each operation that
    gets nowhere, and whoever has seen enough presses Ctrl-C.
    """
    seen: list[Event] = []
    doubts = _DOUBTS if begun else 0
    try:
        while True:
            now = cloud.stacks.find(stack.id)
            for event in cloud.stacks.events(stack.id, after):
                after = event.id
                seen.append(event)
                dialogue.happened(event)
            if not _runs(now) and (doubts <= 0 or _ended(stack, now, seen)):
                return (None if now is None or now.status == "DELETE_COMPLETE" else now), seen
            doubts -= 1
            cloud.sleep(_PAUSE)
    except KeyboardInterrupt:
        raise _interrupted(cloud, stack, dialogue) from None


def _runs(stack: Deployed | None) -> bool:
    """Tell whether an operation is at a stack."""
    status = stack.status if stack else ""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _ended(stack: Deployed, now: Deployed | None, events: Sequence[Event]) -> bool:
    """Tell whether a stack's own last event says the same as its status."""
    own = [event.status for event in events if event.of(stack)]
    return own[-1:] == [now.status if now else "DELETE_COMPLETE"]


def retained(template: Any) -> list[str]:
    """Return the logical ids of what stays when a stack is deleted, sorted.

    RetainExceptOnCreate is among it: only a rollback deletes that, and a creation cannot be rolled back by
    anybody while it runs (DeletionPolicy; CancelUpdateStack is for updates).
    """
    listed = template.get("Resources", {}) if isinstance(template, dict) else {}
    return sorted(title for title, each in listed.items() if each.get("DeletionPolicy") not in _GOING)


def _interrupted(cloud: Cloud, stack: Deployed, dialogue: Dialogue) -> Interrupted:
    """Let the operation run on, or end it, as whoever is there says; and say what follows."""
    again = "run the same command again to go on"
    if dialogue.let_run(stack.name):
        return Interrupted(f"interrupted; the operation of {stack.name} runs on", hint=again)
    now = cloud.stacks.find(stack.id)
    if now and now.status == "UPDATE_IN_PROGRESS":
        cloud.stacks.cancel_update(now.name)
        return Interrupted(f"interrupted; the update of {stack.name} is rolled back", hint=again)
    if now and now.status == "CREATE_IN_PROGRESS":
        if kept := retained(cloud.stacks.template(now.name)):
            what = f"deleting {stack.name} now would leave {', '.join(kept)}, in the way of the next creation"
            return Interrupted(f"interrupted; its creation runs on, because {what}", hint=again)
        cloud.stacks.delete(now, token=cloud.name())
        return Interrupted(f"interrupted; {stack.name} is deleted again", hint=again)
    return Interrupted(f"interrupted; what runs in {stack.name} cannot be stopped", hint=again)
