"""`deploy-init` through crashes and from every state of a stack: `python -m tests.bootstraps NAME...`.

A process of its own, because there is one local AWS in a process. Each part begins with an empty account.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cfnpipe import names
from cfnpipe.deploy.failure import DeploymentFailed
from cfnpipe.deploy.handover import hand_over
from cfnpipe.errors import CfnpipeError
from cfnpipe.model import ConnectionSource
from cfnpipe.rehearsal.process import Later
from tests.ground import EVER, Call, Fuse, play, shown, until
from tests.programs import ENVIRONMENT, Silent, aws

if TYPE_CHECKING:
    from tests.ground import Faults, Ground

STACK_WRITES = (
    "CreateChangeSet",
    "DeleteChangeSet",
    "ExecuteChangeSet",
    "SetStackPolicy",
    "UpdateTerminationProtection",
)
SYNC = names.sync_pipeline(ENVIRONMENT)
WRITES = {
    *((call, f"{ENVIRONMENT}-{stack}") for stack in ("access", "sync") for call in STACK_WRITES),
    ("StartPipelineExecution", SYNC),
}
"""All that a bootstrap writes, where each run finds what the one before has left."""
PIPELINES = names.pipeline(ENVIRONMENT, "pipelines")


def chain(there: Ground) -> None:
    """A crash after the first new writing call of each run, until none is left.

    The execution with which AWS begins a new pipeline is stopped, so that another one has to be started.
    """
    known: set[Call] = set()
    last = Fuse(known)
    while there.crashed(last, wait=True):
        if last.met[-1] == ("UpdateTerminationProtection", "production-us-sync"):
            _stop(there)
        last = Fuse(known)
    there.end()
    assert known == WRITES, known ^ WRITES


def every(there: Ground) -> None:
    """A crash after each call of a bootstrap from nothing, reads too; the next run makes it good."""
    unhurt = Fuse(set(), only=("nothing", ""), reads=True)
    assert not there.crashed(unhurt, wait=True)
    there.end()
    calls = list(dict.fromkeys(unhurt.met))
    assert len(calls) > 25, calls
    for call in calls:
        there.reset()
        if there.crashed(Fuse(set(), only=call, reads=True), wait=True):
            there.run(wait=True)
        there.end()


def late(there: Ground) -> None:
    """The event of the bundle does not come: the pipeline is started, and once only, a crash or not."""
    there.run()
    events = there.process.root.client("events")
    events.disable_rule(Name=names.owned(ENVIRONMENT, "pipelines"))
    fuse = Fuse(set(), only=("StartPipelineExecution", PIPELINES))
    assert there.crashed(fuse, wait=True, bucket=Later)
    there.end()


def progress(there: Ground) -> None:
    """A crash while CloudFormation works: the next run waits for the operation's end, and goes on."""
    for status, change in (("CREATE", there.rendered), ("UPDATE", there.changed())):
        with there.faults.waiting("ValidateRole"):
            running = f"{ENVIRONMENT}-access {status}_IN_PROGRESS"
            fuse = Fuse(set(), only=("DescribeStacks", running), reads=True)
            assert there.crashed(fuse, rendered=change)
            waits = Releasing(there.faults)
            done = there.run(waits, rendered=change)
        assert f"{ENVIRONMENT}-access is {status}_IN_PROGRESS: waiting for its end" in waits.said
        assert done.stacks[0].result == "unchanged"
        assert there.status("access") == f"{status}_COMPLETE"
        assert there.ours() == []


