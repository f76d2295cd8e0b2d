"""What pipelines did, and where each stack stands because of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

ExecutionStatus = Literal["running", "succeeded", "rejected", "failed", "stopped", "superseded", "cancelled"]
"""What became of an execution. A reviewer rejects it, an operator stops it, a newer execution supersedes it,
and a new definition of the pipeline cancels it."""

State = Literal[
    "behind", "running", "succeeded", "rejected", "fresh", "forgotten", "no-bundle", "no-pipeline", "retired"
]
"""Where a stack stands: `behind`, or what keeps it from being so.

`running`, `succeeded`, `rejected`: an execution took the bundle's current version. `fresh`: that version is
younger than ten minutes. `forgotten`: it is older than what CodePipeline remembers. `no-bundle`: there is
none. `no-pipeline`: there is none yet, or only one with other source actions. `retired`: only people start
the pipeline, which deletes the stack.
"""


@dataclass(frozen=True)
class Revision:
    """What the source action of an execution fetched: which commit, and in whose words."""

    commit: str
    """The commit's id; the object's version id where the source is S3."""
    summary: str = ""
    """The commit message as it was written, any number of lines; empty where the source tells none."""
    author: str = ""
    """The author's name, or what else the source tells of the author; empty where it tells nothing."""


@dataclass(frozen=True)
class Pipeline:
    """A pipeline as it is defined now."""

    version: int
    """Counts the definitions that it has had."""
    sources: tuple[str, ...]
    """The names of its source actions."""


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline."""

    id: str
    status: ExecutionStatus
    started: datetime
    """When it began, with time zone."""
    revisions: Mapping[str, str]
    """What each source action took, by the action's name: the version id of an S3 object. An action that
    has not finished is not in it."""


@dataclass(frozen=True)
class Activity:
    """What an action of a pipeline did last, or does now."""

    stage: str
    action: str
    execution: str
    """The execution that its stage works on, or worked on last; empty if none ever did."""
    status: str = ""
    """CodePipeline's own word: `InProgress`, `Succeeded`, `Failed`, `Abandoned`; empty if it never ran."""
    message: str = ""
    """Why it failed, or what it says of itself."""
    token: str = ""
    """What a decision must name; only an approval that waits for one has it."""
    changed: datetime | None = None
    """When its status changed last. An action that its stage's execution has not come to yet still tells of
    an earlier execution."""
    attempt: str = ""
    """The id of this attempt at the action; empty if it never ran."""

    @property
    def waits(self) -> bool:
        """Tell whether it waits for somebody's decision."""
        return bool(self.token) and self.status == "InProgress"


@dataclass(frozen=True)
class StageState:
    """What a stage of a pipeline does now, or did last."""

    name: str
    execution: str
    """The execution that it works on, or worked on last; empty if none ever did."""
    status: str
    """CodePipeline's own word for what that execution does in it; empty if it never ran."""
    newer: str
    """The execution that waits before it; empty if none does."""
    closed: bool
    """Whether nothing comes in, because the transition is disabled."""
    activities: tuple[Activity, ...]
    """What each of its actions does."""


@dataclass(frozen=True)
class Position:
    """Where a pipeline is: at rest, or whom it waits for."""

    pipeline: str
    stage: str = ""
    """Empty if it never ran."""
    status: str = ""
    """What becomes of the execution in that stage, in CodePipeline's own word."""
    execution: str = ""
    reviews: tuple[str, ...] = ()
    """The reviews that it waits for."""
    newer: str = ""
    """The execution that waits until this one has left the stage."""
    closed: str = ""
    """The stage that it does not come into, because the transition is disabled."""


@dataclass(frozen=True)
class Version:
    """The current version of an object in S3."""

    id: str
    written: datetime
    """When it was written, by S3's clock, with time zone."""
    age: timedelta
    """How long ago that was when S3 told, by the same clock."""


@dataclass(frozen=True)
class Arrival:
    """The current version of what a stack's pipeline watches: its bundle, or template and configuration."""

    versions: Mapping[str, str]
    """The version id of each object, by the name of the source action that takes it."""
    written: datetime
    """When the last of them was written."""
    age: timedelta
    """How old the youngest of them is."""


@dataclass(frozen=True)
class Sight:
    """What is known of one stack."""

    stack: str
    pipeline: str
    """The name of its pipeline."""
    arrival: Arrival | None = None
    """None where there is no bundle."""
    executions: tuple[Execution, ...] | None = ()
    """Those that can have taken that version, newest first; None where no pipeline takes such sources."""
    retired: bool = False
    """Whether the pipeline deletes the stack."""


@dataclass(frozen=True)
class Standing:
    """Where one stack stands."""

    stack: str
    pipeline: str
    state: State
    versions: Mapping[str, str]
    """As in `Arrival`; empty where there is no bundle."""
    execution: str = ""
    """The execution that took that version last, whatever became of it; empty where none did."""
    status: ExecutionStatus | None = None
    """What became of that execution."""
    latest: str = ""
    """The pipeline's latest execution, whatever it took."""


@dataclass(frozen=True)
class Start:
    """What came of starting a stack that is behind."""

    standing: Standing
    execution: str = ""
    """The execution that runs now; empty where there is none."""
    fault: str = ""
    """Why there is none."""
    hint: str = ""
    """What to do about it."""
