"""What can go wrong in a way that a user can fix; `cli` turns each into a line and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfnpipe.model import Place, Problem


class CfnpipeError(Exception):
    """Something expected that stops the command: what is wrong, where, and what to do."""

    exit_code = 2

    def __init__(self, message: str, *, where: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, as it is shown."""
        from cfnpipe.model import Place, Problem

        return (Problem(self.where or Place(""), "error", self.message, self.hint),)


class BadInput(CfnpipeError):
    """A file or an argument that cannot be used."""


class Refused(CfnpipeError):
    """The command stopped before it changed anything."""

    exit_code = 3


class ChangedByAnother(CfnpipeError):
    """Somebody else changed what this command was about to change."""

    exit_code = 4


class ProblemsFound(CfnpipeError):
    """Everything that was found wrong in one run, shown together in the order given.

    `bad_input` says that a file could not be read as what it is (exit code 2); otherwise the input
    was understood and what it makes is wrong (exit code 1).
    """

    def __init__(self, problems: Iterable[Problem], *, bad_input: bool = False) -> None:
        self._problems = tuple(problems)
        self.exit_code = 2 if bad_input else 1
        super().__init__(f"{len(self._problems)} problems")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong."""
        return self._problems
