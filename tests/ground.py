"""A local AWS on which `deploy-init` is tried: faults of resources, operations that take their time, crashes.

One for a process, used by the programs of tests; `Ground.reset` makes the account an empty one again.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.request
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cfnpipe import config, deploy, names
from cfnpipe.aws import Bucket
from cfnpipe.deploy.handover import Watch
from cfnpipe.rehearsal.rehearse import choose, rehearsing
from tests.conftest import ROOT
from tests.programs import ENVIRONMENT, Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cfnpipe.errors import CfnpipeError
    from cfnpipe.model import RenderedStack
    from cfnpipe.model.deployment import Bootstrapped, Deployed
    from cfnpipe.rehearsal.cloudformation import ResourceOperation
    from cfnpipe.rehearsal.process import Process
    from cfnpipe.rehearsal.rehearse import Rehearsal

EVER = datetime(2000, 1, 1, tzinfo=UTC)
POLICY = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
PROTECTION = {"TerminationProtection": True, "StackPolicy": POLICY}
READS = ("Describe", "Get", "Head", "List")
Call = tuple[str, str]
"""An operation and what it is about: a stack, with its status where that is told, or a pipeline."""


def swift(_seconds: float) -> None:
    time.sleep(0.05)


def until(met: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so. Raise `AssertionError` if it is not within some seconds."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not come about"
        swift(0)


class Crash(BaseException):
    """The process has died."""


@dataclass
class Fuse:
    """Ends the process right after the first call that is not `known` yet, and knows it then."""

    known: set[Call]
    only: Call | None = None
    """Ends it after this call only."""
    reads: bool = False
    """Whether reading calls count."""
    met: list[Call] = field(default_factory=list)
    _subject: str = ""
    blown: bool = False

    def asked(self, params: Mapping[str, Any], **_: Any) -> None:
        about = next(
            (params[key] for key in ("StackName", "name", "pipelineName", "Key") if key in params), ""
        )
        self._subject = str(about).rpartition(":stack/")[2].partition("/")[0]

    def answered(self, model: Any, parsed: Mapping[str, Any], **_: Any) -> None:
        if self.blown or (model.name.startswith(READS) and not self.reads):
            return
        status = "".join(f" {each['StackStatus']}" for each in parsed.get("Stacks", ()))
        call = (model.name, f"{self._subject}{status}")
        self.met.append(call)
        if call == self.only or (self.only is None and call not in self.known):
            self.known.add(call)
            self.blown = True
            raise Crash


@dataclass
class Faults:
    """What goes wrong with resources, and what takes its time."""

    fails: set[tuple[str, str, bool]] = field(default_factory=set)
    """Logical id, what is done, and whether a rollback does it."""
    waits: str = ""
    """The logical id whose creation or update waits."""
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def check(self, operation: ResourceOperation) -> str | None:
        if operation.logical_id == self.waits and operation.does != "delete":
            self.reached.set()
            self.go.wait(60)
        asked = (operation.logical_id, operation.does, operation.back)
        return f"no {operation.does} today" if asked in self.fails else None

    @contextlib.contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Let a resource wait, at the latest to the end of the context."""
        self.waits = title
        self.reached.clear()
        self.go.clear()
        try:
            yield
        finally:
            self.waits = ""
            self.go.set()


