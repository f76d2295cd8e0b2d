"""Whoever sits at the terminal: sees what a deployment does, and is asked before it does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cfnpipe.cli import questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfnpipe.model.deployment import ChangeSet, Event, ResourceChange, Submission


class Terminal:
    """Notes, plans and questions on standard error; results are the command's own."""

    def __init__(self, *, yes: bool) -> None:
        from cfnpipe import view

        self._console = view.errors()
        self._yes = yes

    def note(self, text: str) -> None:
        """Say something in one line."""
        from cfnpipe import view

        view.show_note(self._console, text)

    def changes(
        self, wanted: Submission, changes: Sequence[ResourceChange], cancelled: Sequence[str] = ()
    ) -> None:
        """Show what a change set does, and which running executions it ends."""
        from cfnpipe import view

        view.show_change_set(self._console, wanted, changes, cancelled)

    def agree(self, question: str) -> bool:
        """Ask, and tell whether the answer is yes."""
        return questions.agreed(question, yes=self._yes)

    def happened(self, event: Event) -> None:
        """Show one step of a stack operation."""
        from cfnpipe import view

        view.show_event(self._console, event)

    def let_run(self, stack: str) -> bool:
        """Ask, after Ctrl-C, whether the operation of a stack is to run on; where nobody is, it does."""
        return not questions.present() or click.confirm(
            f"\nLet the operation of {stack} run on?", default=True, err=True
        )

    def link(self, change_set: ChangeSet, address: str) -> None:
        """Show where a change set is that is left for others to execute."""
        self.note(f"the change set of {change_set.stack} is left: {address}")
