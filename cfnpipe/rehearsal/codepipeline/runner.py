"""The pipelines of the local AWS and what moves them: threads for actions, events, time and repositories.

All state is in the machines, and each is touched under one lock. What a machine wants done goes out after
that: an action into a thread of its own, an event into the line of the one thread that dispatches events.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import queue
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline import events, git
from cfnpipe.rehearsal.codepipeline.actions import perform
from cfnpipe.rehearsal.codepipeline.catalogue import REVISIONS
from cfnpipe.rehearsal.codepipeline.faults import Fault
from cfnpipe.rehearsal.codepipeline.machine import Machine
from cfnpipe.rehearsal.codepipeline.site import Scope
from cfnpipe.rehearsal.codepipeline.states import Begin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cfnpipe.rehearsal.codepipeline.definition import Action, Definition
    from cfnpipe.rehearsal.codepipeline.site import Site
    from cfnpipe.rehearsal.codepipeline.states import ActionRun, Outcome

_LOG = logging.getLogger(__name__)
TICK = 0.5
"""Seconds between two looks at repositories and at approvals whose time may be over."""


@dataclass
class Pipeline:
    """A pipeline that exists."""

    machine: Machine
    """Its state."""
    arn: str
    """Its ARN."""
    created: float
    """When it was made, seconds since 1970."""
    updated: float
    """When its definition last changed."""
    tags: dict[str, str]
    """Its tags."""
    heads: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """By repository and branch that it reads: the last commit that is known."""


class Runner:
    """All pipelines of all accounts and regions. Its methods may be called by several threads at once."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.time) -> None:
        self.site = site
        self.refusals: list[str] = []
        """What was to start a pipeline and was not allowed to, in order."""
        self._clock = clock
        self._pipelines: dict[tuple[Scope, str], Pipeline] = {}
        self._lock = threading.RLock()
        self._events: queue.SimpleQueue[tuple[dict[str, Any], Scope] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        for work in (self._tick, self._dispatch):
            threading.Thread(target=work, name=f"codepipeline{work.__name__}", daemon=True).start()

    def now(self) -> float:
        """Return the time, seconds since 1970."""
        return self._clock()

    def create(self, definition: Definition, scope: Scope, tags: Mapping[str, str]) -> Pipeline:
        """Take in a new pipeline. Raise `Fault` if the name is taken."""
        now, key = self.now(), (scope, definition.name)
        arn = f"arn:aws:codepipeline:{scope.region}:{scope.account}:{definition.name}"
        heads = {_branch(source): self._head(_branch(source)) for source in definition.sources()}
        with self._lock:
            if key in self._pipelines:
                text = f"Account '{scope.account}' already has a pipeline with name '{definition.name}'"
                raise Fault("PipelineNameInUseException", text)
            made = Pipeline(Machine(definition, _uuid), arn, now, now, dict(tags), heads)
            self._pipelines[key] = made
        return made

    def remove(self, name: str, scope: Scope) -> None:
        """Forget a pipeline, if there is one, and what it did."""
        with self._lock:
            gone = self._pipelines.pop((scope, name), None)
            if gone:
                gone.machine.cancel(self.now())
                self._follow(gone)

    def listed(self, scope: Scope) -> list[Pipeline]:
        """Return the pipelines of an account and region, by name."""
        with self._lock:
            return [
                made for (where, _), made in sorted(self._pipelines.items(), key=_by_name) if where == scope
            ]

    @contextlib.contextmanager
    def pipeline(self, name: str, scope: Scope) -> Iterator[Pipeline]:
        """Lend a pipeline, to look at or to change; then do what its machine wants done.

        Raise `Fault` if there is none.
        """
        with self._lock:
            made = self._pipelines.get((scope, name))
            if made is None:
                text = f"Account '{scope.account}' does not have a pipeline with name '{name}'"
                raise Fault("PipelineNotFoundException", text)
            try:
                yield made
            finally:
                self._follow(made)

    def start(self, name: str, scope: Scope, trigger: tuple[str, str], request: Mapping[str, Any]) -> str:
        """Start an execution as StartPipelineExecution's request says; return its id. Raise `Fault`."""
        with self.pipeline(name, scope) as made:
            execution = made.machine.start(
                self.now(),
                trigger,
                once=request.get("clientRequestToken", ""),
                overrides=_overrides(made, request.get("sourceRevisions", ())),
                variables=_variables(request.get("variables", ())),
            )
        return execution.id

    def reset(self) -> None:
        """Forget all pipelines and end what runs."""
        self.site.builds.stop()
        with self._lock:
            self._pipelines.clear()

    def stop(self) -> None:
        """End for good: threads, and builds that run."""
        self.reset()
        self._stopped.set()
        self._events.put(None)

    def _follow(self, made: Pipeline) -> None:
        for effect in made.machine.drain():
            if isinstance(effect, Begin):
                self._begin(made, effect.run)
            else:
                event = events.event(effect, made.arn, self.now(), _uuid())
                self._events.put((event, _scope(made.arn)))

    def _begin(self, made: Pipeline, run: ActionRun) -> None:
        context = contextvars.copy_context()
        name = f"{made.machine.definition.name}/{run.action.name}"
        threading.Thread(target=context.run, args=(self._act, made, run), name=name, daemon=True).start()

    def _act(self, made: Pipeline, run: ActionRun) -> None:
        outcome = perform(run, made.arn, self.site)
        with self._lock:
            self._end(made, run, outcome)
            self._follow(made)

    def _end(self, made: Pipeline, run: ActionRun, outcome: Outcome | None) -> None:
        if outcome is None:
            made.machine.ask(run, self.now())
        else:
            made.machine.finish(run, outcome, self.now())

    def _dispatch(self) -> None:
        while (item := self._events.get()) is not None:
            try:
                self.site.aws.dispatch(*item)
            except Exception:  # noqa: BLE001 - a rule's target must not end all events
                _LOG.exception("event %s", item[0]["DetailType"])

    def _tick(self) -> None:
        while not self._stopped.wait(TICK):
            try:
                with self._lock:
                    for made in list(self._pipelines.values()):
                        made.machine.expire(self.now())
                        self._follow(made)
                self._look()
            except Exception:  # noqa: BLE001 - the next look may succeed
                _LOG.exception("looking at repositories")

    def _head(self, branch: tuple[str, str]) -> str | None:
        repository = self.site.repositories.get(branch[0])
        return git.head(repository, branch[1]) if repository else None

    def _look(self) -> None:
        """Start what reads a branch that has a new commit since the last look."""
        with self._lock:
            pipelines = list(self._pipelines.values())
        sources = [(made, source) for made in pipelines for source in made.machine.definition.sources()]
        heads = {branch: self._head(branch) for branch in {_branch(source) for _, source in sources}}
        pushed: set[tuple[tuple[str, str], Scope]] = set()
        for made, source in sources:
            branch = _branch(source)
            head = heads[branch]
            known = made.heads.get(branch, head)
            made.heads[branch] = head
            if head and head != known:
                self._changed(made, source)
                if source.kind[1] == "CodeCommit":
                    pushed.add((branch, _scope(made.arn)))
        for branch, scope in pushed:
            self._events.put((_pushed(branch, heads[branch] or "", scope, self.now()), scope))

    def _changed(self, made: Pipeline, source: Action) -> None:
        """Start a pipeline whose source has changed, if it detects that itself."""
        trigger = _detects(source)
        if trigger:
            with (
                contextlib.suppress(Fault),
                self.pipeline(made.machine.definition.name, _scope(made.arn)) as still,
            ):
                still.machine.start(self.now(), trigger)


def _overrides(made: Pipeline, given: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return which revisions a start names, by source action and type. Raise `Fault` for what has none."""
    definition = made.machine.definition
    kinds = {source.name: source.kind for source in definition.sources()}
    found: dict[str, dict[str, str]] = {}
    for each in given:
        name, kind = each["actionName"], each["revisionType"]
        known = REVISIONS.get(kinds.get(name, ("", "")), frozenset())
        if definition.declared["pipelineType"] != "V2" or kind not in known:
            text = f"The pipeline has no source action with the name '{name}' that takes a {kind}"
            raise Fault("ValidationException", text)
        found.setdefault(name, {})[kind] = each["revisionValue"]
    return found


def _variables(given: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    found = {each["name"]: each["value"] for each in given}
    if len(found) < len(given):
        raise Fault("ValidationException", "A variable is given twice")
    return found


def _detects(source: Action) -> tuple[str, str] | None:
    """Return the trigger of a source action that detects changes by itself, or None."""
    own = source.configuration
    if source.kind[1] == "CodeStarSourceConnection":
        return ("WebhookV2", own["ConnectionArn"]) if own.get("DetectChanges", "true") == "true" else None
    polls = own.get("PollForSourceChanges", "true").lower() == "true"
    return ("PollForSourceChanges", source.name) if polls else None


def _branch(source: Action) -> tuple[str, str]:
    """Return the repository and branch that a source action reads; two empty texts where it reads none."""
    own = source.configuration
    return own.get("FullRepositoryId") or own.get("RepositoryName", ""), own.get("BranchName", "")


def _pushed(branch: tuple[str, str], head: str, scope: Scope, now: float) -> dict[str, Any]:
    """Return CodeCommit's event of a push."""
    repository, name = branch
    detail = {
        "event": "referenceUpdated",
        "repositoryName": repository,
        "referenceType": "branch",
        "referenceName": name,
        "referenceFullName": f"refs/heads/{name}",
        "commitId": head,
    }
    arn = f"arn:aws:codecommit:{scope.region}:{scope.account}:{repository}"
    return events.envelope("CodeCommit Repository State Change", detail, arn, now, _uuid())


def _scope(arn: str) -> Scope:
    _, _, _, region, account, *_ = arn.split(":")
    return Scope(account, region)


def _by_name(item: tuple[tuple[Scope, str], Pipeline]) -> str:
    return item[0][1]


def _uuid() -> str:
    return str(uuid.uuid4())
