"""`cfnpipe deploy` against a local server: an engineer's own stacks, from whatever state they are in."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from cfnpipe import names
from cfnpipe.aws import AwsError, Session
from cfnpipe.aws.cloudformation import Stacks
from cfnpipe.deploy import Cloud, Development, develop
from cfnpipe.deploy.operation import Interrupted
from cfnpipe.errors import ChangedByAnother, Refused
from cfnpipe.model import Environment, RenderedStack, Stack
from tests.completed_aws import started
from tests.conftest import Repository, Result
from tests.local_aws import CREDENTIALS, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cfnpipe.model.deployment import Brought, ChangeSet, Deployed, Event, ResourceChange, Submission
    from tests.completed_aws import CompletedAws


@pytest.fixture(scope="module")
def aws() -> CompletedAws:
    return started()


QUEUE = '''\
"""A queue."""

from troposphere import Export, GetAtt, Output, Parameter, Ref, Sub, Template
from troposphere.sqs import Queue

template = Template(Description=__doc__)
wait = template.add_parameter(Parameter("Wait", Type="Number", Default=10))
orders = template.add_resource(Queue("Orders", SqsManagedSseEnabled=True, VisibilityTimeout=Ref(wait)))
template.add_output(Output("Arn", Value=GetAtt(orders, "Arn"), Export=Export(Sub("${AWS::StackName}:Arn"))))
'''
READER = '''\
"""What reads the queue; its name comes first, and it is deployed last."""

from troposphere import ImportValue, Template
from troposphere.ssm import Parameter


def template(environment):
    made = Template(Description=__doc__)
    value = ImportValue(f"{environment.name}-queue:Arn")
    made.add_resource(Parameter("Address", Type="String", Value=value))
    return made
'''


@dataclass(frozen=True)
class Engineer:
    """An engineer with an environment of two stacks, whose name nobody else has."""

    repository: Repository
    environment: str
    endpoint: str

    def configure(self, wait: int, **more: str) -> None:
        lines = [f"environment: {self.environment}", "region: us-east-1"]
        lines += [f"{key}: {value}" for key, value in {"protected": "false", **more}.items()]
        lines += ["stacks:", "  a-reader: {}", f"  queue: {{parameters: {{Wait: {wait}}}}}", ""]
        self.repository.write(f"config/{self.environment}.yaml", "\n".join(lines))

    def run(self, *arguments: str, **variables: str) -> Result:
        return self.repository.run(
            "deploy",
            self.environment,
            *arguments,
            **{**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, **variables},
        )


@pytest.fixture
def engineer(tmp_path: Path, aws: CompletedAws) -> Engineer:
    made = Engineer(Repository(tmp_path / "repository"), f"dev-{uuid.uuid4().hex[:8]}", aws.endpoint)
    made.repository.write("templates/queue.py", QUEUE)
    made.repository.write("templates/a-reader.py", READER)
    made.configure(30)
    return made


@pytest.fixture(scope="module")
def session(aws: CompletedAws) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.endpoint}.items():
            patch.setenv(name, value)
        made = Session(REGION)
        made.client("cloudformation")
        yield made


def test_stacks_are_made_in_the_order_in_which_they_need_each_other(engineer: Engineer) -> None:
    name = engineer.environment
    first = engineer.run("--yes")
    assert (first.code, first.out) == (
        0,
        f"{name}-queue: created (CREATE_COMPLETE)\n{name}-a-reader: created (CREATE_COMPLETE)\n",
    )
    assert f"{name}-queue:\n  + Orders  AWS::SQS::Queue\n  1 resource: 1 add\n" in first.err
    assert first.err.startswith("arn:aws:iam::111122223333:root in account 111122223333, region us-east-1\n")
    again = engineer.run("--yes")
    assert (again.code, again.out) == (
        0,
        f"{name}-queue: unchanged (CREATE_COMPLETE)\n{name}-a-reader: unchanged (CREATE_COMPLETE)\n",
    )


def test_only_what_differs_is_updated_and_shown(engineer: Engineer) -> None:
    assert engineer.run("--yes").code == 0
    engineer.configure(40)
    done = engineer.run("queue", "--yes", "--json")
    assert done.code == 0
    (stack,) = json.loads(done.out)["stacks"]
    (change,) = stack.pop("changes")
    assert stack == {
        "stack": f"{engineer.environment}-queue",
        "result": "updated",
        "status": "UPDATE_COMPLETE",
        "change_set": "",
    }
    assert (change["action"], change["resource"], change["replacement"]) == ("Modify", "Orders", "False")
    assert [each["path"] for each in change["properties"]] == ["/Properties/VisibilityTimeout"]


def test_a_dry_run_changes_nothing(engineer: Engineer, session: Session) -> None:
    stacks = Stacks(session)
    name = f"{engineer.environment}-queue"
    assert engineer.run("queue", "--dry-run").out == f"{name}: planned\n"
    assert stacks.find(name) is None
    assert engineer.run("queue", "--yes").code == 0
    engineer.configure(40)
    assert engineer.run("queue", "--dry-run").out == f"{name}: planned (CREATE_COMPLETE)\n"
    there = stacks.find(name)
    assert there is not None
    assert (there.status, there.parameters, stacks.change_sets(name)) == (
        "CREATE_COMPLETE",
        {"Wait": "30"},
        {},
    )


def test_a_dry_run_does_not_mind_what_a_stack_before_would_export(engineer: Engineer) -> None:
    """Stacks that are there cannot be planned with an export that only the real run makes."""
    name = engineer.environment
    assert engineer.run("--yes").code == 0
    new = (
        'template.add_output(Output("Url", Value=Ref(orders), Export=Export(Sub("${AWS::StackName}:Url"))))\n'
    )
    engineer.repository.write("templates/queue.py", QUEUE + new)
    engineer.repository.write("templates/a-reader.py", READER.replace("queue:Arn", "queue:Url"))
    planned = engineer.run("--dry-run")
    assert (planned.code, planned.out) == (
        0,
        f"{name}-queue: planned (CREATE_COMPLETE)\n{name}-a-reader: planned\n",
    )
    missing = f"No export named {name}-queue:Url found."
    assert f"no change set for {name}-a-reader: {missing} It comes with the stacks before.\n" in planned.err
    alone = engineer.run("a-reader", "--dry-run")
    assert (alone.code, f"error: no change set for {name}-a-reader: {missing}" in alone.err) == (1, True)
    assert engineer.run("--yes").code == 0


def test_a_change_set_can_be_left_for_the_console(engineer: Engineer, session: Session) -> None:
    name = f"{engineer.environment}-queue"
    done = engineer.run("queue", "--no-execute")
    assert (done.code, done.out) == (0, f"{name}: left (REVIEW_IN_PROGRESS)\n")
    (change_set,) = Stacks(session).change_sets(name).values()
    assert "https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1#/" in done.err
    assert change_set.rpartition("/")[2] in done.err
    assert engineer.run("queue", "--yes").out == f"{name}: created (CREATE_COMPLETE)\n"


def test_nobody_to_ask_is_no_yes(engineer: Engineer, session: Session) -> None:
    name = f"{engineer.environment}-queue"
    done = engineer.run("queue")
    assert done.code == 3
    assert done.err.endswith(
        "error: nobody is here to say yes\n  hint: add --yes; --dry-run shows what would be done\n"
    )
    assert Stacks(session).find(name) is None


@pytest.mark.parametrize(
    ("more", "variables", "message"),
    [
        ({"protected": "true"}, {}, "is protected: only its pipelines change it"),
        (
            {"account": '"444455556666"'},
            {},
            "these credentials are of account 111122223333; {} is 444455556666",
        ),
        ({}, {"AWS_ACCESS_KEY_ID": ""}, "the caller: Unable to locate credentials"),
        ({}, {"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found"),
    ],
)
def test_what_must_not_be_is_refused_before_anything_is_changed(
    engineer: Engineer, session: Session, more: dict[str, str], variables: dict[str, str], message: str
) -> None:
    engineer.configure(30, **more)
    done = engineer.run("--yes", **variables)
    assert done.code == 3
    assert message.format(engineer.environment) in done.err
    assert "Traceback" not in done.err
    assert Stacks(session).find(f"{engineer.environment}-queue") is None


def test_what_cannot_be_sent_along_takes_a_bucket(engineer: Engineer, aws: CompletedAws) -> None:
    long = QUEUE + 'template.set_metadata({"Text": ["x" * 600] * 100})\n'
    engineer.repository.write("templates/queue.py", long)
    name = f"{engineer.environment}-queue"
    refused = engineer.run("queue", "--yes")
    assert refused.code == 3
    assert f"error: the template of {name} has " in refused.err
    assert "bytes; 51,200 can be sent along" in refused.err
    assert "hint: add --bucket NAME: a bucket of yours, in the same region" in refused.err
    bucket = f"templates-{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=bucket)
    assert engineer.run("queue", "--yes", "--bucket", bucket).out == f"{name}: created (CREATE_COMPLETE)\n"


BUCKET = '''\
"""A bucket."""

from troposphere import Template
from troposphere.s3 import Bucket

template = Template(Description=__doc__)
template.add_resource(Bucket("Ours"))
template.add_resource(Bucket("Letters", BucketName="{name}"))
'''


def test_a_name_that_is_taken_is_said_where_it_was_written(engineer: Engineer, session: Session) -> None:
    """CloudFormation's early validation, whose reasons are not in the change set that it fails."""
    name = f"{engineer.environment}-letters"
    session.client("s3").create_bucket(Bucket=name)
    engineer.repository.write("templates/queue.py", BUCKET.format(name=name))
    engineer.repository.write(
        f"config/{engineer.environment}.yaml",
        f"environment: {engineer.environment}\nregion: us-east-1\nprotected: false\nstacks:\n  queue: {{}}\n",
    )
    done = engineer.run("--yes")
    assert (done.code, done.out) == (1, "")
    said = (
        f"templates/queue.py:8: error: no change set for {engineer.environment}-queue: Letters"
        f" (AWS::S3::Bucket): Resource of type 'AWS::S3::Bucket' with identifier '{name}' already exists."
        " (/Resources/Letters)"
    )
    assert done.err.splitlines()[1:] == [said, "  hint: mend it, then run the same command again"]
    assert Stacks(session).find(f"{engineer.environment}-queue") is None
    session.client("s3").delete_bucket(Bucket=name)
    assert engineer.run("--yes").code == 0


