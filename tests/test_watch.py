"""What is told of pipelines at work, and where each of them is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from cfnpipe.aws import AwsError
from cfnpipe.model import Activity, Position, StageState
from cfnpipe.rehearsal.watch import NothingCame, Watch, position

if TYPE_CHECKING:
    from cfnpipe.aws.codepipeline import Pipelines

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINE = "network_production-us"
OLDER, NEWER = "11111111-6eba", "22222222-6eba"


def activity(action: str, status: str = "Succeeded", minute: int = 0, attempt: str = "") -> Activity:
    token = "token" if action.startswith("Approve") and status == "InProgress" else ""
    changed = NOON + timedelta(minutes=minute)
    return Activity("", action, "?", status, token=token, changed=changed, attempt=attempt or action)


def stage(
    name: str, execution: str, status: str, *activities: Activity, newer: str = "", closed: bool = False
) -> StageState:
    return StageState(name, execution, status, newer, closed, activities)


WAITS = activity("Approve-owners", "InProgress", 1)
SOURCE = stage("Source", NEWER, "Succeeded", activity("Bundle", minute=2))

POSITIONS = {
    "it never ran": ([stage("Source", "", "")], Position(LINE)),
    "it works": (
        [SOURCE, stage("Deploy", NEWER, "InProgress", activity("Create", "InProgress", 3))],
        Position(LINE, "Deploy", "InProgress", NEWER),
    ),
    "somebody is waited for": (
        [
            stage("Source", OLDER, "Succeeded", activity("Bundle")),
            stage("Deploy", OLDER, "InProgress", WAITS),
        ],
        Position(LINE, "Deploy", "InProgress", OLDER, ("owners",)),
    ),
    "a newer one waits, though its source changed last": (
        [SOURCE, stage("Deploy", OLDER, "InProgress", WAITS, newer=NEWER)],
        Position(LINE, "Deploy", "InProgress", OLDER, ("owners",), newer=NEWER),
    ),
    "a later stage has done something longer ago": (
        [
            SOURCE,
            stage("Validate", NEWER, "Failed", activity("Validate", "Failed", 3)),
            stage("Sync", OLDER, "Succeeded", activity("Sync", minute=1)),
        ],
        Position(LINE, "Validate", "Failed", NEWER),
    ),
    "the transition is disabled": (
        [SOURCE, stage("Deploy", OLDER, "Succeeded", activity("Create"), newer=NEWER, closed=True)],
        Position(LINE, "Source", "Succeeded", NEWER, closed="Deploy"),
    ),
}


@pytest.mark.parametrize("case", POSITIONS)
def test_a_pipeline_is_somewhere(case: str) -> None:
    stages, expected = POSITIONS[case]
    assert position(LINE, tuple(stages)) == expected


@dataclass
class Line:
    """A pipeline whose state is given, and what is known of its attempts."""

    stages: list[StageState]
    owners: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    gone: bool = False

    def names(self) -> list[str]:
        return [LINE]

    def state(self, _pipeline: str) -> tuple[StageState, ...]:
        if self.gone:
            raise AwsError("it has gone", code="PipelineNotFoundException")
        return tuple(self.stages)

    def attempts(self, _pipeline: str) -> dict[str, str]:
        self.asked += 1
        return self.owners


class Told:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def activity(self, pipeline: str, activity: Activity) -> None:
        self.lines.append(f"{pipeline} {activity.execution} {activity.action} {activity.status}")


def watching(line: Line) -> tuple[Watch, Told]:
    told = Told()
    return Watch(cast("Pipelines", line), told), told


def test_an_action_is_told_with_its_own_execution_and_not_with_that_of_its_stage() -> None:
    ended, begun = activity("Protect", minute=1), activity("Create", "InProgress", 2)
    line = Line([stage("Deploy", NEWER, "InProgress", begun, ended)], {"Protect": OLDER, "Create": NEWER})
    watch, told = watching(line)
    assert watch.look()
    assert told.lines == [f"{LINE} {OLDER} Protect Succeeded", f"{LINE} {NEWER} Create InProgress"]
    assert not watch.look()
    assert len(told.lines) == 2
    assert (line.asked, watch.busy) == (1, True)


def test_that_a_newer_one_waits_is_told_once() -> None:
    line = Line([SOURCE, stage("Deploy", OLDER, "InProgress", WAITS)])
    watch, told = watching(line)
    watch.look()
    del told.lines[:]
    line.stages[1] = stage("Deploy", OLDER, "InProgress", WAITS, newer=NEWER)
    watch.look()
    watch.look()
    assert told.lines == [f"{LINE}: 22222222 waits behind 11111111, which waits for owners"]
    assert (watch.busy, [each.action for _, each in watch.waiting]) == (False, ["Approve-owners"])


def test_a_pipeline_may_go() -> None:
    line = Line([SOURCE])
    watch, _ = watching(line)
    watch.look()
    line.gone = True
    watch.look()
    assert watch.positions() == [Position(LINE)]


def test_what_does_not_come_is_named() -> None:
    watch, _ = watching(Line([]))
    with pytest.raises(NothingCame) as raised:
        watch.until(lambda: False, "a wonder", 0)
    assert (raised.value.message, raised.value.exit_code) == (
        "the rehearsal waited 0 seconds for this: a wonder",
        1,
    )
