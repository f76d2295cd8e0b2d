"""An attended rehearsal between two looks, without the local AWS: what is asked, said and started."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from cfnpipe import turns
from cfnpipe.aws import AwsError
from cfnpipe.cli.desk import Audience, Desk
from cfnpipe.errors import BadInput, ProblemsFound
from cfnpipe.model import Activity, Place, Position, Problem, StageState
from cfnpipe.rehearsal.following import Following

if TYPE_CHECKING:
    from pathlib import Path

    from cfnpipe.rehearsal.process import Process
    from cfnpipe.rehearsal.rehearse import Rehearsal

LINE = "network_production-us"
APPROVAL = Activity("Deploy", "Approve-owners", "11111111-6eba", "InProgress", token="token")  # noqa: S106
QUESTION = f"{LINE} 11111111: approve as owners? (yes, no, later) [yes]: "


@dataclass
class World:
    """What a process and its watch know, and what was done to them."""

    waiting: list[tuple[str, Activity]] = field(default_factory=list)
    at: list[Position] = field(default_factory=list)
    status: str = "InProgress"
    behind: list[str] = field(default_factory=list)
    decided: list[tuple[str, bool]] = field(default_factory=list)
    refusal: AwsError | None = None
    started: int = 0
    busy: bool = False
    newcomers: list[str] = field(default_factory=list)
    commits: list[str | BadInput] = field(default_factory=list)
    config: BadInput | ProblemsFound | None = None

    @property
    def watch(self) -> World:
        return self

    @property
    def now(self) -> dict[str, tuple[StageState, ...]]:
        return {LINE: (StageState("Deploy", "11111111-6eba", self.status, "", closed=False, activities=()),)}

    def look(self) -> bool:
        return False

    def positions(self) -> list[Position]:
        return self.at or [Position(LINE, "Deploy", "InProgress", "11111111-6eba", ("owners",))]

    def offered(self, _pipeline: str) -> None:
        return None

    def admit(self) -> list[str]:
        newcomers, self.newcomers = self.newcomers, []
        return newcomers

    def decide(self, pipeline: str, _approval: Activity, *, approve: bool) -> None:
        if self.refusal:
            self.waiting = [] if self.refusal.code.startswith("Approval") else self.waiting
            raise self.refusal
        self.decided.append((pipeline, approve))
        self.waiting = []

    def catch_up(self) -> list[str]:
        self.started += 1
        return self.behind

    def snapshot(self, _message: str) -> str:
        found = self.commits.pop(0) if self.commits else ""
        if isinstance(found, BadInput):
            raise found
        return found

    def reread(self, _tree: Path) -> None:
        if self.config:
            raise self.config


def desk(world: World) -> Desk:
    return Desk(cast("Process", world), Audience(yes=True))


ANSWERS = {"": True, "yes": True, "Y": True, "no": False, "n": False}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_decides(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    world = World([(LINE, APPROVAL)])
    asking = desk(world)
    assert not asking.turn(rest=False)
    assert asking.turn(rest=True)
    assert asking.turn(rest=True)
    asking.answer(answer)
    assert world.decided == [(LINE, ANSWERS[answer])]
    assert not asking.turn(rest=True)
    assert capsys.readouterr().err == QUESTION


def test_a_question_stands_again_below_what_comes(capsys: pytest.CaptureFixture[str]) -> None:
    world = World([(LINE, APPROVAL)])
    audience = Audience(yes=True)
    asking = Desk(cast("Process", world), audience)
    asking.turn(rest=True)
    audience.note("something happens")
    asking.turn(rest=False)
    world.at = [Position(LINE, "Deploy", "InProgress", "11111111-6eba", ("owners",), newer="22222222-6eba")]
    asking.turn(rest=False)
    newer = QUESTION.replace("11111111", "11111111, behind which 22222222 waits")
    assert capsys.readouterr().err == f"{QUESTION}\nsomething happens\n{QUESTION}\n{newer}"


GONE = {
    "InProgress": "somebody else has decided",
    "Cancelled": "its execution is Cancelled",
    "Stopped": "its execution is Stopped",
}


@pytest.mark.parametrize("status", GONE)
def test_an_approval_that_does_not_wait_any_more_needs_no_answer(
    status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World([(LINE, APPROVAL)], status=status)
    asking = desk(world)
    asking.turn(rest=True)
    world.waiting = []
    assert not asking.turn(rest=True)
    said = f"{LINE} Approve-owners: {GONE[status]}, so no answer is needed\n"
    assert capsys.readouterr().err == f"{QUESTION}\n{said}"


def test_an_answer_that_comes_too_late_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    error = AwsError("it has been completed", code="ApprovalAlreadyCompletedException")
    asking = desk(World([(LINE, APPROVAL)], refusal=error))
    asking.turn(rest=True)
    asking.answer("yes")
    said = f"{LINE} Approve-owners: somebody else has decided, so no answer is needed\n"
    assert capsys.readouterr().err == f"{QUESTION}{said}"


def test_who_may_not_decide_is_asked_again_on_demand_only(capsys: pytest.CaptureFixture[str]) -> None:
    asking = desk(World([(LINE, APPROVAL)], refusal=AwsError("access denied", code="AccessDenied")))
    asking.turn(rest=True)
    asking.answer("yes")
    assert not asking.turn(rest=True)
    asking.answer("")
    assert asking.turn(rest=True)
    assert capsys.readouterr().err == f"{QUESTION}access denied\n{QUESTION}"


class Heard:
    """Whoever attends, and what was heard."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def note(self, text: str) -> None:
        self.said.append(text)

    def activity(self, *_: Any) -> None:
        """Nothing works here."""

    def rest(self, positions: list[Position]) -> None:
        self.said.append(positions)


