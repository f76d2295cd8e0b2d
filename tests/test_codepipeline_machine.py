"""A pipeline as a state machine, without a thread or a clock: what follows from what."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cfnpipe.rehearsal.codepipeline.definition import read
from cfnpipe.rehearsal.codepipeline.faults import Fault
from cfnpipe.rehearsal.codepipeline.machine import QUEUE, Machine
from cfnpipe.rehearsal.codepipeline.states import Artifact, Begin, Changed, Decision, Gate, Outcome

if TYPE_CHECKING:
    from cfnpipe.rehearsal.codepipeline.states import ActionRun, Execution

ROLE = "arn:aws:iam::111122223333:role/pipelines"
REVIEWER = "arn:aws:iam::111122223333:user/reviewer"
BY_HAND = ("StartPipelineExecution", REVIEWER)


def action(name: str, kind: str, order: int = 1, **more: Any) -> dict[str, Any]:
    """A declaration; `kind` is a category and a provider."""
    category, provider = kind.split()
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "runOrder": order,
        **more,
    }


SOURCE = action(
    "Bundle",
    "Source S3",
    namespace="BundleSource",
    configuration={"S3Bucket": "bucket", "S3ObjectKey": "key"},
    outputArtifacts=[{"name": "Bundle"}],
)


def change_set(name: str, mode: str, order: int) -> dict[str, Any]:
    where = {"ActionMode": mode, "StackName": "stack", "ChangeSetName": "cfnpipe"}
    made = {"RoleArn": ROLE, "TemplatePath": "Bundle::template.json"} if mode.endswith("REPLACE") else {}
    return action(
        name, "Deploy CloudFormation", order, configuration=where | made, inputArtifacts=[{"name": "Bundle"}]
    )


def approval(name: str, order: int, **configuration: str) -> dict[str, Any]:
    return action(name, "Approval Manual", order, configuration=configuration)


DEPLOY = [
    change_set("Create", "CHANGE_SET_REPLACE", 1),
    approval("Owners", 2, CustomData="#{BundleSource.VersionId} in #{codepipeline.PipelineExecutionId}"),
    change_set("Execute", "CHANGE_SET_EXECUTE", 3),
]


def pipeline(*stages: list[dict[str, Any]], mode: str = "SUPERSEDED", **more: Any) -> dict[str, Any]:
    """A declaration: the source, and stages named Deploy, Stage2 and so on."""
    names = ["Source", "Deploy", *(f"Stage{number}" for number in range(2, len(stages) + 1))]
    return {
        "name": "network_production-us",
        "roleArn": ROLE,
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "pipelineType": "V2",
        "executionMode": mode,
        "stages": [{"name": n, "actions": a} for n, a in zip(names, [[SOURCE], *stages], strict=False)],
        **more,
    }


class Line:
    """A machine, with a clock that goes on a second with every step, and shorter words."""

    def __init__(self, declared: dict[str, Any] | None = None) -> None:
        self.declared = declared or pipeline(DEPLOY)
        self.ids, self.time = count(1), count(1)
        self.machine = Machine(read(self.declared, 1), lambda: f"id-{next(self.ids)}")
        self.begun: list[ActionRun] = []
        self.told: list[Changed] = []

    def now(self) -> float:
        return float(next(self.time))

    def look(self) -> None:
        """Take in what is to be done outside; an approval's mail goes out at once."""
        for effect in self.machine.drain():
            if isinstance(effect, Begin):
                self.begun.append(effect.run)
                if effect.run.action.is_approval:
                    self.machine.ask(effect.run, self.now())
            else:
                self.told.append(effect)

    def start(self, **more: Any) -> Execution:
        made = self.machine.start(self.now(), BY_HAND, **more)
        self.look()
        return made

    def run(self, execution: Execution, name: str) -> ActionRun:
        """The latest attempt at an action."""
        return [r for r in self.machine.runs if (r.execution, r.action.name) == (execution, name)][-1]

    def finish(self, execution: Execution, name: str, outcome: Outcome | None = None) -> None:
        run = self.run(execution, name)
        made = {each: Artifact("artifacts", f"{run.id}/{each}") for each in run.action.outputs}
        variables = {"VersionId": f"version-{execution.number}"} if run.action.is_source else {}
        good = Outcome(artifacts=made, variables=variables)
        self.machine.finish(run, outcome or good, self.now())
        self.look()

    def decide(self, execution: Execution, name: str = "Owners", *, approved: bool = True) -> None:
        run = self.run(execution, name)
        decision = Decision(run.id, approved, "because", REVIEWER)
        self.machine.decide(run.stage, name, decision, self.now())
        self.look()

    def to_approval(self, **more: Any) -> Execution:
        """Start an execution and bring it as far as it gets: to the approval, or before the stage."""
        execution = self.start(**more)
        self.finish(execution, "Bundle")
        if execution.inside:
            self.finish(execution, "Create")
        return execution

    def retry(self, execution: Execution, *, everything: bool = False) -> None:
        self.machine.retry("Deploy", execution.id, everything=everything, now=self.now())
        self.look()

    def stop(self, execution: Execution, *, abandon: bool = False) -> None:
        self.machine.stop(execution.id, abandon=abandon, reason="enough", now=self.now())
        self.look()

    def attempts(self, name: str) -> list[tuple[int, str]]:
        return [(r.execution.number, r.status) for r in self.machine.runs if r.action.name == name]


