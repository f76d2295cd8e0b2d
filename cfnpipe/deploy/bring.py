"""One stack, from whatever state it is in to what is wanted: the corridor that both commands share.

look ──▶ route ──▶ change set ──▶ shown ──▶ agreed ──▶ executed ──▶ followed ──▶ protected

Each step is decided by what is on AWS at that moment, and nothing is kept anywhere else; so a run that was
cut short at any point is finished by the next one.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe import console
from cfnpipe.aws.beforehand import beforehand
from cfnpipe.aws.errors import AwsError
from cfnpipe.deploy import change, states
from cfnpipe.deploy.failure import DeploymentFailed, explained, first, latest, place, told
from cfnpipe.deploy.operation import follow, last_event
from cfnpipe.deploy.submission import additions, current
from cfnpipe.errors import ChangedByAnother, Refused
from cfnpipe.model.deployment import Brought

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cfnpipe.deploy.dialogue import Dialogue
    from cfnpipe.deploy.operation import Cloud
    from cfnpipe.model import Place
    from cfnpipe.model.deployment import ChangeSet, ChangeSetKind, Deployed, ResourceChange, Submission


_NO_EXPORT = "No export named"
"""How CloudFormation begins when a change set imports what nobody exports."""


@dataclass(frozen=True)
class Order:
    """How one stack is to be deployed."""

    wanted: Submission
    lines: Mapping[str, Place]
    """Where each resource was made, by its pointer: `/Resources/Vpc`."""
    again: str
    """The command that goes on after an interruption or a repair."""
    dry_run: bool = False
    """Whether nothing is executed. A stack that is not there yet is not touched at all."""
    execute: bool = True
    """Whether the change set is executed, or left for others to look at."""
    cancels: Callable[[Sequence[ResourceChange]], Sequence[str]] = lambda _changes: ()
    """Tells which running executions of pipelines a change set ends, in words."""


def bring_all(cloud: Cloud, orders: Iterable[Order], dialogue: Dialogue) -> Iterator[Brought]:
    """Bring stacks to what is wanted, one after the other, and yield what came of each.

    `orders`: those first that others need; each is asked for when those before are done. Raise what `bring`
    raises, after which the remaining ones are not touched. Where stacks were planned only, one after them may
    import what they would export, and is not planned further.
    """
    planned = False
    for order in orders:
        try:
            brought = bring(cloud, order, dialogue)
        except DeploymentFailed as failure:
            if not (planned and _NO_EXPORT in failure.message):
                raise
            dialogue.note(f"{failure.message} It comes with the stacks before.")
            brought = Brought(order.wanted.stack, "planned")
        planned |= brought.result == "planned"
        yield brought


def bring(cloud: Cloud, order: Order, dialogue: Dialogue) -> Brought:
    """Bring one stack to what is wanted, and return what came of it.

    Raise `Refused` if nobody agrees, its state leaves no safe way, or AWS refuses what comes before the
    question; `DeploymentFailed` if CloudFormation fails, `ChangedByAnother` if somebody else changes the
    stack meanwhile, `Interrupted` on Ctrl-C.
    """
    wanted = order.wanted
    with beforehand():
        there = _settled(cloud, order, dialogue)
        if there is None and order.dry_run:
            dialogue.changes(wanted, additions(wanted))
            return Brought(wanted.stack, "planned", additions(wanted))
        made = _made(cloud, order, there)
    if made is None:
        return _unchanged(cloud, order, there)
    dialogue.changes(wanted, made.changes, order.cancels(made.changes))
    if order.dry_run:
        change.drop(cloud, made, there)
        return Brought(wanted.stack, "planned", made.changes, there.status if there else "")
    if not order.execute:
        return _left(cloud, made, dialogue)
    _ask(cloud, made, there, dialogue)
    return _executed(cloud, order, made, dialogue)


def _made(cloud: Cloud, order: Order, there: Deployed | None) -> ChangeSet | None:
    """Return the change set that leads to what is wanted; None if nothing differs."""
    wanted = order.wanted
    kind: ChangeSetKind = "CREATE" if states.route(there) == "create" else "UPDATE"
    if there and kind == "UPDATE" and current(wanted, there, cloud.stacks.template(wanted.stack)):
        change.sweep(cloud, there)
        return None
    return change.make(cloud, wanted, kind, there, order.lines)


def _ask(cloud: Cloud, made: ChangeSet, there: Deployed | None, dialogue: Dialogue) -> None:
    """Raise `Refused` unless somebody agrees; then, and if the question is cut short, nothing is left."""
    agreed = False
    try:
        agreed = dialogue.agree(f"Execute the change set of {made.stack}?")
    finally:
        if not agreed:
            change.drop(cloud, made, there)
    if not agreed:
        raise Refused(f"{made.stack} was not changed", hint="its change set is deleted")


def _settled(cloud: Cloud, order: Order, dialogue: Dialogue) -> Deployed | None:
    """Return the stack once a change set can be made for it; None if there is none.

    Waits for what runs, and clears away what a failed first attempt left, if somebody agrees.
    """
    while True:
        there = cloud.stacks.find(order.wanted.stack)
        route = states.route(there)
        if there is None or route in ("create", "update"):
            return None if there is None or there.status == "DELETE_COMPLETE" else there
        if route == "stuck":
            raise _stuck(cloud, there, order)
        before = last_event(cloud, there)
        if route == "follow":
            dialogue.note(f"{there.name} is {there.status}: waiting for its end")
        elif order.dry_run:
            dialogue.note(f"{there.name} is {there.status}: it would be deleted and created again")
            return None
        else:
            _clear(cloud, there, order, dialogue)
        follow(cloud, there, dialogue, before, begun=route == "clear")


def _clear(cloud: Cloud, there: Deployed, order: Order, dialogue: Dialogue) -> None:
    cause = first(latest(there, cloud.stacks.events(there.id)))
    why = f" ({told(cause)})" if cause else ""
    left = "nothing of it is left but what its template retains"
    dialogue.note(f"{there.name} is {there.status}: its first creation failed{why}, and {left}")
    if not dialogue.agree(f"Delete {there.name}, to create it again?"):
        hint = f"a stack in that state can only be deleted; say yes to: {order.again}"
        raise Refused(f"{there.name} was not changed", hint=hint)
    cloud.stacks.delete(there, token=cloud.name())


def _stuck(cloud: Cloud, there: Deployed, order: Order) -> Refused:
    events = cloud.stacks.events(there.id)
    command = states.way_out(there, cloud.region, events) + cloud.credentials
    cause = first(latest(there, events))
    reason = told(cause) if cause else there.reason
    return Refused(
        f"{there.name} is {there.status}{f' ({reason})' if reason else ''}, which needs a decision",
        where=place(cause, order.lines) if cause else None,
        hint=f"run: {command}; then: {order.again}",
    )


def _unchanged(cloud: Cloud, order: Order, there: Deployed | None) -> Brought:
    if there and not order.dry_run:
        _protect(cloud, order.wanted, there)
    return Brought(order.wanted.stack, "unchanged", status=there.status if there else "")


def _left(cloud: Cloud, made: ChangeSet, dialogue: Dialogue) -> Brought:
    now = cloud.stacks.find(made.stack)
    dialogue.link(made, console.change_set(cloud.region, now.id if now else "", made.id))
    return Brought(made.stack, "left", made.changes, now.status if now else "", made.id)


def _executed(cloud: Cloud, order: Order, made: ChangeSet, dialogue: Dialogue) -> Brought:
    there = cloud.stacks.find(made.stack)
    before = last_event(cloud, there)
    try:
        cloud.stacks.execute(made, token=cloud.name())
    except AwsError as error:
        if error.code in ("ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus"):
            message = f"somebody else changed {made.stack} meanwhile: the change set cannot be executed"
            raise ChangedByAnother(message, hint=f"look again: {order.again}") from error
        if error.hopeless:
            _clean(cloud, made, there)
            raise Refused(error.message, hint=error.hint) from error
        raise
    if there is None:  # it was deleted between two calls; the execution has said so
        raise ChangedByAnother(f"somebody else deleted {made.stack}", hint=f"look again: {order.again}")
    now, events = follow(cloud, there, dialogue, before, begun=True)
    if now is None or now.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        what = f"{made.stack} is {now.status if now else 'deleted'}"
        raise explained(
            what, events, order.lines, reason=now.reason if now else "", hint=_next(cloud, now, order)
        )
    _protect(cloud, order.wanted, now)
    return Brought(made.stack, "created" if made.kind == "CREATE" else "updated", made.changes, now.status)


def _clean(cloud: Cloud, made: ChangeSet, there: Deployed | None) -> None:
    """Delete what was made and may not be executed, as far as these credentials go."""
    with contextlib.suppress(AwsError):
        change.drop(cloud, made, None if made.kind == "CREATE" else there)


def _next(cloud: Cloud, now: Deployed | None, order: Order) -> str:
    if now and states.route(now) == "stuck":
        events = cloud.stacks.events(now.id)
        command = states.way_out(now, cloud.region, events) + cloud.credentials
        cause = first(latest(now, events))
        stopped = told(cause) if cause and now.status.endswith("ROLLBACK_FAILED") else ""
        mend = f"its rollback stopped at {stopped}; mend that too" if stopped else "mend it"
        return f"{mend} and run: {command}; then: {order.again}"
    return f"mend it, then: {order.again}"


def _protect(cloud: Cloud, wanted: Submission, there: Deployed) -> None:
    """Set what keeps the stack from harm, if it is not set; nothing is taken off here."""
    if wanted.policy and cloud.stacks.policy(there.name) != wanted.policy:
        cloud.stacks.set_policy(there.name, wanted.policy)
    if wanted.protected and not there.protected:
        cloud.stacks.protect(there.name)