@dataclass
class Ground:
    """The example's environment in an AWS of its own."""

    rehearsal: Rehearsal
    faults: Faults
    rendered: dict[str, RenderedStack]
    """The stacks as they are committed, with a stack policy each."""

    @property
    def process(self) -> Process:
        return self.rehearsal.process

    def reset(self) -> None:
        """Empty the account."""
        self.faults.fails.clear()
        credential = f"Credential={self.process.environment.account}/20260101/us-east-1/s3/aws4_request"
        asked = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.process.endpoint}/_ministack/reset",
            method="POST",
            headers={"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"},
        )
        urllib.request.urlopen(asked).close()  # noqa: S310 - as above
        self.rehearsal.server.connections.connect(self.process.environment.source.connection)  # type: ignore[union-attr]

    def run(
        self,
        dialogue: deploy.Dialogue | None = None,
        *,
        wait: bool = False,
        rendered: Mapping[str, RenderedStack] | None = None,
        bucket: type[Bucket] = Bucket,
        sleep: Callable[[float], None] = swift,
    ) -> Bootstrapped:
        """Do what `cfnpipe deploy-init` does, without its pauses. `sleep`: that of the handover."""
        process, environment = self.process, self.process.environment
        asked = deploy.Bootstrap(environment, rendered or self.rendered, process.root.identity(), wait=wait)
        cloud = deploy.Cloud(process.stacks, environment.region, sleep=swift)
        parts = self._parts(bucket, sleep)
        return deploy.bootstrap(asked, cloud, parts, dialogue or Silent())

    def watch(self, left: float) -> Watch:
        """The handover alone, with so many seconds left."""
        return Watch(self.process.environment, self._parts(Bucket, swift), Silent(), left)

    def _parts(self, bucket: type[Bucket], sleep: Callable[[float], None]) -> deploy.Process:
        process, environment = self.process, self.process.environment
        account = environment.account or ""
        name = names.bucket(ENVIRONMENT, "source", account, environment.region)
        source = bucket(process.root, name, account)
        return deploy.Process(process.root, process.pipelines, source, sleep=sleep)

    def crashed(self, fuse: Fuse, **how: Any) -> bool:
        """Tell whether a run was ended by a fuse."""
        clients = [self.process.root.client(each) for each in ("cloudformation", "codepipeline", "s3")]
        for client in clients:
            service = client.meta.service_model.service_name
            client.meta.events.register_first(f"before-parameter-build.{service}", fuse.asked, "asked")
            client.meta.events.register(f"after-call.{service}", fuse.answered, "answered")
        try:
            self.run(**how)
        except Crash:
            return True
        finally:
            for client in clients:
                service = client.meta.service_model.service_name
                client.meta.events.unregister(f"before-parameter-build.{service}", fuse.asked, "asked")
                client.meta.events.unregister(f"after-call.{service}", fuse.answered, "answered")
        return False

    def stack(self, name: str) -> Deployed | None:
        return self.process.stacks.find(names.cloudformation_stack(ENVIRONMENT, name))

    def status(self, name: str) -> str:
        there = self.stack(name)
        return there.status if there else ""

    def ours(self) -> list[str]:
        """The change sets that are left of `deploy-init`."""
        stacks = [f"{ENVIRONMENT}-{each}" for each in ("access", "sync") if self.stack(each)]
        listed = [name for each in stacks for name in self.process.stacks.change_sets(each)]
        return [name for name in listed if name.startswith(names.CHANGE_SETS_BY_HAND)]

    def counting(self) -> list[str]:
        """The executions of the sync pipeline that run or have succeeded."""
        ran = self.process.pipelines.executions(names.sync_pipeline(ENVIRONMENT), EVER) or []
        return [each.status for each in ran if each.status in ("running", "succeeded")]

    def settled(self) -> None:
        """Wait until no operation runs."""
        until(lambda: not any(self.status(each).endswith("_IN_PROGRESS") for each in ("access", "sync")))

    def changed(self) -> dict[str, RenderedStack]:
        """The stacks with one more tag, which their resources have too."""
        return {name: _tagged(stack) for name, stack in self.rendered.items()}

    def end(self, rendered: Mapping[str, RenderedStack] | None = None) -> None:
        """Hold what deploy-init has made against what it is for, and see that once more changes nothing."""
        again = self.run(wait=True, rendered=rendered)
        assert [each.result for each in again.stacks] == ["unchanged", "unchanged"], again
        for name in ("access", "sync"):
            there = self.stack(name)
            assert there
            assert there.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), there
            assert there.protected
            assert json.loads(self.process.stacks.policy(there.name)) == POLICY
        assert self.ours() == []
        assert self.counting() == ["succeeded"]
        assert again.handover
        assert again.handover.approvals == ("Approve-owners",)
        taken = self.process.pipelines.executions(names.pipeline(ENVIRONMENT, "pipelines"), EVER) or []
        assert len([each for each in taken if each.status == "running"]) == 1, taken


def _tagged(stack: RenderedStack) -> RenderedStack:
    configuration = json.loads(stack.configuration)
    configuration["Tags"]["Changed"] = "yes"
    return replace(stack, configuration=json.dumps(configuration))


def shown(error: CfnpipeError) -> str:
    """An error as it is shown."""
    where = f"{error.where}: " if error.where else ""
    return f"{where}error: {error.message}\n  hint: {error.hint}\n"


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Run the local AWS; once in a process."""
    project = config.load(ROOT)
    with rehearsing(project, choose(project, ENVIRONMENT), Silent()) as rehearsal:
        from ministack.services.cloudformation import stacks

        # On a thread of its own a resource may take its time, and the server answers meanwhile.
        stacks._runs_on_worker_thread = lambda _kind: True  # noqa: SLF001 - ministack has no other way
        faults = Faults()
        rehearsal.server.formation.checks.insert(0, faults.check)
        protected = {
            name: replace(stack, protection=json.dumps(PROTECTION))
            for name, stack in rehearsal.rendered.items()
        }
        yield Ground(rehearsal, faults, protected)


def play(parts: Iterable[Callable[[Ground], None]], wanted: Sequence[str]) -> None:
    """Go through some parts of a program, each with an empty account, and say how far it got."""
    known = {part.__name__: part for part in parts}
    with ground() as there:
        for name in wanted:
            there.reset()
            known[name](there)
            print(f"{name}: ok", flush=True)