# What follows runs in this process, where a crash can come between any two calls.


@dataclass
class Listener:
    """Somebody who says yes, or no, and remembers what was shown."""

    answer: bool = True
    said: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.said.append(text)

    def changes(
        self, wanted: Submission, changes: Sequence[ResourceChange], cancelled: Sequence[str] = ()
    ) -> None:
        self.said.append(f"{wanted.stack}: {[change.logical for change in changes]} {list(cancelled)}")

    def agree(self, question: str) -> bool:
        self.said.append(question)
        return self.answer

    def happened(self, event: Event) -> None:
        self.said.append(f"{event.logical} {event.status}")

    def let_run(self, stack: str) -> bool:
        self.said.append(f"let {stack} run?")
        return self.answer

    def link(self, change_set: ChangeSet, address: str) -> None:
        self.said.append(f"{change_set.stack}: {address}")


def template(wait: object) -> dict[str, Any]:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": wait}}
    return {"Resources": {"Orders": queue}, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Orders", "Arn"]}}}}


def asked(environment: str, wait: object = 30, *, termination: bool = True) -> Development:
    protection = json.dumps({"TerminationProtection": True}) if termination else None
    configuration = json.dumps({"Parameters": {}, "Tags": {"Owner": "me"}})
    stack = RenderedStack(environment, "queue", json.dumps(template(wait)), configuration, protection)
    settings = Environment(environment=environment, region=REGION, stacks={"queue": Stack()})
    return Development(settings, {"queue": stack}, {"queue": 0})


def deploy(
    session: Session, wanted: Development, listener: Listener | None = None, profile: str | None = None
) -> list[Brought]:
    cloud = Cloud(Stacks(session), REGION, sleep=lambda _seconds: None, profile=profile)
    return list(develop(wanted, cloud, listener or Listener()))


class Crash(BaseException):
    """The process has died."""


@dataclass
class Fuse:
    """Ends the process before or after the call with a number, counted from 0."""

    number: int
    after: bool
    seen: int = 0
    blown: bool = False

    def before_send(self, **_: Any) -> None:
        self._burn(here=not self.after)

    def after_call(self, **_: Any) -> None:
        self._burn(here=self.after)
        self.seen += 1

    def _burn(self, *, here: bool) -> None:
        if here and self.seen == self.number and not self.blown:
            self.blown = True
            raise Crash


def crashed(session: Session, wanted: Development, fuse: Fuse) -> bool:
    """Tell whether a deployment was ended by a fuse."""
    events = session.client("cloudformation").meta.events
    hooks = {"before-send.cloudformation": fuse.before_send, "after-call.cloudformation": fuse.after_call}
    for event, hook in hooks.items():
        events.register(event, hook)
    try:
        deploy(session, wanted)
    except Crash:
        return True
    finally:
        for event, hook in hooks.items():
            events.unregister(event, hook)
    return False


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_is_made_good_by_the_next_run(session: Session, *, after: bool) -> None:
    """First the creation, then an update of the same stack."""
    number, stacks = 0, Stacks(session)
    while True:
        name = f"crash-{uuid.uuid4().hex[:8]}"
        blown = False
        for wait in (30, 40):
            blown |= crashed(session, asked(name, wait), Fuse(number, after))
            (brought,) = deploy(session, asked(name, wait))
            there = stacks.find(f"{name}-queue")
            assert there is not None
            assert there.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), number
            assert stacks.template(there.name) == template(wait)
            assert there.protected
            assert not [
                each for each in stacks.change_sets(there.name) if each.startswith(names.CHANGE_SETS_BY_HAND)
            ], number
            assert deploy(session, asked(name, wait))[0].result == "unchanged"
            assert brought.result in ("created", "updated", "unchanged")
        if not blown:
            break
        number += 1
    assert number >= 10