def refused(line: Line, code: str, call: Any, *arguments: Any, **more: Any) -> None:
    with pytest.raises(Fault) as raised:
        call(*arguments, **more)
    assert raised.value.code == code
    line.look()


def statuses(line: Line) -> list[str]:
    return [execution.status for execution in line.machine.executions]


def test_an_execution_goes_through_its_stages() -> None:
    line = Line()
    one = line.to_approval()
    assert (one.status, one.stage.name, one.inside) == ("InProgress", "Deploy", True)
    assert line.run(one, "Owners").resolved == {"CustomData": "version-1 in id-1"}
    line.decide(one)
    assert line.run(one, "Owners").by == REVIEWER
    assert line.run(one, "Execute").inputs == {"Bundle": Artifact("artifacts", "id-2/Bundle")}
    line.finish(one, "Execute")
    assert statuses(line) == ["Succeeded"]
    story = [(each.state, each.run.action.name if each.run else each.stage) for each in line.told]
    assert story == [
        ("STARTED", ""),
        ("STARTED", "Source"),
        ("STARTED", "Bundle"),
        ("SUCCEEDED", "Bundle"),
        ("SUCCEEDED", "Source"),
        ("STARTED", "Deploy"),
        ("STARTED", "Create"),
        ("SUCCEEDED", "Create"),
        ("STARTED", "Owners"),
        ("SUCCEEDED", "Owners"),
        ("STARTED", "Execute"),
        ("SUCCEEDED", "Execute"),
        ("SUCCEEDED", "Deploy"),
        ("SUCCEEDED", ""),
    ]


def test_what_waits_before_a_locked_stage_is_superseded_by_a_newer_one() -> None:
    line = Line()
    one, two = line.to_approval(), line.to_approval()
    assert (two.status, two.inside, two.at) == ("InProgress", False, 1)
    three = line.to_approval()
    assert statuses(line) == ["InProgress", "Superseded", "InProgress"]
    line.decide(one)
    line.finish(one, "Execute")
    assert statuses(line) == ["Succeeded", "Superseded", "InProgress"]
    assert three.inside
    assert line.attempts("Create") == [(1, "Succeeded"), (3, "InProgress")]


def test_a_queue_keeps_its_order() -> None:
    line = Line(pipeline(DEPLOY, mode="QUEUED"))
    one, _, _ = (line.to_approval() for _ in range(3))
    assert statuses(line) == ["InProgress"] * 3
    line.decide(one, approved=False)
    assert statuses(line) == ["Failed", "InProgress", "InProgress"]
    assert line.attempts("Create") == [(1, "Succeeded"), (2, "InProgress")]


def test_a_queue_has_an_end() -> None:
    line = Line(pipeline(DEPLOY, mode="QUEUED"))
    for _ in range(QUEUE):
        line.start()
    refused(line, "ConcurrentPipelineExecutionsLimitExceededException", line.start)


def test_a_rejection_ends_an_execution_and_lets_the_next_one_in() -> None:
    line = Line()
    one, two = line.to_approval(), line.to_approval()
    line.decide(one, approved=False)
    run = line.run(one, "Owners")
    assert (run.status, run.by, run.outcome) == (
        "Failed",
        REVIEWER,
        Outcome(summary="because", external=run.id),
    )
    assert statuses(line) == ["Failed", "InProgress"]
    assert two.inside
    assert line.attempts("Execute") == []


def test_what_is_decided_is_decided() -> None:
    line = Line()
    one = line.to_approval()
    line.decide(one)
    refused(line, "ApprovalAlreadyCompletedException", line.decide, one, approved=False)


