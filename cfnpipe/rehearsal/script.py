"""The unattended rehearsal: from nothing to a changed stack, each step proved.

bootstrap ──▶ everything approved, in the order in which stacks need each other ──▶ one stack changed, in Git
──▶ exactly its pipeline runs, once ──▶ a person with two reviews is refused ──▶ approved ──▶ deployed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cfnpipe import names
from cfnpipe.deploy.failure import first
from cfnpipe.model import INIT_STACKS
from cfnpipe.rehearsal.watch import NothingCame

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfnpipe.rehearsal.process import Process
    from cfnpipe.rehearsal.watch import Stage
    from cfnpipe.rehearsal.workspace import Workspace

TAG = "Rehearsal"
_ROUNDS = 12
"""How often stacks that hang on others are started again."""


@dataclass(frozen=True)
class Script:
    """What the unattended rehearsal works with."""

    process: Process
    workspace: Workspace
    """With a tree of its own."""
    render: Callable[[], None]
    """Renders that tree."""
    stage: Stage

    def first_day(self) -> None:
        """Approve everything until all stacks are there. Raise `NothingCame` if that does not come about."""
        for _ in range(_ROUNDS):
            self._approve_all()
            missing = self.process.unfinished()
            if not missing:
                self.stage.note(
                    f"all stacks are deployed: {', '.join(sorted(self.process.environment.stacks))}"
                )
                return
            started = self.process.catch_up()
            self.stage.note(
                f"not there yet: {', '.join(missing)}; started again: {', '.join(started) or 'none'}"
            )
        causes = "; ".join(map(self._cause, self.process.unfinished()))
        raise NothingCame(f"these stacks did not come about: {causes}")

    def _cause(self, stack: str) -> str:
        """Return why a stack is not there."""
        there = self.process.stacks.find(names.cloudformation_stack(self.process.environment.name, stack))
        reviewed = there and there.status == "REVIEW_IN_PROGRESS"  # then nothing has happened to it yet
        event = first(self.process.stacks.events(there.id)) if there and not reviewed else None
        return f"{stack} ({event.logical}: {event.reason})" if event else stack

    def change(self) -> str:
        """Change one stack through Git, and see that its pipeline alone runs, once; return the stack's name.

        Raise `NothingCame` where that is not so.
        """
        environment = self.process.environment
        stack = min(name for name in environment.stacks if name not in INIT_STACKS)
        before = self._executions()
        _retag(self.workspace, environment.name, stack)
        self.render()
        commit = self.workspace.snapshot(f"Tag {stack}")
        self.stage.note(f"commit {commit[:8]}: {stack} gets the tag {TAG}")
        pipeline = names.pipeline(environment.name, stack)
        self.process.watch.until(lambda: self._waits(pipeline), f"{pipeline} asks for its approval")
        sync = names.sync_pipeline(environment.name)
        self.process.watch.until(lambda: not self.process.watch.busy, "everything else comes to rest")
        ran = {
            name: len(now - before.get(name, set()))
            for name, now in self._executions().items()
            if now - before.get(name, set())
        }
        if ran != {pipeline: 1, sync: 1}:
            raise NothingCame(f"one stack changed, and these pipelines ran: {ran}")
        self._approve_all()
        there = self.process.stacks.find(names.cloudformation_stack(environment.name, stack))
        if there is None or there.tags.get(TAG) != "1":
            raise NothingCame(f"{stack} was approved, and is not what was committed")
        self.stage.note(f"{stack} is deployed as committed, and no other pipeline ran")
        return stack

    def _approve_all(self) -> None:
        """Let each person give their approvals, until nothing runs and nobody is waited for."""

        def settled() -> bool:
            for pipeline, approval in self.process.watch.waiting:
                self.process.decide(pipeline, approval, approve=True)
            return not (self.process.watch.waiting or self.process.watch.busy)

        self.process.watch.until(settled, "all approvals are given")

    def _waits(self, pipeline: str) -> bool:
        return any(name == pipeline for name, _ in self.process.watch.waiting)

    def _executions(self) -> dict[str, set[str]]:
        pipelines, ever = self.process.pipelines, datetime(2000, 1, 1, tzinfo=UTC)
        return {
            name: {each.id for each in pipelines.executions(name, ever) or ()} for name in pipelines.names()
        }


def _retag(workspace: Workspace, environment: str, stack: str) -> None:
    """Give a stack one more tag, in a file that extends what was there."""
    config = workspace.tree / "config"
    (config / f"{environment}.yaml").rename(config / "_rehearsal.yaml")
    text = f'extends: _rehearsal.yaml\nstacks: {{{stack}: {{tags: {{{TAG}: "1"}}}}}}\n'
    (config / f"{environment}.yaml").write_text(text, "utf-8")
