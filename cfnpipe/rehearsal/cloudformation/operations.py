"""Every operation on a resource of a stack, on its way to ministack: what may refuse it, and what is noted.

ministack does each in one of three functions. A refusal is an exception there, and fails the resource with
its text; the stack then rolls back as for any other failure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.rehearsal.cloudformation.events import Events
    from cfnpipe.rehearsal.cloudformation.placeholders import Placeholders

Does = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class ResourceOperation:
    """One operation on one resource, with its references filled in.

    A replacement is a creation, with the predecessor's id and properties, and the predecessor's deletion.
    """

    stack: str
    """The stack's name."""
    principal: str
    """The ARN of whose rights it is done with: the stack's service role, or who changes a stack without."""
    logical_id: str
    """Empty where ministack does not say."""
    type: str
    does: Does
    properties: Mapping[str, Any]
    """What is asked for, the stack's tags among them; for a deletion what the resource has."""
    previous: Mapping[str, Any] = field(default_factory=dict)
    """What the resource has, for an update, and its predecessor, for a replacement."""
    physical_id: str = ""
    """Empty for what is not there yet."""

    @property
    def back(self) -> bool:
        """Whether it is part of a rollback, as long as it is under way."""
        from ministack.services import cloudformation

        return "ROLLBACK" in cloudformation._stacks[self.stack]["StackStatus"]


@dataclass(frozen=True)
class Operations:
    """Stands between ministack's stacks and its resources."""

    checks: list[Callable[[ResourceOperation], str | None]]
    events: Events
    placeholders: Placeholders

    def install(self) -> None:
        """Take ministack's three functions over."""
        from ministack.services.cloudformation import stacks

        own = stacks._provision_resource, stacks._update_resource, stacks._delete_resource
        stacks._provision_resource = self._creating(own[0])
        stacks._update_resource = self._updating(own[1])
        stacks._delete_resource = self._deleting(own[2])

    def _creating(self, create: Callable[..., Any]) -> Callable[..., Any]:
        def creating(kind: str, title: str, properties: Any, stack: str) -> Any:
            self.events.created(stack, title)
            self._ask(ResourceOperation(stack, principal(stack), title, kind, "create", properties))
            made = create(kind, title, properties, stack)
            self.events.initiated(stack, title, kind, made[0])
            return self.placeholders.complete((stack, title, kind), properties, made, None)

        return creating

    def _updating(self, update: Callable[..., Any]) -> Callable[..., Any]:
        def updating(  # noqa: PLR0913, PLR0917 - what ministack's function is given
            kind: str, there: str, old: Any, new: Any, stack: str, title: str | None = None, told: Any = None
        ) -> Any:
            from ministack.services.cloudformation import provisioners

            if old != new:
                self.events.changed(stack, title or "")
                replaces = provisioners._replacing_change(kind, old, new)
                does: Does = "create" if replaces else "update"
                self._ask(
                    ResourceOperation(stack, principal(stack), title or "", kind, does, new, old, there)
                )
            made = update(kind, there, old, new, stack, title, told)
            about, before = (stack, title or "", kind), told if made[0] == there else None
            return self.placeholders.complete(about, new, made, before)

        return updating

    def _deleting(self, delete: Callable[..., Any]) -> Callable[..., Any]:
        def deleting(kind: str, there: str, properties: Any, stack: str = "", title: str = "") -> Any:
            with self.events.deletion(stack, title, kind, there):
                asked = ResourceOperation(
                    stack, principal(stack), title, kind, "delete", properties, {}, there
                )
                self._ask(asked)
                return delete(kind, there, properties, stack, title)

        return deleting

    def _ask(self, operation: ResourceOperation) -> None:
        for check in self.checks:
            if reason := check(operation):
                raise ValueError(reason)


def principal(stack: str) -> str:
    """Return the service role of a stack of the current account and region, or who changes it without."""
    from ministack.services import cloudformation

    there = cloudformation._stacks[stack]
    return str(there.get("_role") or there.get("_caller", ""))