def test_who_says_no_leaves_nothing_behind(session: Session) -> None:
    name, stacks = f"no-{uuid.uuid4().hex[:8]}", Stacks(session)
    with pytest.raises(Refused) as refused:
        deploy(session, asked(name), Listener(answer=False))
    assert refused.value.message == f"{name}-queue was not changed"
    assert stacks.find(f"{name}-queue") is None
    deploy(session, asked(name))
    with pytest.raises(Refused):
        deploy(session, asked(name, 40), Listener(answer=False))
    assert stacks.change_sets(f"{name}-queue") == {}
    assert stacks.template(f"{name}-queue") == template(30)


def test_somebody_else_who_comes_first_is_noticed(session: Session) -> None:
    name, stacks = f"two-{uuid.uuid4().hex[:8]}", Stacks(session)
    deploy(session, asked(name))

    class Slow(Listener):
        def agree(self, question: str) -> bool:
            deploy(session, asked(name, 50))
            return super().agree(question)

    with pytest.raises(ChangedByAnother) as refused:
        deploy(session, asked(name, 40), Slow(), "my own")
    assert refused.value.message == (
        f"somebody else changed {name}-queue meanwhile: the change set cannot be executed"
    )
    assert refused.value.hint == f"look again: cfnpipe deploy {name} queue --profile 'my own'"
    assert stacks.template(f"{name}-queue") == template(50)