def test_a_token_is_of_one_attempt() -> None:
    line = Line()
    one = line.to_approval()
    old = line.run(one, "Owners").id
    line.decide(one, approved=False)
    line.retry(one)
    decision = Decision(old, approved=True, summary="", by=REVIEWER)
    decide = line.machine.decide
    refused(line, "InvalidApprovalTokenException", decide, "Deploy", "Owners", decision, line.now())
    refused(line, "ActionNotFoundException", decide, "Deploy", "Create", decision, line.now())
    refused(line, "StageNotFoundException", decide, "Other", "Owners", decision, line.now())
    line.decide(one)
    assert line.attempts("Owners") == [(1, "Failed"), (1, "Succeeded")]


def test_nobody_decides_before_the_mail_has_gone_out() -> None:
    line = Line()
    one = line.start()
    line.finish(one, "Bundle")
    line.machine.finish(line.run(one, "Create"), Outcome(), line.now())
    refused(line, "InvalidApprovalTokenException", line.decide, one)
    line.decide(one)
    assert line.run(one, "Owners").status == "Succeeded"


def test_a_mail_that_does_not_go_out_fails_the_approval() -> None:
    line = Line()
    one = line.to_approval()
    failed = Outcome(error="PermissionError", message="not authorized", external=line.run(one, "Owners").id)
    line.finish(one, "Owners", failed)
    assert statuses(line) == ["Failed"]
    assert line.run(one, "Owners").by == ""
    refused(line, "ApprovalAlreadyCompletedException", line.decide, one)


def test_an_approval_does_not_wait_for_ever() -> None:
    line = Line()
    one = line.to_approval()
    run = line.run(one, "Owners")
    assert run.expires == run.started + 7 * 24 * 3600
    line.machine.expire(run.expires - 1)
    assert statuses(line) == ["InProgress"]
    line.machine.expire(run.expires)
    assert statuses(line) == ["Failed"]
    assert (run.by, run.outcome.error) == ("", "")


def test_actions_of_one_run_order_run_at_the_same_time() -> None:
    line = Line(
        pipeline(
            [
                change_set("Left", "CHANGE_SET_EXECUTE", 1),
                change_set("Right", "CHANGE_SET_EXECUTE", 1),
                DEPLOY[2],
            ]
        )
    )
    one = line.start()
    line.finish(one, "Bundle")
    assert [run.action.name for run in line.begun] == ["Bundle", "Left", "Right"]
    line.finish(one, "Left", Outcome(error="JobFailed"))
    assert statuses(line) == ["InProgress"]
    line.finish(one, "Right")
    assert statuses(line) == ["Failed"]
    line.retry(one)
    assert line.attempts("Left") == [(1, "Failed"), (1, "InProgress")]
    assert line.attempts("Right") == [(1, "Succeeded")]
    line.finish(one, "Left")
    assert line.attempts("Execute") == [(1, "InProgress")]


def test_a_stage_is_tried_again_as_a_whole() -> None:
    line = Line()
    one = line.to_approval()
    line.decide(one)
    line.finish(one, "Execute", Outcome(error="JobFailed"))
    line.retry(one, everything=True)
    assert (one.status, one.attempt) == ("InProgress", 2)
    line.finish(one, "Create")
    assert line.attempts("Owners") == [(1, "Succeeded"), (1, "InProgress")]


def test_what_cannot_be_tried_again() -> None:
    line = Line()
    one = line.to_approval()
    refused(line, "StageNotRetryableException", line.retry, one)
    line.decide(one, approved=False)
    two = line.to_approval()
    refused(line, "NotLatestPipelineExecutionException", line.retry, one)
    line.decide(two, approved=False)
    line.machine.update(read(line.declared, 2), line.now())
    refused(line, "StageNotRetryableException", line.retry, two)


def test_stopping_waits_for_what_is_in_progress() -> None:
    line = Line()
    one = line.start()
    line.stop(one)
    assert one.status == "Stopping"
    refused(line, "DuplicatedStopRequestException", line.stop, one)
    line.finish(one, "Bundle")
    assert (one.status, one.reason) == ("Stopped", "enough")
    refused(line, "PipelineExecutionNotStoppableException", line.stop, one)
    assert line.attempts("Create") == []


def test_an_approval_can_be_given_while_its_execution_stops() -> None:
    line = Line()
    one = line.to_approval()
    line.stop(one)
    line.decide(one)
    assert one.status == "Stopped"
    assert line.attempts("Execute") == []
    line.retry(one)
    assert line.attempts("Execute") == [(1, "InProgress")]


