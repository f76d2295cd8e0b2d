"""The whole change process of one environment on this machine: set up, watched, decided, moved on."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cfnpipe import config, deploy, fleet, names
from cfnpipe.aws import Bucket, Session
from cfnpipe.aws.cloudformation import Stacks
from cfnpipe.aws.codepipeline import Pipelines
from cfnpipe.errors import BadInput
from cfnpipe.rehearsal.people import bootstrapper, people
from cfnpipe.rehearsal.watch import PAUSE, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cfnpipe.model import Activity, Environment, RenderedStack, Version
    from cfnpipe.model.deployment import Bootstrapped, ChangeSet
    from cfnpipe.rehearsal.people import Person
    from cfnpipe.rehearsal.watch import Stage


class Later(Bucket):
    """A bucket ten minutes later: nobody waits here for an event that might still come."""

    def version(self, key: str) -> Version | None:
        """Return the current version of an object, old enough to count."""
        found = super().version(key)
        return found and replace(found, age=found.age + fleet.FRESH + timedelta(seconds=1))


def _swift(_seconds: float) -> None:
    time.sleep(PAUSE)


@dataclass
class Process:
    """An environment's change process in the local AWS, and whoever takes part in it."""

    environment: Environment
    root: Session
    """The account's root."""
    endpoint: str
    watch: Watch
    people: Mapping[str, Person]
    """By the name of their review, once `access` is there."""

    @property
    def pipelines(self) -> Pipelines:
        """The pipelines, at the pace of this machine."""
        return Pipelines(self.root, sleep=lambda _seconds: None)

    @property
    def stacks(self) -> Stacks:
        """The stacks."""
        return Stacks(self.root)

    def bootstrap(self, rendered: Mapping[str, RenderedStack], dialogue: deploy.Dialogue) -> Bootstrapped:
        """Do what `cfnpipe deploy-init` does, with the rights that it prints; then let the people in.

        `rendered`: the init stacks by name. Raise what that command raises.
        """
        access = bootstrapper(self.environment, self.root, self.endpoint)
        session = Session(self.environment.region, access=access)
        asked = deploy.Bootstrap(self.environment, rendered, session.identity())
        cloud = deploy.Cloud(Stacks(session), self.environment.region, sleep=_swift)
        pipelines = Pipelines(session, sleep=lambda _seconds: None)
        parts = deploy.Process(session, pipelines, self._bucket(Bucket, session), sleep=_swift)
        outcome = deploy.bootstrap(asked, cloud, parts, dialogue)
        self.admit()
        return outcome

    def admit(self) -> list[str]:
        """Let the people in whom `access` has policies for, and return who is new; again after it changed."""
        known = self.people
        self.people = people(self.environment, self.root, self.endpoint, known)
        return [name for name in self.people if name not in known]

    def reread(self, tree: Path) -> None:
        """Take the environment as the configuration of a working tree says it now.

        Raise `CfnpipeError` if it cannot be used; then it stays what it was.
        """
        before = self.environment
        now = config.load(tree).environments.get(before.name)
        if now is None or any(
            getattr(now, each) != getattr(before, each) for each in ("account", "region", "source")
        ):
            raise BadInput(f"{before.name} has another account, region or source now, or is gone")
        self.environment = now

    def offered(self, pipeline: str) -> ChangeSet | None:
        """Return the change set that the approvals of a stack's pipeline are about."""
        stack = names.cloudformation_stack(self.environment.name, self.stack_of(pipeline))
        found = self.stacks.change_sets(stack).get(names.CHANGE_SET)
        return self.stacks.change_set(stack, found, "UPDATE") if found else None

    def stack_of(self, pipeline: str) -> str:
        """Return the stack that a pipeline deploys."""
        return pipeline.removesuffix(names.pipeline(self.environment.name, ""))

    def decide(self, pipeline: str, approval: Activity, *, approve: bool) -> None:
        """Give a decision, as the person whose review it is. Raise `AwsError` if it is refused."""
        review = names.review(approval.action)
        if review not in self.people:
            self.admit()
        if review not in self.people:
            raise BadInput(f"nobody here may decide {approval.action}, which is no review of `access`")
        person = self.people[review]
        person.pipelines.decide(pipeline, approval, approve=approve, why=f"{person.name} looked at it")

    def catch_up(self) -> list[str]:
        """Start every stack that is behind, as the last step of a sync does; return the stacks' names."""
        sights = fleet.look(self.environment, self._bucket(Later), self.pipelines, lambda *_: None)
        started = fleet.start(fleet.behind(fleet.plan(sights)), self.pipelines)
        return [each.standing.stack for each in started if each.execution]

    def unfinished(self) -> list[str]:
        """Return the stacks that are not deployed, by name."""
        return [name for name in self.environment.stacks if not self._complete(name)]

    def _complete(self, name: str) -> bool:
        there = self.stacks.find(names.cloudformation_stack(self.environment.name, name))
        return there is not None and there.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")

    def _bucket(self, kind: type[Bucket], session: Session | None = None) -> Bucket:
        account, region = self.environment.account or "", self.environment.region
        return kind(
            session or self.root, names.bucket(self.environment.name, "source", account, region), account
        )


def process(environment: Environment, root: Session, endpoint: str, stage: Stage) -> Process:
    """Return the process of an environment, before anything of it is there."""
    watch = Watch(Pipelines(root, sleep=lambda _seconds: None), stage)
    return Process(environment, root, endpoint, watch, {})
