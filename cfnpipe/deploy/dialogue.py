"""What a deployment says, and whom it asks: the seam to whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfnpipe.model.deployment import ChangeSet, Event, ResourceChange, Submission


class Dialogue(Protocol):
    """Shows what is planned and what happens, and asks before anything is changed."""

    def note(self, text: str) -> None:
        """Say something in one line."""

    def changes(
        self, wanted: Submission, changes: Sequence[ResourceChange], cancelled: Sequence[str] = ()
    ) -> None:
        """Show what a change set does. `cancelled`: running executions that it ends, in words."""

    def agree(self, question: str) -> bool:
        """Ask, and tell whether the answer is yes."""

    def happened(self, event: Event) -> None:
        """Show one step of a stack operation."""

    def let_run(self, stack: str) -> bool:
        """Ask, after Ctrl-C, whether the operation of a stack is to run on."""

    def link(self, change_set: ChangeSet, address: str) -> None:
        """Show where a change set is that is left for others to execute."""