class Behind(Stacks):
    """CloudFormation whose answers about a stack are behind its operations, as they may be on AWS."""

    def __init__(self, session: Session, states: int, events: int) -> None:
        super().__init__(session)
        self._behind = {"state": states, "events": events}
        self._left = {"state": 0, "events": 0}
        self._before: Deployed | None = None

    def execute(self, change_set: ChangeSet, token: str) -> None:
        self._before = super().find(change_set.stack)
        self._left = dict(self._behind)
        super().execute(change_set, token)

    def find(self, stack: str) -> Deployed | None:
        return self._before if self._stale("state") else super().find(stack)

    def events(self, stack: str, after: str = "") -> list[Event]:
        return [] if self._stale("events") else super().events(stack, after)

    def _stale(self, what: str) -> bool:
        self._left[what] -= 1
        return self._left[what] >= 0


@pytest.mark.parametrize(("states", "events"), [(3, 3), (3, 0), (0, 3)], ids=["both", "state", "events"])
def test_what_cloudformation_says_of_a_stack_may_be_behind(
    session: Session, states: int, events: int
) -> None:
    """The state from before an operation is no end of it, neither of a creation nor of an update."""
    name = f"behind-{uuid.uuid4().hex[:8]}"
    for wait, ended in ((30, "CREATE_COMPLETE"), (40, "UPDATE_COMPLETE")):
        cloud = Cloud(Behind(session, states, events), REGION, sleep=lambda _seconds: None)
        listener = Listener()
        (brought,) = develop(asked(name, wait), cloud, listener)
        assert brought.status == ended
        assert listener.said[-1] == f"{name}-queue {ended}"


