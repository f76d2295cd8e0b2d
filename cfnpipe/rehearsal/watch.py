"""What every pipeline does, seen through its API, as anybody could see it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from cfnpipe import names
from cfnpipe.aws import AwsError
from cfnpipe.errors import CfnpipeError
from cfnpipe.model import Activity, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.model import StageState

PAUSE = 0.3
"""Seconds between two looks."""
_RUNS = ("InProgress", "Stopping")


class Stage(Protocol):
    """Whoever watches the rehearsal."""

    def note(self, text: str) -> None:
        """Say something in one line."""

    def activity(self, pipeline: str, activity: Activity) -> None:
        """Show what an action of a pipeline does now."""


class NothingCame(CfnpipeError):
    """What the rehearsal waited for did not come about."""

    exit_code = 1


class Watch:
    """All pipelines of the environment, looked at again and again."""

    def __init__(self, pipelines: Pipelines, stage: Stage) -> None:
        self._pipelines = pipelines
        self._stage = stage
        self._told: set[tuple[str, Activity]] = set()
        self._queued: set[str] = set()
        self._executions: dict[str, str] = {}
        """The execution of each attempt at an action."""
        self.now: dict[str, tuple[StageState, ...]] = {}
        """What each stage did at the last look, by pipeline."""

    def look(self) -> bool:
        """Look at everything, show what changed since the last look, and tell whether anything did."""
        self.now = {name: self._stages(name) for name in self._pipelines.names()}
        new = [each for each in self._activities() if each[1].status and each not in self._told]
        for pipeline, each in sorted(new, key=lambda each: _when(each[1])):
            self._stage.activity(pipeline, each)
        self._told.update(new)
        self._tell_queued()
        return bool(new)

    def _stages(self, pipeline: str) -> tuple[StageState, ...]:
        """Return what a pipeline does, each action with its own execution; nothing of one that has gone."""
        try:
            stages = self._pipelines.state(pipeline)
            attempts = {each.attempt for stage in stages for each in stage.activities if each.attempt}
            if attempts - self._executions.keys():
                self._executions |= self._pipelines.attempts(pipeline)
        except AwsError as error:
            if error.code == "PipelineNotFoundException":
                return ()
            raise
        return tuple(map(self._with_executions, stages))

    def _with_executions(self, stage: StageState) -> StageState:
        """Return a stage whose actions tell their own execution; the stage's, where the list is too short."""
        activities = (
            replace(each, execution=self._executions.get(each.attempt, stage.execution))
            for each in stage.activities
        )
        return replace(stage, activities=tuple(activities))

    def _activities(self) -> Iterator[tuple[str, Activity]]:
        for pipeline, stages in self.now.items():
            for stage in stages:
                for each in stage.activities:
                    yield pipeline, each

    def _tell_queued(self) -> None:
        """Say once of an execution that it waits until somebody has decided about an older one."""
        for each in self.positions():
            if each.reviews and each.newer and each.newer not in self._queued:
                self._queued.add(each.newer)
                older = f"{each.execution[:8]}, which waits for {', '.join(each.reviews)}"
                self._stage.note(f"{each.pipeline}: {each.newer[:8]} waits behind {older}")

    def positions(self) -> list[Position]:
        """Return where each pipeline is, by name."""
        return [position(pipeline, stages) for pipeline, stages in sorted(self.now.items())]

    @property
    def waiting(self) -> list[tuple[str, Activity]]:
        """The approvals that wait for a decision."""
        return [(pipeline, each) for pipeline, each in self._activities() if each.waits]

    @property
    def busy(self) -> bool:
        """Whether anything runs that waits for nobody."""
        return any(each.status == "InProgress" and not each.waits for _, each in self._activities())

    def until(self, met: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Look until something is so. Raise `NothingCame` if it is not within some seconds."""
        end = time.monotonic() + seconds
        while True:
            self.look()
            if met():
                return
            if time.monotonic() > end:
                raise NothingCame(f"the rehearsal waited {seconds:.0f} seconds for this: {what}")
            time.sleep(PAUSE)


def position(pipeline: str, stages: tuple[StageState, ...]) -> Position:
    """Return where a pipeline is: in the last stage that works, else in the one that changed last."""
    begun = [stage for stage in stages if stage.execution]
    if not begun:
        return Position(pipeline)
    at = next((stage for stage in reversed(begun) if stage.status in _RUNS), None) or max(begun, key=_changed)
    return Position(
        pipeline,
        at.name,
        at.status,
        at.execution,
        reviews=tuple(names.review(each.action) for each in at.activities if each.waits),
        newer=at.newer,
        closed=next((each.name for each in stages if each.closed and each.newer == at.execution), ""),
    )


def _changed(stage: StageState) -> float:
    """Return when something of a stage changed last, seconds since 1970."""
    return max(map(_when, stage.activities), default=0.0)


def _when(activity: Activity) -> float:
    return activity.changed.timestamp() if activity.changed else 0.0
