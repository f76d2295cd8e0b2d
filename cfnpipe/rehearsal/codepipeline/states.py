"""What the machine knows: executions, what each did in its stages, and how actions ended.

Times are seconds since 1970. The words of a status are CodePipeline's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.codepipeline.definition import Action, Definition, Stage

OVER = frozenset({"Cancelled", "Failed", "Stopped", "Succeeded", "Superseded"})
"""The statuses in which an execution does nothing any more; `Failed` and `Stopped` can be tried again."""


@dataclass(frozen=True)
class Artifact:
    """A zip that an action made."""

    bucket: str
    """Where it is kept."""
    key: str
    """Under which key."""


@dataclass(frozen=True)
class Revision:
    """What a source action fetched."""

    id: str
    """A commit, or an object's version."""
    summary: str
    """A line for people."""
    url: str = ""
    """Where to see it."""


@dataclass(frozen=True)
class Outcome:
    """How an action ended."""

    error: str = ""
    """The code of what went wrong, empty where nothing did."""
    message: str = ""
    """What went wrong."""
    summary: str = ""
    """What the action says of itself."""
    external: str = ""
    """The id of what it did elsewhere: a build, a version, a stack."""
    url: str = ""
    """Where to see that."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Its output variables."""
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    """Its output artifacts, by name."""
    revision: Revision | None = None
    """Of a source action."""


@dataclass
class ActionRun:
    """One attempt at one action."""

    id: str
    """Its id; an approval's token too."""
    execution: Execution
    """The execution that it belongs to."""
    stage: str
    """The stage's name."""
    action: Action
    """The action."""
    started: float
    """When it began."""
    updated: float
    """When it last changed."""
    resolved: Mapping[str, str] = field(default_factory=dict)
    """Its configuration with the values of variables."""
    inputs: Mapping[str, Artifact] = field(default_factory=dict)
    """Its input artifacts, by name."""
    status: str = "InProgress"
    """`InProgress`, `Succeeded`, `Failed` or `Abandoned`."""
    outcome: Outcome = field(default_factory=Outcome)
    """How it ended."""
    asked: bool = False
    """Whether an approval can be decided: the mail has gone out."""
    by: str = ""
    """Who decided an approval: an ARN."""

    @property
    def expires(self) -> float:
        """When an approval that nobody decides fails."""
        return self.started + self.action.minutes * 60


@dataclass
class StageRun:
    """What one execution does in one stage."""

    status: str = "InProgress"
    """`InProgress`, `Stopping`, `Succeeded`, `Failed`, `Stopped` or `Cancelled`."""
    actions: dict[str, ActionRun] = field(default_factory=dict)
    """The attempts that count, by the action's name; those before a retry do not."""
    retries: int = 0
    """How often somebody tried it again."""


@dataclass
class Execution:
    """One execution of a pipeline."""

    id: str
    """Its id."""
    number: int
    """From 1, in the order of starts."""
    definition: Definition
    """The version that it runs by."""
    trigger: tuple[str, str]
    """What started it: type and detail."""
    started: float
    """When."""
    updated: float
    """When it last changed."""
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By source action and type of revision: which one is to be fetched."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The pipeline's own variables."""
    status: str = "InProgress"
    """`InProgress`, `Stopping` or one of `OVER`."""
    reason: str = ""
    """Why somebody stopped it."""
    at: int = 0
    """The stage in which it is, or before which it waits."""
    inside: bool = False
    """Whether it is in that stage."""
    stages: dict[str, StageRun] = field(default_factory=dict)
    """The stages that it has entered, by name."""
    attempt: int = 1
    """Goes up with every retry."""

    @property
    def over(self) -> bool:
        """Tell whether it does nothing any more."""
        return self.status in OVER

    @property
    def stage(self) -> Stage:
        """The stage in which it is, or before which it waits."""
        return self.definition.stages[self.at]

    def done(self) -> list[ActionRun]:
        """Return the attempts that succeeded and count."""
        runs = (run for stage in self.stages.values() for run in stage.actions.values())
        return [run for run in runs if run.status == "Succeeded"]

    def artifacts(self) -> dict[str, Artifact]:
        """Return what its actions made, by the artifact's name."""
        return {name: made for run in self.done() for name, made in run.outcome.artifacts.items()}

    def known(self) -> dict[str, Mapping[str, str]]:
        """Return the variables that an action may use now, by namespace."""
        spaces = {run.action.namespace: run.outcome.variables for run in self.done()}
        own: dict[str, Mapping[str, str]] = {"codepipeline": {"PipelineExecutionId": self.id}}
        return spaces | ({"variables": self.variables} if self.variables else {}) | own


@dataclass(frozen=True)
class Decision:
    """What a reviewer says."""

    token: str
    """What of: the id of the approval's attempt."""
    approved: bool
    """Yes, or no."""
    summary: str
    """Why."""
    by: str
    """Who: an ARN."""


@dataclass(frozen=True)
class Gate:
    """A transition that somebody closed."""

    reason: str
    """Why."""
    by: str
    """Who: an ARN."""
    at: float
    """When."""


@dataclass(frozen=True)
class Begin:
    """Effect: an action is to be run, outside of the machine."""

    run: ActionRun
    """Which."""


@dataclass(frozen=True)
class Changed:
    """Effect: something has a new state, as EventBridge is told of it."""

    state: str
    """`STARTED`, `SUCCEEDED`, `FAILED`, `CANCELED`, `SUPERSEDED`, `STOPPING`, `STOPPED` or `RESUMED`."""
    execution: Execution
    """Whose."""
    stage: str = ""
    """Of which stage, or of the execution as a whole."""
    run: ActionRun | None = None
    """Of which action, or of the stage."""