def test_abandoning_frees_the_stage_at_once() -> None:
    line = Line()
    one, two = line.to_approval(), line.to_approval()
    line.stop(one, abandon=True)
    assert (one.status, line.run(one, "Owners").status) == ("Stopped", "Abandoned")
    refused(line, "InvalidApprovalTokenException", line.decide, one)
    assert two.inside


def test_what_is_abandoned_is_stopped_though_a_part_of_it_failed() -> None:
    sides = [change_set("Left", "CHANGE_SET_EXECUTE", 1), approval("Owners", 1)]
    line = Line(pipeline(sides))
    one = line.start()
    line.finish(one, "Bundle")
    line.finish(one, "Left", Outcome(error="JobFailed"))
    line.stop(one, abandon=True)
    assert (one.status, one.stages["Deploy"].status) == ("Stopped", "Stopped")


def test_what_waits_is_stopped_at_once() -> None:
    line = Line()
    line.to_approval()
    two = line.to_approval()
    line.stop(two)
    assert statuses(line) == ["InProgress", "Stopped"]


def test_an_abandoned_action_may_end_as_it_likes() -> None:
    line = Line()
    one = line.start()
    line.stop(one, abandon=True)
    line.finish(one, "Bundle")
    assert (one.status, line.run(one, "Bundle").status) == ("Stopped", "Abandoned")


def test_a_closed_transition_holds_the_latest() -> None:
    line = Line()
    line.machine.close("Deploy", "Inbound", Gate("hold", REVIEWER, 0))
    line.to_approval()
    two = line.to_approval()
    assert statuses(line) == ["Superseded", "InProgress"]
    assert not two.inside
    line.machine.open("Deploy", "Inbound", line.now())
    assert two.inside


def test_a_way_out_can_be_closed_as_well() -> None:
    line = Line()
    line.machine.close("Source", "Outbound", Gate("hold", REVIEWER, 0))
    one = line.to_approval()
    assert not one.inside
    line.machine.open("Source", "Outbound", line.now())
    assert one.inside


def test_a_new_definition_cancels_and_starts_nothing() -> None:
    line = Line()
    one, two = line.to_approval(), line.to_approval()
    line.machine.update(read(line.declared, 2), line.now())
    assert statuses(line) == ["Cancelled", "Cancelled"]
    refused(line, "InvalidApprovalTokenException", line.decide, one)
    assert line.run(one, "Owners").status == "InProgress"
    line.finish(two, "Bundle")
    assert line.to_approval().definition.version == 2


def test_the_same_token_starts_once() -> None:
    line = Line()
    one = line.start(once="commit-1")
    line.stop(one, abandon=True)
    line.machine.update(read(line.declared, 2), line.now())
    assert line.start(once="commit-1", overrides={"Bundle": {"S3_OBJECT_VERSION_ID": "v"}}) is one
    assert line.start(once="commit-2") is not one


def test_an_unknown_variable_fails_its_action() -> None:
    line = Line(pipeline([approval("Owners", 1, CustomData="#{BundleSource.Nothing}")]))
    one = line.start()
    line.finish(one, "Bundle")
    run = line.run(one, "Owners")
    assert (one.status, run.status, run.outcome.error) == ("Failed", "Failed", "ConfigurationError")
    assert run.outcome.message == (
        "The variable #{BundleSource.Nothing} in the configuration of 'Owners' is unknown"
    )
    assert [each.action.name for each in line.begun] == ["Bundle"]


def test_variables_of_the_pipeline_have_defaults_and_are_put_in_once() -> None:
    variables = [{"name": "Reason", "defaultValue": "none"}, {"name": "Who"}]
    declared = pipeline([approval("Owners", 1, CustomData="#{variables.Reason} #{variables.Who}")])
    line = Line(declared | {"variables": variables})
    assert line.start().status == "Failed"
    one = line.start(variables={"Who": "#{variables.Reason}", "Else": "x"})
    line.finish(one, "Bundle")
    assert line.run(one, "Owners").resolved == {"CustomData": "none #{variables.Reason}"}


