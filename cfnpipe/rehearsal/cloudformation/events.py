"""The events of a stack, as AWS tells them: of what changed and of nothing else.

ministack tells of an update that each of the stack's resources is updated. What it says of a resource is
held back here until it is known whether anything happens to it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STACK = "AWS::CloudFormation::Stack"
_CLEANUP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


class Events:
    """Stands between ministack's stacks and their events."""

    def __init__(self) -> None:
        self._tell: Callable[..., None] = lambda *_: None
        self._held: dict[tuple[str, str], tuple[str, ...]] = {}
        """By the stack's id and logical id: an event that may be about nothing."""
        self._created: set[tuple[str, str]] = set()
        """What updates of stacks create."""
        self._failures: dict[str, str] = {}
        """Why stacks roll back, by their ids."""

    def install(self) -> None:
        """Take ministack's function over."""
        from ministack.services.cloudformation import stacks

        self._tell = stacks._add_event
        stacks._add_event = self._add

    def created(self, stack: str, title: str) -> None:
        """Note that a resource is new in its stack, even if the stack is updated."""
        key = (_stack(stack)["StackId"], title)
        if held := self._held.pop(key, ()):
            self._created.add(key)
            self._tell(*held[:4], "CREATE_IN_PROGRESS")

    def changed(self, stack: str, title: str) -> None:
        """Note that something happens to a resource."""
        if held := self._held.pop((_stack(stack)["StackId"], title), ()):
            self._tell(*held)

    def initiated(self, stack: str, title: str, kind: str, physical_id: str) -> None:
        """Tell that a service has begun to make a resource."""
        about = _stack(stack)["StackId"], stack, title, kind
        self._tell(*about, "CREATE_IN_PROGRESS", "Resource creation Initiated", physical_id)

    @contextmanager
    def deletion(self, stack: str, title: str, kind: str, physical_id: str) -> Iterator[None]:
        """Tell of a deletion after an update, of which ministack tells the failure only."""
        there = _stack(stack)
        if there.get("StackStatus") != "UPDATE_IN_PROGRESS":
            yield
            return
        self._clean_up(there["StackId"], stack)
        about = there["StackId"], stack, title, kind
        self._tell(*about, "DELETE_IN_PROGRESS", "", physical_id)
        yield
        self._tell(*about, "DELETE_COMPLETE", "", physical_id)

    def fail(self, stack: str, title: str, kind: str, reason: str) -> None:
        """Tell that a resource fails, of which ministack has not heard."""
        self._tell(_stack(stack)["StackId"], stack, title, kind, "UPDATE_FAILED", reason)

    def _add(self, *event: str, **more: str) -> None:
        """Stand for ministack's function: stack id, stack, logical id, type, status, and what is told."""
        stack_id, stack, title, kind, status = event[:5]
        if kind == _STACK and title == stack:
            self._add_stack(event, more)
        elif status == "UPDATE_IN_PROGRESS" and len(event) == 5 and not more:  # noqa: PLR2004 - nothing is told
            self._held[stack_id, title] = event
        elif status == "UPDATE_COMPLETE" and self._held.pop((stack_id, title), ()):
            self._mark(stack, title, self._last(stack_id, title))
        else:
            self._release(event, more)

    def _add_stack(self, event: tuple[str, ...], more: dict[str, str]) -> None:
        """Tell an event of a whole stack; why it failed is said where the rollback begins, as on AWS."""
        stack_id, stack, _, _, status = event[:5]
        if status == "UPDATE_COMPLETE":
            self._clean_up(stack_id, stack)
        if (
            status in {"CREATE_FAILED", "UPDATE_FAILED"}
            and not more
            and status != _stack(stack)["StackStatus"]
        ):
            self._failures[stack_id] = event[5]
            return
        reason = self._failures.pop(stack_id, "")
        if status.endswith("ROLLBACK_IN_PROGRESS") and event[5] == "Rollback requested" and reason:
            by = ". Rollback requested by user." if status == "ROLLBACK_IN_PROGRESS" else ""
            event = (*event[:5], reason + by, *event[6:])
        self._tell(*event, **more)

    def _release(self, event: tuple[str, ...], more: dict[str, str]) -> None:
        """Tell an event; the same held back one is before it, or replaced by it."""
        stack_id, stack, title, kind, status = event[:5]
        held = self._held.pop((stack_id, title), ())
        if held and status != "UPDATE_IN_PROGRESS":
            self._tell(*held)
        if status == "CREATE_FAILED":
            self._failures[stack_id] = f"The following resource(s) failed to create: [{title}]"
        if (stack_id, title) in self._created:
            self._created.discard((stack_id, title))
            status = status.replace("UPDATE", "CREATE")
            if status == "CREATE_COMPLETE":
                self._mark(stack, title, status)
        self._tell(stack_id, stack, title, kind, status, *event[5:], **more)

    def _clean_up(self, stack_id: str, stack: str) -> None:
        """Tell that an update has got as far as its clean-up, once."""
        from ministack.services import cloudformation

        told = cloudformation._stack_events[stack_id]
        last = next(event for event in reversed(told) if event["PhysicalResourceId"] == stack_id)
        if last["ResourceStatus"] != _CLEANUP:
            self._tell(stack_id, stack, stack, _STACK, _CLEANUP, "", stack_id)

    def _mark(self, stack: str, title: str, status: str) -> None:
        _stack(stack)["_resources"][title]["ResourceStatus"] = status

    def _last(self, stack_id: str, title: str) -> str:
        """Return the last status that a resource which does not change was told to have."""
        from ministack.services import cloudformation

        told = cloudformation._stack_events[stack_id]
        found = (each["ResourceStatus"] for each in reversed(told) if each["LogicalResourceId"] == title)
        return next((status for status in found if status.endswith("_COMPLETE")), "CREATE_COMPLETE")


def _stack(name: str) -> Any:
    from ministack.services import cloudformation

    return cloudformation._stacks.get(name) or {}
