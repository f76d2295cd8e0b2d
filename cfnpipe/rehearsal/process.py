"""The whole change process of one environment on this machine: set up, watched, decided, moved on."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cfnpipe import deploy, fleet, names
from cfnpipe.aws import Bucket, Session
from cfnpipe.aws.cloudformation import Stacks
from cfnpipe.aws.codepipeline import Pipelines
from cfnpipe.rehearsal.people import bootstrapper, people
from cfnpipe.rehearsal.watch import PAUSE, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def admit(self) -> None:
        """Let the people in whom `access` has policies for, once it is there; again after it changed."""
        self.people = people(self.environment, self.root, self.endpoint, self.people)

    def offered(self, pipeline: str) -> ChangeSet | None:
        """Return the change set that the approvals of a stack's pipeline are about."""
        stack = names.cloudformation_stack(self.environment.name, self.stack_of(pipeline))
        found = self.stacks.change_sets(stack).get(names.CHANGE_SET)
        return self.stacks.change_set(stack, found, "UPDATE") if found else None

    def stack_of(self, pipeline: str) -> str:
        """Return the stack that a pipeline deploys."""
        return pipeline.removesuffix(names.pipeline(self.environment.name, ""))

    def review_of(self, approval: Activity) -> str:
        """Return the review that an approval action stands for."""
        return approval.action.removeprefix(names.approval(""))

    def decide(self, pipeline: str, approval: Activity, *, approve: bool) -> None:
        """Give a decision, as the person whose review it is."""
        person = self.people[self.review_of(approval)]
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
