"""One pipeline as a state machine: what is called, decided or finished, and what follows from it.

Pure: no clock, no thread, no I/O. Times and ids come in, and what is to be done outside comes out as effects.
The rules are those of the user guide's "How pipeline executions work": an execution goes through the stages
in order; a stage holds one execution at a time, for as long as it works, approvals included; what waits
before a stage is superseded by a newer one (SUPERSEDED) or keeps its turn (QUEUED).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.rehearsal.codepipeline.faults import Fault
from cfnpipe.rehearsal.codepipeline.states import (
    ActionRun,
    Begin,
    Changed,
    Execution,
    Gate,
    Outcome,
    StageRun,
)
from cfnpipe.rehearsal.codepipeline.variables import UnknownVariable, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cfnpipe.rehearsal.codepipeline.definition import Action, Definition
    from cfnpipe.rehearsal.codepipeline.states import Decision

QUEUE = 50
"""How many executions a QUEUED pipeline may have at a time."""
_STATES = {"Cancelled": "CANCELED", "Abandoned": "CANCELED"}


class Machine:
    """One pipeline with its executions. `new_id` makes UUIDs."""

    def __init__(self, definition: Definition, new_id: Callable[[], str]) -> None:
        self.definitions = [definition]
        """All versions, oldest first."""
        self.executions: list[Execution] = []
        """Oldest first."""
        self.runs: list[ActionRun] = []
        """Every attempt at every action, oldest first."""
        self.latest: dict[str, Execution] = {}
        """By stage: which execution entered it last."""
        self.gates: dict[tuple[str, str], Gate] = {}
        """Closed transitions, by stage and `Inbound` or `Outbound`."""
        self._tokens: dict[str, Execution] = {}
        self._effects: list[Begin | Changed] = []
        self._new_id = new_id

    @property
    def definition(self) -> Definition:
        """The current version."""
        return self.definitions[-1]

    def drain(self) -> list[Begin | Changed]:
        """Return what is to be done outside since the last time, in order."""
        effects, self._effects = self._effects, []
        return effects

    def execution(self, identifier: str) -> Execution:
        """Return an execution. Raise `Fault` if there is none."""
        for execution in self.executions:
            if execution.id == identifier:
                return execution
        text = f"The pipeline '{self.definition.name}' has no execution with id '{identifier}'"
        raise Fault("PipelineExecutionNotFoundException", text)

    def waiting(self, stage: int) -> list[Execution]:
        """Return the executions that wait before a stage, oldest first."""
        return [each for each in self.executions if not each.over and not each.inside and each.at == stage]

    def start(
        self,
        now: float,
        trigger: tuple[str, str],
        *,
        once: str = "",
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Execution:
        """Start an execution, or return the one that was started with the same `once`, a client's token.

        `overrides`: values of revisions, by source action and type. `variables`: values of the pipeline's
        own; others are ignored, and an execution that lacks one fails (recorded answers).
        """
        if once and once in self._tokens:
            return self._tokens[once]
        self._check_queue()
        declared = self.definition.variables
        known = {each["name"]: each["defaultValue"] for each in declared if each.get("defaultValue")}
        known |= {
            key: text for key, text in (variables or {}).items() if any(key == d["name"] for d in declared)
        }
        execution = Execution(
            id=self._new_id(),
            number=len(self.executions) + 1,
            definition=self.definition,
            trigger=trigger,
            started=now,
            updated=now,
            overrides=overrides or {},
            variables=known,
        )
        self.executions.append(execution)
        if once:
            self._tokens[once] = execution
        self._tell("STARTED", execution)
        if len(known) < len(declared):
            self._end(execution, "Failed", now)
        else:
            self._arrive(execution, 0, now)
        return execution

    def finish(self, run: ActionRun, outcome: Outcome, now: float) -> None:
        """Take in how an action ended. What was abandoned or cancelled meanwhile stays as it is."""
        if run.status != "InProgress" or run.execution.over:
            return
        self._settle(run, "Failed" if outcome.error else "Succeeded", outcome, now)
        self._step(run.execution, now)

    def ask(self, run: ActionRun, now: float) -> None:
        """Take in that an approval's mail has gone out: from now on it can be decided."""
        if run.status == "InProgress" and not run.execution.over:
            run.asked, run.updated = True, now

    def decide(self, stage: str, action: str, decision: Decision, now: float) -> None:
        """Approve or reject. Raise `Fault` if there is nothing to decide, or not by this token."""
        index = self.definition.index(stage)
        names = [each.name for each in self.definition.stages[index].actions if each.is_approval]
        if action not in names:
            text = f"The stage '{stage}' does not have an approval action with name '{action}'"
            raise Fault("ActionNotFoundException", text)
        run = next((each for each in reversed(self.runs) if each.id == decision.token), None)
        if run is None or (run.stage, run.action.name) != (stage, action) or not _current(run):
            raise Fault("InvalidApprovalTokenException", "The approval token is not valid or out of date")
        if run.status != "InProgress":
            raise Fault("ApprovalAlreadyCompletedException", "The approval has already been completed")
        run.by = decision.by
        outcome = Outcome(summary=decision.summary, external=run.id)
        self._settle(run, "Succeeded" if decision.approved else "Failed", outcome, now)
        self._step(run.execution, now)

    def expire(self, now: float) -> None:
        """Fail the approvals that nobody decided in time."""
        for run in list(self.runs):
            waits = run.action.is_approval and run.status == "InProgress" and not run.execution.over
            if waits and run.expires <= now:
                self._settle(run, "Failed", Outcome(summary="Nobody decided in time", external=run.id), now)
                self._step(run.execution, now)

    def stop(self, identifier: str, *, abandon: bool, reason: str, now: float) -> None:
        """Stop an execution: when its actions have ended, or at once. Raise `Fault` if that cannot be."""
        execution = self.execution(identifier)
        if execution.over:
            text = f"The execution '{identifier}' is {execution.status} and cannot be stopped"
            raise Fault("PipelineExecutionNotStoppableException", text)
        if execution.status == "Stopping" and not abandon:
            raise Fault("DuplicatedStopRequestException", f"The execution '{identifier}' is stopping already")
        execution.reason = reason
        if execution.status != "Stopping":
            execution.status = "Stopping"
            self._tell("STOPPING", execution)
        if abandon and execution.inside:
            for run in execution.stages[execution.stage.name].actions.values():
                if run.status == "InProgress":
                    self._settle(run, "Abandoned", Outcome(summary=reason), now)
        self._step(execution, now)

    def retry(self, stage: str, identifier: str, *, everything: bool, now: float) -> Execution:
        """Try a stage again, the failed actions or all. Raise `Fault` if that cannot be.

        All attempts count anew: an approval asks again. Refused where a newer execution has entered the
        stage, and where the pipeline has changed since.
        """
        index, execution = self.definition.index(stage), self.execution(identifier)
        last = self.latest.get(stage)
        if last is None or last.number > execution.number:
            text = f"A newer execution than '{identifier}' has entered the stage '{stage}'"
            raise Fault("NotLatestPipelineExecutionException", text)
        mine = execution.stages.get(stage)
        again = mine is not None and execution.at == index and mine.status in {"Failed", "Stopped"}
        if mine is None or not again or execution.definition is not self.definition:
            text = f"The stage '{stage}' of execution '{identifier}' has no failed actions, or has changed"
            raise Fault("StageNotRetryableException", text)
        kept = {} if everything else {k: r for k, r in mine.actions.items() if r.status == "Succeeded"}
        mine.actions, mine.status, mine.retries = kept, "InProgress", mine.retries + 1
        execution.status, execution.inside, execution.updated = "InProgress", True, now
        execution.attempt += 1
        self._tell("RESUMED", execution)
        self._tell("RESUMED", execution, stage)
        self._step(execution, now)
        return execution

    def close(self, stage: str, kind: str, gate: Gate) -> None:
        """Disable a transition, `Inbound` or `Outbound` of a stage. Raise `Fault` if there is no stage."""
        self.definition.index(stage)
        self.gates[stage, kind] = gate

    def open(self, stage: str, kind: str, now: float) -> None:
        """Enable a transition; what waits goes on. Raise `Fault` if there is no such stage."""
        self.definition.index(stage)
        self.gates.pop((stage, kind), None)
        self._advance(now)

    def update(self, definition: Definition, now: float) -> None:
        """Take a new version. What runs is cancelled, tokens are void, and nothing is started again."""
        self.cancel(now)
        self.definitions.append(definition)
        names = {stage.name for stage in definition.stages}
        self.gates = {key: gate for key, gate in self.gates.items() if key[0] in names}

    def cancel(self, now: float) -> None:
        """End everything that runs.

        An action keeps the status `InProgress`, as history shows it on AWS; its result is not waited for.
        """
        for execution in self.executions:
            if not execution.over:
                self._end(execution, "Cancelled", now)

    def _check_queue(self) -> None:
        active = sum(not each.over for each in self.executions)
        if self.definition.mode == "QUEUED" and active >= QUEUE:
            text = f"The pipeline has {active} executions already"
            raise Fault("ConcurrentPipelineExecutionsLimitExceededException", text)

    def _arrive(self, execution: Execution, stage: int, now: float) -> None:
        """Let an execution wait before a stage, and go in if it can."""
        execution.at, execution.inside, execution.updated = stage, False, now
        if self.definition.mode == "SUPERSEDED":
            for older in self.waiting(stage)[:-1]:
                self._end(older, "Superseded", now)
        self._advance(now)

    def _advance(self, now: float) -> None:
        """Let in everything that waits before a free stage, the last stage first: who moves frees one."""
        while (ready := next(self._ready(), None)) is not None:
            self._enter(ready, now)

    def _ready(self) -> Iterator[Execution]:
        for index in reversed(range(len(self.definition.stages))):
            queue = self.waiting(index)
            if queue and self._is_open(index) and not self._is_held(index):
                yield queue[0]

    def _is_open(self, index: int) -> bool:
        stages = self.definition.stages
        before = (stages[index - 1].name, "Outbound") if index else None
        return (stages[index].name, "Inbound") not in self.gates and before not in self.gates

    def _is_held(self, index: int) -> bool:
        return any(each.inside and not each.over and each.at == index for each in self.executions)

    def _enter(self, execution: Execution, now: float) -> None:
        name = execution.stage.name
        execution.inside, execution.stages[name] = True, StageRun()
        self.latest[name] = execution
        self._tell("STARTED", execution, name)
        self._step(execution, now)

    def _step(self, execution: Execution, now: float) -> None:
        """Go on as far as the actions in the stage allow."""
        if not execution.inside:
            self._leave(execution, now)
            return
        stage = execution.stages[execution.stage.name]
        for group in execution.stage.orders():
            found = [stage.actions.get(action.name) for action in group]
            statuses = {run.status if run else "" for run in found}
            if "InProgress" in statuses:
                return
            if statuses & {"Failed", "Abandoned"} or ("" in statuses and execution.status == "Stopping"):
                self._leave(execution, now)
                return
            if "" in statuses:
                missing = [each for each, run in zip(group, found, strict=True) if run is None]
                self._begin(execution, missing, now)
                return
        self._leave(execution, now)

    def _begin(self, execution: Execution, actions: list[Action], now: float) -> None:
        """Begin actions of one run order. One whose configuration cannot be resolved fails at once."""
        made = execution.artifacts()
        for action in actions:
            inputs = {name: made[name] for name in action.inputs}
            run = ActionRun(self._new_id(), execution, execution.stage.name, action, now, now, inputs=inputs)
            self.runs.append(run)
            execution.stages[run.stage].actions[action.name] = run
            self._tell("STARTED", execution, run.stage, run)
            try:
                own = action.configuration
                run.resolved = dict(own) if action.is_source else resolve(own, execution.known())
            except UnknownVariable as unknown:
                text = f"The variable {unknown.reference} in the configuration of '{action.name}' is unknown"
                self._settle(run, "Failed", Outcome(error="ConfigurationError", message=text), now)
            else:
                self._effects.append(Begin(run))
        self._step(execution, now)

    def _settle(self, run: ActionRun, status: str, outcome: Outcome, now: float) -> None:
        run.status, run.outcome, run.updated = status, outcome, now
        self._tell(_STATES.get(status, status.upper()), run.execution, run.stage, run)

    def _leave(self, execution: Execution, now: float) -> None:
        """Leave a stage in which nothing works: for the next one, or for good."""
        stage = execution.stages.get(execution.stage.name) if execution.inside else None
        runs = list(stage.actions.values()) if stage else []
        statuses = {run.status for run in runs}
        complete = bool(runs) and len(runs) == len(execution.stage.actions)
        if "Failed" in statuses and "Abandoned" not in statuses:
            self._end(execution, "Failed", now)
        elif stage and complete and statuses == {"Succeeded"}:
            stage.status = "Succeeded"
            self._tell("SUCCEEDED", execution, execution.stage.name)
            self._go_on(execution, now)
        else:
            self._end(execution, "Stopped", now)

    def _go_on(self, execution: Execution, now: float) -> None:
        if execution.at + 1 == len(execution.definition.stages):
            self._end(execution, "Succeeded", now)
        elif execution.status == "Stopping":
            execution.at, execution.inside = execution.at + 1, False
            self._end(execution, "Stopped", now)
        else:
            self._arrive(execution, execution.at + 1, now)

    def _end(self, execution: Execution, status: str, now: float) -> None:
        stage = execution.stages.get(execution.stage.name) if execution.inside else None
        if stage and stage.status == "InProgress":
            stage.status = status
            self._tell(_STATES.get(status, status.upper()), execution, execution.stage.name)
        execution.status, execution.inside, execution.updated = status, False, now
        self._tell(_STATES.get(status, status.upper()), execution)
        if status != "Cancelled":
            self._advance(now)

    def _tell(self, state: str, execution: Execution, stage: str = "", run: ActionRun | None = None) -> None:
        self._effects.append(Changed(state, execution, stage, run))


def _current(run: ActionRun) -> bool:
    """Tell whether an approval's token is not out of date: asked, by this definition, and not abandoned."""
    counts = run.execution.stages[run.stage].actions.get(run.action.name) is run
    told = run.asked or run.status == "Failed"
    return counts and told and run.status != "Abandoned" and run.execution.status != "Cancelled"
