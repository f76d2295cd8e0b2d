"""A rehearsal that somebody attends: the working tree is followed, and what comes of it is told.

working tree ──▶ commit ──▶ pipelines at work ──▶ at rest: where each one is, who is new, what is behind
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from cfnpipe import turns
from cfnpipe.errors import CfnpipeError
from cfnpipe.rehearsal.watch import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from cfnpipe.model import Position
    from cfnpipe.rehearsal.rehearse import Rehearsal

_QUIET = "nothing moves now: change something here, run cfnpipe render, and see which pipeline runs"


class Audience(Stage, Protocol):
    """Whoever attends."""

    def rest(self, positions: list[Position]) -> None:
        """Show where each pipeline is, now that nothing moves."""


class Following:
    """What is done between two looks.

    `tree`: whether the working tree is followed. `rest`: seconds without anything new, after which nothing
    more is expected; events and repositories take less.
    """

    def __init__(self, rehearsal: Rehearsal, audience: Audience, *, tree: bool, rest: float = 1.0) -> None:
        self._rehearsal, self._audience = rehearsal, audience
        self._process = rehearsal.process
        self._tree = rehearsal.workspace.tree if tree else None
        self._rest, self._moved = rest, time.monotonic()
        self._complaint = ""
        self._placeholders: set[str] = set()
        self._shown: list[Position] = []
        self._done: set[str] = set()
        self._quiet = False

    def step(self) -> bool:
        """Take in what changed, and tell whether everything has come to rest."""
        if self._tree and not _rendering(self._tree):
            self._commit(self._tree)
        watch = self._process.watch
        if watch.look() or watch.busy:
            self._moved = time.monotonic()
        self.tell_placeholders()
        if time.monotonic() - self._moved < self._rest:
            return False
        self._come_to_rest()
        return True

    def catch_up(self) -> None:
        """Start what is behind, if anything was deployed since: else what failed would fail again."""
        done = {each.execution for each in self._shown if each.status == "Succeeded"} - self._done
        self._done |= done
        if started := self._process.catch_up() if done else []:
            self._audience.note(f"started again, because they were behind: {', '.join(started)}")
            self._moved = time.monotonic()
        elif not self._quiet:
            self._audience.note(_QUIET)
        self._quiet = not started

    def _commit(self, tree: Path) -> None:
        """Commit what changed in the working tree. What cannot be used is said, and ends nothing."""
        try:
            commit = self._rehearsal.workspace.snapshot("A change of the working tree")
            if commit:
                self._moved = time.monotonic()
                self._audience.note(f"commit {commit[:8]}: a change of the working tree")
                self._process.reread(tree)
            self._complaint = ""
        except CfnpipeError as error:
            self._complain(error)

    def _complain(self, error: CfnpipeError) -> None:
        first, *others = error.problems
        place = f"{first.where}: " if first.where.path else ""
        more = f" (and {len(others)} more)" if others else ""
        complaint = f"{place}{first.message}{more}; the rehearsal goes on with what it knew before"
        if complaint != self._complaint:
            self._complaint = complaint
            self._audience.note(complaint)

    def tell_placeholders(self) -> None:
        """Say what is only recorded, because the local CloudFormation lacks the types or the attributes."""
        types = {each.what for each in self._rehearsal.server.formation.placeholders()}
        if more := sorted(types - self._placeholders):
            self._placeholders |= types
            self._audience.note(f"only recorded here, with nothing behind them: {', '.join(more)}")

    def _come_to_rest(self) -> None:
        """Show where everything is, if that has changed, and let in whom it is changed for."""
        positions = self._process.watch.positions()
        if positions == self._shown:
            return
        self._shown, self._quiet = positions, False
        if more := self._process.admit():
            self._audience.note(f"may decide from now on: {', '.join(more)}")
        self._audience.rest(positions)


class _Rendering(Exception):
    """Somebody renders at the moment."""


def _rendering(tree: Path) -> bool:
    """Tell whether `cfnpipe render` is at work in a tree, which half written is nobody's change."""

    def wait() -> None:
        raise _Rendering

    try:
        with turns.turn(tree, writing=False, wait=wait):
            return False
    except _Rendering:
        return True
    except OSError:
        return False