def attending(world: World, tree: Path, rest: float = 0) -> tuple[Following, Heard]:
    formation = SimpleNamespace(placeholders=lambda: ())
    rehearsal = SimpleNamespace(
        process=world,
        server=SimpleNamespace(formation=formation),
        workspace=SimpleNamespace(tree=tree, snapshot=world.snapshot),
    )
    heard = Heard()
    return Following(cast("Rehearsal", rehearsal), heard, tree=True, rest=rest), heard


def test_what_fails_again_is_not_started_for_ever(tmp_path: Path) -> None:
    world = World(behind=["database"])
    follows, heard = attending(world, tmp_path)
    counts = []
    for status in ("Succeeded", "Succeeded", "Failed", "Failed", "Succeeded"):
        world.at = [Position(LINE, "Deploy", status, f"execution-{len(counts) // 2}")]
        assert follows.step()
        follows.catch_up()
        counts.append(world.started)
    assert counts == [1, 1, 1, 1, 2]
    assert heard.said.count("started again, because they were behind: database") == 2
    assert sum(str(each).startswith("nothing moves now: ") for each in heard.said) == 2


def test_a_mistake_in_the_working_tree_is_said_and_ends_nothing(tmp_path: Path) -> None:
    problems = [Problem(Place("config/a.yaml", 3), "shape", f"wrong {each}") for each in ("here", "there")]
    unable = BadInput("git add: no")
    world = World(commits=["0123456789", unable, unable], config=ProblemsFound(problems))
    follows, heard = attending(world, tmp_path)
    for _ in range(4):
        follows.step()
    goes_on = "the rehearsal goes on with what it knew before"
    assert [each for each in heard.said if isinstance(each, str)] == [
        "commit 01234567: a change of the working tree",
        f"config/a.yaml:3: wrong here (and 1 more); {goes_on}",
        f"git add: no; {goes_on}",
    ]


def test_what_a_render_has_half_written_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    world = World(commits=["0123456789"])
    follows, heard = attending(world, tmp_path)
    with turns.turn(tmp_path, writing=True, wait=lambda: None):
        begun = time.monotonic()
        follows.step()
        assert time.monotonic() - begun < 5
    assert (len(world.commits), len(heard.said)) == (1, 1)
    follows.step()
    assert "commit 01234567: a change of the working tree" in heard.said


def test_who_is_new_is_said_when_everything_has_come_to_rest(tmp_path: Path) -> None:
    world = World(newcomers=["security"], busy=True)
    follows, heard = attending(world, tmp_path, rest=0.05)
    time.sleep(0.1)
    assert not follows.step()
    assert heard.said == []
    world.busy = False
    time.sleep(0.1)
    assert follows.step()
    assert heard.said == ["may decide from now on: security", world.positions()]
    assert follows.step()
    assert len(heard.said) == 2
