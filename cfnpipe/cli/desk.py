"""Where a rehearsal asks for approvals: one at a time, at the terminal, while everything goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cfnpipe.cli import questions
from cfnpipe.cli.dialogue import Terminal

if TYPE_CHECKING:
    from cfnpipe.model import Activity, Position
    from cfnpipe.model.deployment import ChangeSet
    from cfnpipe.rehearsal.process import Process

_ANSWERS = ("yes", "no", "later")
_ENDED = ("Cancelled", "Stopped", "Stopping")
"""What becomes of a stage whose approval nobody has decided."""


class Audience(Terminal):
    """Whoever attends a rehearsal; lines that come while a question stands go below it."""

    _question = ""

    def note(self, text: str) -> None:
        """Say something in one line."""
        self.leave()
        super().note(text)

    def activity(self, pipeline: str, activity: Activity) -> None:
        """Show what an action of a pipeline does now."""
        from cfnpipe import view

        self.leave()
        view.show_activity(self._console, pipeline, activity)

    def rest(self, positions: list[Position]) -> None:
        """Show where each pipeline is."""
        from cfnpipe import view

        self.leave()
        view.show_positions(self._console, positions)

    def offer(self, offered: ChangeSet) -> None:
        """Show what an approval is about."""
        from cfnpipe import view

        self.leave()
        view.show_offer(self._console, offered)

    def ask(self, question: str) -> None:
        """Let a question stand at the end of what is shown."""
        if question != self._question:
            self.leave()
            click.echo(f"{question} ", nl=False, err=True)
            self._question = question

    def answered(self) -> None:
        """Take in that the line of the question has been ended."""
        self._question = ""

    def leave(self) -> None:
        """End the line of a question that stands."""
        if self._question:
            click.echo(err=True)
            self._question = ""


class Desk:
    """The approvals that somebody at the terminal is asked for."""

    def __init__(self, process: Process, audience: Audience) -> None:
        self._process, self._audience = process, audience
        self._asked: tuple[str, Activity] | None = None
        self._due: set[str] = set()
        """The tokens of the approvals that waited when everything had come to rest."""
        self._left: set[str] = set()
        """Those of the approvals that are left for later."""

    def turn(self, *, rest: bool) -> bool:
        """Ask, or ask again where other lines came between; tell whether there is a question."""
        waiting = self._process.watch.waiting
        tokens = {approval.token for _, approval in waiting} - self._left
        if self._asked and self._asked[1].token not in tokens:
            self._tell_gone(*self._asked)
            self._asked = None
        if rest:
            self._due = tokens
        if not self._asked:
            self._asked = next((each for each in waiting if each[1].token in self._due & tokens), None)
            if self._asked:
                self._begin(self._asked[0])
        if self._asked:
            self._audience.ask(self._question(*self._asked))
        return bool(self._asked)

    def answer(self, text: str) -> None:
        """Take in a line. Without a question it brings back what was left for later."""
        self._audience.answered()
        if not self._asked:
            self._left.clear()
            return
        word = next((each for each in _ANSWERS if each.startswith(text.lower())), "")
        if not word:
            self._audience.note(f"that is none of {', '.join(_ANSWERS)}")
            return
        (pipeline, approval), self._asked = self._asked, None
        if word == "later":
            self._left.add(approval.token)
            self._audience.note(f"{pipeline}: left; Enter asks again, and a second terminal may decide")
        else:
            self._decide(pipeline, approval, approve=word == "yes")

    def _decide(self, pipeline: str, approval: Activity, *, approve: bool) -> None:
        from cfnpipe.errors import CfnpipeError

        self._due.discard(approval.token)
        try:
            self._process.decide(pipeline, approval, approve=approve)
        except CfnpipeError as error:
            self._process.watch.look()
            if any(approval.token == each.token for _, each in self._process.watch.waiting):
                self._left.add(approval.token)
                self._audience.note(error.message)
            else:
                self._tell_gone(pipeline, approval)

    def _begin(self, pipeline: str) -> None:
        """Show the change set that is asked about; what was typed before is no answer."""
        from cfnpipe.errors import CfnpipeError

        try:
            offered = self._process.offered(pipeline)
        except CfnpipeError as error:  # It may go at any moment.
            self._audience.note(error.message)
        else:
            if offered:
                self._audience.offer(offered)
        questions.forget()

    def _question(self, pipeline: str, approval: Activity) -> str:
        from cfnpipe import names

        position = next(each for each in self._process.watch.positions() if each.pipeline == pipeline)
        newer = f", behind which {position.newer[:8]} waits" if position.newer else ""
        what = f"{pipeline} {approval.execution[:8]}{newer}"
        return f"{what}: approve as {names.review(approval.action)}? ({', '.join(_ANSWERS)}) [yes]:"

    def _tell_gone(self, pipeline: str, approval: Activity) -> None:
        """Say that an approval does not wait for an answer any more."""
        stages = self._process.watch.now.get(pipeline, ())
        ended = [each.status for each in stages if each.name == approval.stage and each.status in _ENDED]
        what = f"its execution is {ended[0]}" if ended else "somebody else has decided"
        self._audience.note(f"{pipeline} {approval.action}: {what}, so no answer is needed")
