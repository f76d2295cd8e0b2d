"""What every pipeline does, seen through its API, as anybody could see it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from cfnpipe.aws import AwsError
from cfnpipe.errors import CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.model import Activity

PAUSE = 0.3
"""Seconds between two looks."""


class Stage(Protocol):
    """Whoever watches the rehearsal."""

    def note(self, text: str) -> None:
        """Say something in one line."""

    def activity(self, pipeline: str, activity: Activity) -> None:
        """Show what an action of a pipeline does now."""


class Watch:
    """All pipelines of the environment, looked at again and again."""

    def __init__(self, pipelines: Pipelines, stage: Stage) -> None:
        self._pipelines = pipelines
        self._stage = stage
        self._told: set[tuple[str, Activity]] = set()
        self.now: dict[str, tuple[Activity, ...]] = {}
        """What each action did at the last look, by pipeline."""

    def look(self) -> None:
        """Look at everything, and show what changed since the last look."""
        self.now = {name: self._activities(name) for name in self._pipelines.names()}
        for pipeline, activities in self.now.items():
            for each in activities:
                state = (pipeline, replace(each, execution=""))
                if each.status and state not in self._told:
                    self._told.add(state)
                    self._stage.activity(pipeline, each)

    def _activities(self, pipeline: str) -> tuple[Activity, ...]:
        """Return what a pipeline does; nothing of one that has gone since it was listed."""
        try:
            return self._pipelines.activities(pipeline)
        except AwsError as error:
            if error.code == "PipelineNotFoundException":
                return ()
            raise

    @property
    def waiting(self) -> list[tuple[str, Activity]]:
        """The approvals that wait for a decision."""
        return [(pipeline, each) for pipeline, listed in self.now.items() for each in listed if each.waits]

    @property
    def busy(self) -> bool:
        """Whether anything runs that waits for nobody."""
        return any(
            each.status == "InProgress" and not each.waits for listed in self.now.values() for each in listed
        )

    def until(self, met: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Look until something is so. Raise `CfnpipeError` if it is not within some seconds."""
        end = time.monotonic() + seconds
        while True:
            self.look()
            if met():
                return
            if time.monotonic() > end:
                raise CfnpipeError(f"the rehearsal waited {seconds:.0f} seconds for this: {what}")
            time.sleep(PAUSE)