class Releasing(Silent):
    """Lets a resource that waits go on, once somebody says that it is waited for."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.faults = faults

    def note(self, text: str) -> None:
        super().note(text)
        if "waiting for its end" in text:
            self.faults.go.set()


def patience(there: Ground) -> None:
    """Nobody completes the connection, the sync does not end, no approval comes: an hour, then one line."""
    connect = there.rehearsal.server.connections.connect
    source = there.process.environment.source
    assert isinstance(source, ConnectionSource)
    connect(source.connection, "PENDING")
    hint = "error: {} after an hour\n  hint: run the same command again to go on waiting\n"
    listener = Silent()
    slept: list[float] = []
    assert _error(there, listener, wait=True, sleep=slept.append) == "1 " + hint.format(
        "the connection is not complete"
    )
    assert sum(slept) == 3600
    assert [line for line in listener.said if line.startswith("connection ")] == [
        "connection rehearsal: PENDING"
    ]
    page = "https://us-east-1.console.aws.amazon.com/codesuite/settings/"
    assert page in " ".join(listener.said)
    connect(source.connection, "ERROR")
    said = _error(there, wait=True, sleep=slept.append)
    assert said.startswith(
        "1 error: connection rehearsal is in ERROR\n  hint: see what its host refuses ("
    ), said
    assert sum(slept) == 3600
    connect(source.connection, "AVAILABLE")
    there.process.root.client("events").disable_rule(Name=names.owned(ENVIRONMENT, "pipelines"))
    watch = there.watch(left=0)
    with pytest.raises(DeploymentFailed) as failed:
        hand_over(watch, wait=True)
    assert f"1 {shown(failed.value)}" == "1 " + hint.format(f"{SYNC} is still running")
    until(lambda: there.counting() == ["succeeded"])
    watch.left = 10
    with pytest.raises(DeploymentFailed) as failed:
        hand_over(watch, wait=True)
    assert shown(failed.value) == hint.format(f"{PIPELINES} has not come to its approval")
    there.run(wait=True, bucket=Later)
    there.end()


def _stop(there: Ground) -> None:
    client = there.process.root.client("codepipeline")
    for each in there.process.pipelines.executions(SYNC, EVER) or []:
        if each.status == "running":
            client.stop_pipeline_execution(pipelineName=SYNC, pipelineExecutionId=each.id, abandon=True)


def _error(there: Ground, dialogue: Silent | None = None, **how: Any) -> str:
    """What a run says that fails, after its exit code; nothing of it is left."""
    try:
        there.run(dialogue, **how)
    except CfnpipeError as error:
        assert there.ours() == [], "a change set is left"
        return f"{error.exit_code} {shown(error)}"
    raise AssertionError("it did not fail")


def _told(there: Ground, said: str) -> None:
    """Do what an error says, with the real AWS CLI, and wait for its end."""
    command = re.search(r"run: aws (.*?); then: cfnpipe deploy-init production-us", said)
    assert command, said
    aws(there.process, *command[1].split())
    there.settled()


def created(there: Ground) -> None:
    """A creation that fails is rolled back; the next run says why, deletes it and creates again."""
    line = there.rendered["access"].lines["/Resources/Operator"]
    there.faults.fails.add(("Operator", "create", False))
    said = _error(there)
    cause = "Operator (AWS::IAM::ManagedPolicy): no create today"
    assert said == (
        f"1 {line}: error: production-us-access is ROLLBACK_COMPLETE: {cause}\n"
        "  hint: mend it, then: cfnpipe deploy-init production-us\n"
    ), said
    assert there.status("access") == "ROLLBACK_COMPLETE"
    for refuse in ("create-stack", "create-change-set --change-set-name mine --change-set-type CREATE"):
        given = ("--template-body", '{"Resources":{}}', "--stack-name", "production-us-access")
        _refused(there, "cloudformation", *refuse.split(), *given)
    assert _error(there, No()) == (
        "3 error: production-us-access was not changed\n"
        "  hint: a stack in that state can only be deleted; say yes to: cfnpipe deploy-init production-us\n"
    )
    there.faults.fails.clear()
    listener = Silent()
    assert [each.result for each in there.run(listener).stacks] == ["created", "created"]
    assert f"production-us-access is ROLLBACK_COMPLETE: its first creation failed ({cause}), and" in " ".join(
        listener.said
    )


def halfway(there: Ground) -> None:
    """Not even the rollback succeeds, nor the deletion after it, and what is retained is then in the way."""
    line = there.rendered["access"].lines["/Resources/Operator"]
    there.faults.fails |= {("Operator", "create", False), ("EventsRole", "delete", True)}
    there.faults.fails.add(("EventsRole", "delete", False))
    said = _error(there)
    assert said.startswith(f"1 {line}: error: production-us-access is ROLLBACK_FAILED: Operator ("), said
    command = "run: aws cloudformation delete-stack --stack-name production-us-access --region us-east-1"
    stopped = "hint: its rollback stopped at EventsRole (AWS::IAM::Role): no delete today; mend that too and"
    assert f"{stopped} {command}; then: cfnpipe" in said, said
    again = _error(there)
    line = there.rendered["access"].lines["/Resources/EventsRole"]
    assert again.startswith(f"3 {line}: error: production-us-access is ROLLBACK_FAILED (EventsRole ("), again
    _told(there, again)
    assert there.status("access") == "DELETE_FAILED"
    said = _error(there)
    assert said == (
        f"3 {line}: error: production-us-access is DELETE_FAILED (EventsRole (AWS::IAM::Role): no delete"
        f" today), which needs a decision\n  hint: {command} --retain-resources EventsRole;"
        " then: cfnpipe deploy-init production-us\n"
    ), said
    _told(there, said)
    assert there.stack("access") is None
    there.faults.fails.clear()
    role = names.owned(ENVIRONMENT, "events")
    taken = f"Resource of type 'AWS::IAM::Role' with identifier '{role}' already exists."
    said = _error(there)
    assert said == (
        f"1 {line}: error: no change set for production-us-access: EventsRole (AWS::IAM::Role): {taken}"
        " (/Resources/EventsRole)\n  hint: mend it, then run the same command again\n"
    ), said
    assert there.stack("access") is None
    iam = there.process.root.client("iam")
    for each in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=each)
    iam.delete_role(RoleName=role)
    assert [each.result for each in there.run().stacks] == ["created", "created"]


def kept(there: Ground) -> None:
    """Somebody else executes the change sets without a rollback: CREATE_FAILED, UPDATE_FAILED."""
    cases = (
        ("sync", "CREATE", there.rendered, ("SyncProject", "create", False)),
        ("sync", "UPDATE", there.changed(), ("SyncProject", "update", False)),
    )
    for name, kind, rendered, fault in cases:
        stack = f"{ENVIRONMENT}-{name}"
        assert there.crashed(Fuse(set(), only=("CreateChangeSet", stack)), rendered=rendered)
        (change_set,) = there.process.stacks.change_sets(stack).values()
        there.faults.fails.add(fault)
        aws(
            there.process,
            "cloudformation",
            "execute-change-set",
            "--disable-rollback",
            "--change-set-name",
            change_set,
        )
        there.settled()
        said = _error(there, rendered=rendered)
        line = rendered[name].lines["/Resources/SyncProject"]
        assert said.startswith(f"3 {line}: error: {stack} is {kind}_FAILED (SyncProject (AWS::CodeBuild"), (
            said
        )
        assert f"hint: run: aws cloudformation rollback-stack --stack-name {stack} --region us-east-1" in said
        there.faults.fails.clear()
        _told(there, said)
        assert there.status(name) == ("UPDATE_" if kind == "UPDATE" else "") + "ROLLBACK_COMPLETE"
        assert there.run(rendered=rendered).stacks[1].result == f"{kind.lower()}d"
    there.end(rendered)


def updated(there: Ground) -> None:
    """An update fails, and once its rollback too."""
    there.run()
    rendered = there.changed()
    line = rendered["sync"].lines["/Resources/SyncProject"]
    there.faults.fails.add(("SyncProject", "update", False))
    said = _error(there, rendered=rendered)
    cause = "SyncProject (AWS::CodeBuild::Project): no update today"
    hint = "cfnpipe deploy-init production-us\n"
    what = "error: production-us-sync is UPDATE_ROLLBACK"
    assert said == f"1 {line}: {what}_COMPLETE: {cause}\n  hint: mend it, then: {hint}", said
    there.faults.fails.add(("ProtectProject", "update", True))
    said = _error(there, rendered=rendered)
    command = (
        "run: aws cloudformation continue-update-rollback --stack-name production-us-sync --region us-east-1"
        f"; then: {hint}"
    )
    stops = cause.replace("SyncProject", "ProtectProject")
    mend = f"its rollback stopped at {stops}; mend that too and"
    assert said == f"1 {line}: {what}_FAILED: {cause}\n  hint: {mend} {command}", said
    said = _error(there, rendered=rendered)
    needs = "which needs a decision"
    line = rendered["sync"].lines["/Resources/ProtectProject"]
    assert said == f"3 {line}: {what}_FAILED ({stops}), {needs}\n  hint: {command}", said
    there.faults.fails.clear()
    _told(there, said)
    assert there.status("sync") == "UPDATE_ROLLBACK_COMPLETE"
    assert there.run(rendered=rendered).stacks[1].result == "updated"
    there.end(rendered)


def _refused(there: Ground, *command: str) -> None:
    with pytest.raises(RuntimeError, match="already exists"):
        aws(there.process, *command)


class No(Silent):
    """Says no."""

    def agree(self, question: str) -> bool:
        self.said.append(question)
        return False


PARTS = (chain, every, late, patience, progress, created, halfway, kept, updated)

if __name__ == "__main__":
    play(PARTS, sys.argv[1:])