class Making(Stacks):
    """CloudFormation that goes on making a change set, which is then not deleted, as on AWS."""

    def drop_change_set(self, stack: str, change_set: str) -> None:
        del stack, change_set
        refused = "InvalidChangeSetStatus"
        raise AwsError(f"{refused}: Cannot delete ChangeSet in status CREATE_IN_PROGRESS", code=refused)


def test_a_change_set_that_is_still_being_made_is_in_nobodys_way(session: Session) -> None:
    """Somebody pressed Ctrl-C a moment ago; a later run deletes what is left of it."""
    name, stacks = f"making-{uuid.uuid4().hex[:8]}", Stacks(session)
    deploy(session, asked(name))
    (wanted,) = develop(replace(asked(name, 40), execute=False), Cloud(stacks, REGION), Listener())
    assert wanted.result == "left"
    cloud = Cloud(Making(session), REGION, sleep=lambda _seconds: None)
    assert [each.result for each in develop(asked(name), cloud, Listener())] == ["unchanged"]
    assert len(stacks.change_sets(f"{name}-queue")) == 1
    assert [each.result for each in develop(asked(name, 40), cloud, Listener())] == ["updated"]


@pytest.mark.parametrize("run_on", [True, False])
def test_ctrl_c_asks_whether_the_operation_runs_on(session: Session, *, run_on: bool) -> None:
    name = f"stop-{uuid.uuid4().hex[:8]}"

    class Impatient(Listener):
        def happened(self, event: Event) -> None:
            super().happened(event)
            raise KeyboardInterrupt

        def let_run(self, stack: str) -> bool:
            self.said.append(f"let {stack} run?")
            return run_on

    listener = Impatient()
    with pytest.raises(Interrupted) as interrupted:
        deploy(session, asked(name, termination=False), listener)
    assert listener.said[-1] == f"let {name}-queue run?"
    assert interrupted.value.exit_code == 130
    assert interrupted.value.hint == "run the same command again to go on"
    assert deploy(session, asked(name, termination=False))[0].status == "CREATE_COMPLETE"