class Histories(RuleBasedStateMachine):
    """Whatever people and actions do, in whatever order, the laws hold."""

    @initialize(mode=st.sampled_from(["SUPERSEDED", "QUEUED"]))
    def begin(self, mode: str) -> None:
        last = [approval("Operations", 1), change_set("More", "CHANGE_SET_EXECUTE", 1)]
        self.line = Line(pipeline(DEPLOY, last, mode=mode))
        self.change_set: Execution | None = None
        self.executed: list[tuple[Execution, Execution | None]] = []

    def _waiting(self) -> list[ActionRun]:
        runs = self.line.machine.runs
        return [run for run in runs if run.status == "InProgress" and not run.execution.over]

    @precondition(lambda self: len(self.line.machine.executions) < QUEUE)
    @rule(fetched=st.booleans())
    def start(self, fetched: bool) -> None:
        execution = self.line.start()
        if fetched and execution.inside:
            self.line.finish(execution, "Bundle")

    @precondition(lambda self: self._waiting())
    @rule(data=st.data(), good=st.booleans())
    def end(self, data: st.DataObject, good: bool) -> None:
        run = data.draw(st.sampled_from(self._waiting()))
        if run.action.is_approval:
            self.line.decide(run.execution, run.action.name, approved=good)
            return
        if run.action.name == "Create":
            self.change_set = run.execution
        if run.action.name == "Execute":
            self.executed.append((run.execution, self.change_set))
        self.line.finish(run.execution, run.action.name, None if good else Outcome(error="JobFailed"))

    @precondition(lambda self: self.line.machine.executions)
    @rule(data=st.data(), abandon=st.booleans())
    def stop(self, data: st.DataObject, abandon: bool) -> None:
        self._try(self.line.stop, data.draw(st.sampled_from(self.line.machine.executions)), abandon=abandon)

    def _failed(self) -> list[Execution]:
        return [each for each in self.line.machine.executions if each.status in {"Failed", "Stopped"}]

    @precondition(lambda self: self._failed())
    @rule(data=st.data(), everything=st.booleans())
    def retry(self, data: st.DataObject, everything: bool) -> None:
        execution = data.draw(st.sampled_from(self._failed()))
        self._try(self.line.retry, execution, everything=everything)

    @rule(close=st.booleans(), stage=st.sampled_from(["Deploy", "Stage2"]))
    def turn(self, close: bool, stage: str) -> None:
        if close:
            self.line.machine.close(stage, "Inbound", Gate("hold", REVIEWER, 0))
        else:
            self.line.machine.open(stage, "Inbound", self.line.now())
        self.line.look()

    @precondition(lambda self: len(self.line.machine.executions) % 5 == 4)
    @rule()
    def update(self) -> None:
        version = self.line.machine.definition.version + 1
        self.line.machine.update(read(self.line.declared, version), self.line.now())
        self.line.look()

    def _try(self, call: Any, *arguments: Any, **more: Any) -> None:
        try:
            call(*arguments, **more)
        except Fault:
            self.line.look()

    @invariant()
    def a_stage_holds_one(self) -> None:
        inside = [each.stage.name for each in self.line.machine.executions if each.inside and not each.over]
        assert len(inside) == len(set(inside))

    @invariant()
    def what_is_executed_is_what_was_approved(self) -> None:
        """The change set has one name; the one that is there is the execution's own, and was approved."""
        for execution, made in self.executed:
            assert made is execution

    @invariant()
    def nothing_is_superseded_in_a_stage(self) -> None:
        for each in self.line.machine.executions:
            if each.status == "Superseded":
                assert each.stage.name not in each.stages

    @invariant()
    def one_waits_before_a_stage_or_all_keep_their_order(self) -> None:
        machine = self.line.machine
        for index in range(3):
            numbers = [each.number for each in machine.waiting(index)]
            assert numbers == sorted(numbers)
            assert machine.definition.mode == "QUEUED" or len(numbers) <= 1

    @invariant()
    def nobody_waits_before_a_free_and_open_stage(self) -> None:
        machine = self.line.machine
        held = {each.at for each in machine.executions if each.inside and not each.over}
        for index, stage in enumerate(machine.definition.stages):
            if index not in held and (stage.name, "Inbound") not in machine.gates:
                assert machine.waiting(index) == []

    def teardown(self) -> None:
        """Nothing is lost: open the gates, end and decide everything, and every execution is over."""
        if not hasattr(self, "line"):
            return
        machine = self.line.machine
        for stage in ("Deploy", "Stage2"):
            machine.open(stage, "Inbound", self.line.now())
            self.line.look()
        while waiting := self._waiting():
            run = waiting[0]
            if run.action.is_approval:
                self.line.decide(run.execution, run.action.name)
            else:
                self.line.finish(run.execution, run.action.name)
        assert all(each.over for each in machine.executions)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=100, stateful_step_count=40)
